"""The rows of a dump as SQL: counted, and those of people looked at, one for each key."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import takewhile

COPY = re.compile(rb'COPY public\.(?:"?)(\w+)(?:"?) \(([^)]*)\) FROM stdin;\n')
END = b"\\.\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """How many rows each table has, and the first row of one table for each key."""

    rows: Mapping[str, int]
    samples: Sequence[Mapping[str, str]]


def contents(lines: Iterable[bytes], *, sampled: str, by: str) -> Contents:
    """What is in a dump; of the table `sampled` one row for each value of column `by`."""
    rows: dict[str, int] = {}
    samples: dict[str, Mapping[str, str]] = {}
    stream = iter(lines)
    for line in stream:
        if found := COPY.fullmatch(line):
            table, columns = found[1].decode(), found[2].decode().split(", ")
            rows[table] = 0
            if table == sampled:
                for row in _rows(stream):
                    rows[table] += 1
                    values = dict(
                        zip(columns, row.decode().rstrip("\n").split("\t"), strict=True)
                    )
                    samples.setdefault(values[by], values)
            else:
                rows[table] = sum(1 for _ in _rows(stream))
    return Contents(rows=rows, samples=tuple(samples.values()))


def _rows(stream: Iterator[bytes]) -> Iterator[bytes]:
    return takewhile(END.__ne__, stream)
