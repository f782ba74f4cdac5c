"""The table of refusals: config/refusals.toml, read and checked at start."""

from collections.abc import Iterator
from pathlib import Path

from service.content.faults import Fault, misconfigured
from service.content.files import Files, Place, TomlFile
from service.content.shapes import RefusalShape, shaped
from service.domain.refusals import (
    CODE,
    FITTING,
    USUAL,
    Refusals,
    Row,
    Ruling,
    Stage,
    Verdict,
    spelled,
)

FILE = "refusals.toml"
TABLE = "refusals"


def load_refusals(config: Path) -> Refusals:
    """The table as it stands in the folder. Raises Misconfigured with every fault."""
    faults: list[Fault] = []
    file = Files(faults).read(config / FILE)
    rows = [] if file is None else list(_rows(file, faults))
    if faults:
        raise misconfigured(faults)
    return Refusals(rows)


def _rows(file: TomlFile, faults: list[Fault]) -> Iterator[Row]:
    for key in file.data.keys() - {TABLE}:
        remedy = f"remove it; each row begins with [[{TABLE}]]"
        faults.append(
            Place(file=file).fault(f"key '{key}' is not known", remedy, key=key)
        )
    for nth, data in enumerate(file.rows(TABLE)):
        place = Place(file=file, table=TABLE, nth=nth, tip=f"row {nth + 1}")
        shape = shaped(RefusalShape, data, place, faults)
        if shape is None:
            continue
        found = list(_faults(shape, place))
        faults.extend(found)
        if not found:
            yield _row(shape)


def _row(shape: RefusalShape) -> Row:
    return Row(
        ruling=Ruling(verdict=shape.verdict, about=shape.about or USUAL[shape.verdict]),
        phrases=tuple(map(spelled, shape.words)),
        codes=shape.codes,
        stages=frozenset(shape.stages),
        hosts=tuple(host.casefold() for host in shape.hosts),
    )


def _faults(shape: RefusalShape, place: Place) -> Iterator[Fault]:
    if not (shape.words or shape.codes):
        remedy = "add words or codes; a row without fits everything"
        yield place.fault("it has neither words nor codes", remedy)
    for code in shape.codes:
        if not CODE.fullmatch(code):
            remedy = "write it as 550, 5.1.1, or a class of them: 5xx, 5.1.x, 5.x.x"
            yield place.fault(f"'{code}' is not a code", remedy, key="codes")
    for words in shape.words:
        if not spelled(words):
            remedy = "use letters and digits: signs and addresses are not compared"
            yield place.fault(f"'{words}' has no words", remedy, key="words")
    if shape.about and shape.verdict not in FITTING[shape.about]:
        fitting = ", ".join(sorted(FITTING[shape.about]))
        problem = f"the verdict '{shape.verdict}' does not go with '{shape.about}'"
        yield place.fault(problem, f"use one of {fitting}", key="verdict")
    if shape.verdict is Verdict.NOTHING and shape.stages != (Stage.REPORT,):
        remedy = 'add stages = ["report"]: an answer of a relay is always the last word'
        yield place.fault("only a report can say nothing", remedy, key="verdict")
