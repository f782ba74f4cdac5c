"""Tips as editors write them in config/tips: when each may be said, and to whom."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service.content.faults import Fault
from service.content.files import Files, Place, TomlFile
from service.content.shapes import TipShape, shaped
from service.content.sources import Source, unknown_sources
from service.domain.risk import Cause, Tag
from service.domain.tips import Theme, Tip

#: A warning sign comes back after so many mails, unless its tip says later.
SIGN_EVERY = 7


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a tip may name."""

    content_tags: Mapping[str, str]
    sources: Mapping[str, Source]


@dataclass(frozen=True, slots=True, kw_only=True)
class TipFiles:
    """The tips that are sound, and where each id stands, sound or not.

    A cause whose file could not be read has no entry in `named`.
    """

    tips: dict[str, Tip]
    places: dict[str, Place]
    named: dict[Cause, frozenset[str]]


def read_tips(
    folder: Path, files: Files, known: Known, faults: list[Fault], *, today: date
) -> TipFiles:
    """Every tip of config/tips, in the order of the causes."""
    found = TipFiles(tips={}, places={}, named={})
    faults.extend(strangers(folder))
    for cause in Cause:
        file = files.read(folder / f"{cause}.toml")
        if file is None:
            continue
        found.named[cause] = frozenset(file.data)
        for name in file.data:
            place = Place(file=file, table=name, tip=f"tip {name}")
            if name in found.places:
                other = found.places[name].file.path
                problem = f"the id '{name}' is taken: {other} has it too"
                faults.append(place.fault(problem, "give one of the two a new id"))
                continue
            tip = _tip(file, cause, place, faults)
            if tip is not None:
                faults.extend(_slips(tip, place, known, today=today))
                faults.extend(_out_of_order(tip, place, found.places))
                found.tips[name] = tip
            found.places[name] = place
    return found


def strangers(folder: Path) -> Iterator[Fault]:
    """A fault for each file that is not named after a cause."""
    for path in sorted(folder.glob("*.toml")):
        if path.stem not in set(Cause):
            yield Fault(
                file=str(path),
                problem=f"cause '{path.stem}' is not known",
                remedy=f"name the file after one of {', '.join(Cause)}",
            )


def _tip(file: TomlFile, cause: Cause, place: Place, faults: list[Fault]) -> Tip | None:
    shape = shaped(TipShape, file.data[place.table], place, faults)
    if shape is None:
        return None
    if shape.every is not None and shape.theme is not Theme.CARE:
        problem = "every is for warning signs; other tips keep to their theme"
        faults.append(place.fault(problem, "remove it", key="every"))
    # What holds for every tip is not written out in the files.
    always = {Tag.AGE_U18}
    if shape.theme is not Theme.CARE:
        always.add(Tag.RED_FLAG_NOW)
    return Tip(
        id=place.table,
        cause=cause,
        theme=shape.theme,
        when=shape.when,
        content=frozenset(shape.content),
        blocks=frozenset(always | set(shape.block)),
        requires=tuple(frozenset(group) for group in shape.requires),
        instead_of=frozenset(shape.instead_of),
        every=shape.every or SIGN_EVERY,
        evidence=shape.evidence,
        is_warning=shape.safety,
        sources=shape.sources,
        reviewed_by=shape.reviewed_by,
        reviewed_on=shape.reviewed_on,
        expires_on=shape.expires_on,
    )


def _slips(tip: Tip, place: Place, known: Known, *, today: date) -> Iterator[Fault]:
    yield from unknown_content(tip.content, known.content_tags, place, key="content")
    yield from unknown_sources(tip.sources, known.sources, place)
    review = (tip.reviewed_by, tip.reviewed_on, tip.expires_on)
    if any(review) and not all(review):
        yield place.fault(
            "the review is half filled in",
            "give reviewed_by, reviewed_on and expires_on, or leave all three empty",
            key="reviewed_by",
        )
    elif tip.reviewed_on and tip.expires_on:
        if tip.reviewed_on > today:
            problem = f"reviewed_on {tip.reviewed_on} is in the future"
            yield place.fault(problem, "mend the date", key="reviewed_on")
        if tip.expires_on <= tip.reviewed_on:
            problem = f"expires_on {tip.expires_on} is not after reviewed_on"
            yield place.fault(problem, "mend the date", key="expires_on")


def _out_of_order(
    tip: Tip, place: Place, above: Mapping[str, Place]
) -> Iterator[Fault]:
    """A fault for each tip that it is instead of and that is not settled before it."""
    for name in sorted(tip.instead_of):
        if name not in above or above[name].file is not place.file:
            yield place.fault(
                f"tip '{name}' in instead_of does not stand above it in this file",
                "use an id of this file, and put this tip below it",
                key="instead_of",
            )


def unknown_content(
    named: frozenset[str], content_tags: Mapping[str, str], place: Place, *, key: str
) -> Iterator[Fault]:
    """A fault for each content tag that config/safety.toml does not describe."""
    for name in sorted(named - set(content_tags)):
        yield place.fault(
            f"content tag '{name}' is not known",
            f"use one of {', '.join(content_tags)} "
            "or add it to content_tags in config/safety.toml",
            key=key,
        )
