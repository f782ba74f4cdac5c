"""A night as columns, one an hour: where each part of a column stands in the picture.

Across it is measured in percent and upwards in pixels, so that on any screen the
words in it keep the size that the reader chose.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, log10

from service.domain.hours import Hour, Night

#: Where the columns stand, in pixels from the top of the picture.
TOP, FLOOR = 26, 206
LINES = 4
#: What is left of the columns for the words at the lines, in percent.
MARGIN = 9
#: How much of its share of the width a column takes.
FULL = 0.72
A_THOUSAND = 1000
#: Less than this cannot be seen, so it is drawn as high.
LEAST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A part of a column, from the floor upwards; `kind` names its colour."""

    kind: str
    y: float
    height: float


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnOfHour:
    """One hour's column; `left`, `centre` and `width` in percent."""

    label: str
    left: float
    centre: float
    width: float
    top: float
    due: int
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """The whole picture: its columns, and lines to read their height by."""

    columns: tuple[ColumnOfHour, ...]
    lines: tuple[tuple[float, str], ...]
    floor: float = FLOOR


def chart(night: Night) -> Chart:
    """The picture of a night; of a night with nobody in it, an empty one."""
    step = _step(max(hour.due for hour in night.hours))
    scale = (FLOOR - TOP) / (step * LINES)
    share = (100 - MARGIN) / len(night.hours)
    return Chart(
        columns=tuple(
            _column(hour, left=MARGIN + share * place, share=share, scale=scale)
            for place, hour in enumerate(night.hours)
        ),
        lines=tuple(
            (round(FLOOR - step * n * scale, 1), _short(step * n))
            for n in range(1, LINES + 1)
        ),
    )


def _step(most: int) -> int:
    """The round number between two lines: one digit and zeros."""
    least = max(1, most / LINES)
    power: int = 10 ** int(log10(least))
    return next(n * power for n in range(1, 11) if n * power >= ceil(least))


def _short(messages: int) -> str:
    """The number in few letters: 300, 2k."""
    thousands, rest = divmod(messages, A_THOUSAND)
    return f"{thousands}k" if thousands and not rest else str(messages)


def _column(hour: Hour, *, left: float, share: float, scale: float) -> ColumnOfHour:
    parts = tuple(_parts(hour, scale=scale))
    return ColumnOfHour(
        label=str(hour.hour),
        left=round(left + share * (1 - FULL) / 2, 2),
        centre=round(left + share / 2, 2),
        width=round(share * FULL, 2),
        top=parts[-1].y if parts else FLOOR,
        due=hour.due,
        parts=parts,
    )


def _parts(hour: Hour, *, scale: float) -> Iterable[Part]:
    y = float(FLOOR)
    for kind, messages in (
        ("sent", hour.sent - hour.late),
        ("late", hour.late),
        ("not-sent", hour.not_sent),
        ("waiting", hour.waiting),
        ("coming", hour.coming),
    ):
        if messages:
            height = max(LEAST, round(messages * scale, 1))
            y = round(y - height, 1)
            yield Part(kind=kind, y=y, height=height)
