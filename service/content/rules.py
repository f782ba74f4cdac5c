"""The hard rules and the content tags, as config/safety.toml states them."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.never_say import NeverSay, read_never_say
from service.content.shapes import CaseShape, FollowsShape, RuleShape, shaped
from service.content.sources import Source, unknown_sources
from service.content.subjects import Subjects, read_subjects
from service.content.tips import unknown_content
from service.domain.risk import Tag
from service.domain.tips import Rule, RuleCase

TABLES = (
    "version",
    "content_tags",
    "never_say",
    "rules",
    "follows",
    "subjects",
    "mentions",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Following:
    """Tips that follow from a condition or medicine, and the reader's reason."""

    tips: tuple[str, ...]
    because: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Safety:
    """What config/safety.toml holds."""

    version: str
    content_tags: dict[str, str]
    never_say: NeverSay
    rules: tuple[Rule, ...]
    follows: dict[Tag, Following]
    subjects: Subjects


def read_safety(
    file: TomlFile, sources: Mapping[str, Source], faults: list[Fault]
) -> Safety:
    """The whole file; each thing that is wrong with it becomes a fault."""
    top = Place(file=file)
    version, described = file.data.get("version"), file.data.get("content_tags")
    if not isinstance(version, str) or not version:
        remedy = 'add the day of the last change, such as version = "2026-11-23"'
        faults.append(top.fault("version is missing", remedy, key="version"))
    if not isinstance(described, dict):
        remedy = 'add the table [content_tags], with lines such as massage = "rub"'
        faults.append(top.fault("content_tags is missing", remedy))
        described = {}
    for key in file.data.keys() - set(TABLES):
        remedy = f"remove it, or use one of {', '.join(TABLES)}"
        faults.append(top.fault(f"key '{key}' is not known", remedy, key=key))
    never_say = read_never_say(file, faults)
    rules = [
        _rule(file, name, data, never_say, faults)
        for name, data in file.tables("rules").items()
    ]
    content_tags = {str(tag): str(means) for tag, means in described.items()}
    safety = Safety(
        version=str(version),
        content_tags=content_tags,
        never_say=never_say,
        rules=tuple(rule for rule in rules if rule is not None),
        follows=dict(_follows(file, never_say, faults)),
        subjects=read_subjects(file, content_tags, faults),
    )
    for rule in safety.rules:
        faults.extend(_unknown(rule, safety, sources, file))
    return safety


def unknown_tips(
    safety: Safety, tips: Collection[str], file: TomlFile
) -> Iterator[Fault]:
    """A fault for each tip that a rule names and that is not in the catalogue."""
    for tag, following in safety.follows.items():
        for tip in sorted(set(following.tips) - set(tips)):
            problem = f"tip '{tip}' in tips is not in the catalogue"
            remedy = "use an id of config/tips, or remove it"
            yield _follows_place(file, tag).fault(problem, remedy, key="tips")
    for rule in safety.rules:
        for nth, case in enumerate(rule.cases):
            place = _case_place(file, rule.id, nth)
            named = {
                "never_tips": case.never_tips,
                "instead": case.instead,
                "spare": case.spare,
                "only": case.only or (),
            }
            for key, ids in named.items():
                for tip in sorted(set(ids) - set(tips)):
                    problem = f"tip '{tip}' in {key} is not in the catalogue"
                    remedy = "use an id of config/tips, or remove it"
                    yield place.fault(problem, remedy, key=key)


def _follows(
    file: TomlFile, never_say: NeverSay, faults: list[Fault]
) -> Iterator[tuple[Tag, Following]]:
    for name, data in file.tables("follows").items():
        place = _follows_place(file, name)
        if name not in set(Tag):
            remedy = f"use one of {', '.join(Tag)}"
            faults.append(place.fault(f"tag '{name}' is not known", remedy))
            continue
        shape = shaped(FollowsShape, data, place, faults)
        if shape is not None:
            faults.extend(never_say.faults(shape.because, place, key="because"))
            yield Tag(name), Following(tips=shape.tips, because=shape.because)


def _follows_place(file: TomlFile, tag: str) -> Place:
    return Place(file=file, table=f"follows.{tag}", tip=f"follows {tag}")


def _rule(
    file: TomlFile,
    name: str,
    data: object,
    never_say: NeverSay,
    faults: list[Fault],
) -> Rule | None:
    place = Place(file=file, table=f"rules.{name}", tip=f"rule {name}")
    shape = shaped(RuleShape, data, place, faults)
    if shape is None:
        return None
    cases = [
        shaped(CaseShape, case, _case_place(file, name, nth), faults)
        for nth, case in enumerate(shape.cases)
    ]
    if not (cases or shape.editorial):
        problem = "it has no case, so it forbids nothing"
        remedy = f"add [[rules.{name}.cases]], or editorial = true"
        faults.append(place.fault(problem, remedy))
    if not shape.because and any(case and case.instead for case in cases):
        problem = "it puts tips in place but gives the reader no reason"
        remedy = 'add because = "...", to complete "You get this tip because"'
        faults.append(place.fault(problem, remedy))
    faults.extend(never_say.faults(shape.because, place, key="because"))
    return Rule(
        id=name,
        says=shape.says,
        because=shape.because,
        sources=shape.sources,
        cases=tuple(_case(case) for case in cases if case is not None),
    )


def _case(shape: CaseShape) -> RuleCase:
    return RuleCase(
        when=frozenset(shape.when),
        never=frozenset(shape.never),
        never_themes=frozenset(shape.never_themes),
        never_tips=frozenset(shape.never_tips),
        never_causes=frozenset(shape.never_causes),
        instead=shape.instead,
        spare=frozenset(shape.spare),
        only=None if shape.only is None else frozenset(shape.only),
        stop=shape.stop,
    )


def _case_place(file: TomlFile, rule: str, nth: int) -> Place:
    return Place(file=file, table=f"rules.{rule}.cases", nth=nth, tip=f"rule {rule}")


def _unknown(
    rule: Rule, safety: Safety, sources: Mapping[str, Source], file: TomlFile
) -> Iterator[Fault]:
    place = Place(file=file, table=f"rules.{rule.id}", tip=f"rule {rule.id}")
    yield from unknown_sources(rule.sources, sources, place)
    for nth, case in enumerate(rule.cases):
        place = _case_place(file, rule.id, nth)
        yield from unknown_content(case.never, safety.content_tags, place, key="never")
