"""How often each theme comes up, what comes by rule, and the readers' words for both."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.never_say import NeverSay
from service.content.shapes import RuleDrivenShape, ThemeShape, shaped
from service.domain.risk import CAUSES, Cause
from service.domain.tips import Cadence, RuleDriven, Theme

WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


@dataclass(frozen=True, slots=True, kw_only=True)
class Themes:
    """What config/themes.toml holds; `causes` are the readers' words for each cause."""

    cadence: dict[Theme, Cadence]
    rule_driven: tuple[RuleDriven, ...]
    causes: dict[Cause, str]


def read_themes(file: TomlFile, never_say: NeverSay, faults: list[Fault]) -> Themes:
    """The whole file; each thing that is wrong with it becomes a fault."""
    top = Place(file=file)
    for key in file.data.keys() - {*Theme, "rule_driven", "causes"}:
        remedy = f"use one of {', '.join(Theme)}, rule_driven, causes"
        place = Place(file=file, table=key)
        faults.append(place.fault(f"theme '{key}' is not known", remedy))
    causes = file.tables("causes")
    for name in [cause for cause in CAUSES if not causes.get(cause)]:
        remedy = f'add {name} = "..." below [causes], to complete "you ticked"'
        faults.append(top.fault(f"cause '{name}' has no words", remedy))
    return Themes(
        cadence=dict(_cadences(file, faults)),
        rule_driven=tuple(_rule_driven(file, never_say, faults)),
        causes={cause: str(causes.get(cause)) for cause in CAUSES},
    )


def unknown_driven(
    rule_driven: tuple[RuleDriven, ...], tips: Collection[str], file: TomlFile
) -> Iterator[Fault]:
    """A fault for each tip that comes by rule and that is not in the catalogue."""
    for nth, driven in enumerate(rule_driven):
        if driven.tip not in tips:
            place = Place(file=file, table="rule_driven", nth=nth)
            problem = f"tip '{driven.tip}' in rule_driven is not in the catalogue"
            yield place.fault(problem, "use an id of config/tips", key="tip")


def _cadences(file: TomlFile, faults: list[Fault]) -> Iterator[tuple[Theme, Cadence]]:
    tables = file.tables()
    for theme in Theme:
        place = Place(file=file, table=theme, tip=f"theme {theme}")
        if theme not in tables:
            remedy = f"add [{theme}] with its label and gap"
            faults.append(place.fault(f"theme '{theme}' is missing", remedy))
            continue
        shape = shaped(ThemeShape, tables[theme], place, faults)
        if shape is not None:
            yield (
                theme,
                Cadence(
                    theme=theme,
                    label=shape.label,
                    gap=shape.gap,
                    weekdays=frozenset(map(WEEKDAYS.index, shape.weekdays)),
                    fixed=shape.fixed,
                ),
            )


def _rule_driven(
    file: TomlFile, never_say: NeverSay, faults: list[Fault]
) -> Iterator[RuleDriven]:
    for nth, data in enumerate(file.rows("rule_driven")):
        place = Place(
            file=file, table="rule_driven", nth=nth, tip=f"rule_driven {nth + 1}"
        )
        shape = shaped(RuleDrivenShape, data, place, faults)
        if shape is not None and (shape.every is None) is (shape.mails is None):
            problem = "it has to come every so many nights or mails, one of the two"
            remedy = "give every (nights) or mails, and not both"
            faults.append(place.fault(problem, remedy, key="every"))
        elif shape is not None:
            faults.extend(never_say.faults(shape.because, place, key="because"))
            yield RuleDriven(
                tip=shape.tip,
                when=frozenset(shape.when),
                every=shape.every or 0,
                mails=shape.mails or 0,
                first=shape.first,
                because=shape.because,
            )
