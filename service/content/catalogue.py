"""The catalogue: all that may be said, read from config/ and templates/tips at start.

Every slip in it is found at once and named with its file, line, tip and remedy; with
one slip nothing is loaded. A tip whose review has expired is left out instead.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from service.content.countries import Country, read_countries
from service.content.faults import Fault, misconfigured
from service.content.files import Files
from service.content.never_say import NeverSay
from service.content.questions import Questions, read_questions
from service.content.reach import unreachable
from service.content.readability import HIGHEST_GRADE, can_grade, grade
from service.content.rules import Safety, read_safety, unknown_tips
from service.content.sources import Source, read_sources
from service.content.subjects import untagged
from service.content.themes import Themes, read_themes, unknown_driven
from service.content.tips import Known, TipFiles, read_tips
from service.content.words import FIRST_LANGUAGE, Words, read_words
from service.domain.records import NO_COUNTRY
from service.domain.risk import Cause
from service.domain.tips import Catalogue, Tip
from service.domain.tonight import Ground, Reason

CONFIG_FILES = ("sources", "safety", "themes", "countries", "questions")
#: The reasons that are the same for everybody.
SHARED = {
    Ground.EVERYONE: "because it is for everyone who gets leg cramps",
    Ground.NOT_SAID: "because you chose not to say, so we keep to what suits everyone",
    Ground.NOT_ASKED: "because you have not been asked yet, so we keep to what suits everyone",
}
#: Of somebody whose answers wait, nobody knows what they said, or would not say.
UNREAD = "because your answers do not count yet, so we keep to what suits everyone"


@dataclass(frozen=True, slots=True, kw_only=True)
class ReviewSummary:
    """How many tips a named person has reviewed, and which reviews ran out."""

    tips: int
    reviewed: int
    expired: tuple[str, ...]

    def __str__(self) -> str:
        """One honest line, for the page footer and the operator."""
        line = f"{self.reviewed} of {self.tips} tips reviewed by a clinician"
        if self.expired:
            line += f", {len(self.expired)} of them too long ago"
        return line


@dataclass(frozen=True, slots=True, kw_only=True)
class Library:
    """All that may be said, and its words.

    `causes` are the readers' words for each cause, `because` those for each ground of
    a choice; `content_tags` say what is in a tip. The words of a tip whose review has
    expired stay, for a mail that was planned before.
    """

    catalogue: Catalogue
    languages: tuple[str, ...]
    causes: Mapping[Cause, str]
    because: Mapping[Ground, Mapping[str, str]]
    review_summary: ReviewSummary
    never_say: NeverSay
    content_tags: Mapping[str, str]
    questions: Questions
    countries_by_code: Mapping[str, Country]
    sources_by_id: Mapping[str, Source]
    words_by_language: Mapping[str, Mapping[str, Words]]

    @property
    def dropped(self) -> tuple[str, ...]:
        """The tips that are not said because their review has expired."""
        return self.review_summary.expired

    def words(self, tip_id: str, *, language: str, country: str) -> str:
        """What a tip says, as plain text. Raises KeyError for an unknown tip."""
        return self.words_by_language[language][tip_id].to(self.country(country))

    def reason(self, reason: Reason) -> str:
        """Why a tip was chosen, in the reader's words: "because you ticked ..."."""
        if reason.ground in SHARED:
            return SHARED[reason.ground]
        return f"because {self.because[reason.ground][reason.subject]}"

    def reason_unread(self, reason: Reason) -> str:
        """The same in a mail for which no answers count."""
        is_for_all = reason.ground is Ground.EVERYONE
        return self.reason(reason) if is_for_all else UNREAD

    def source(self, source_id: str) -> Source:
        """The source that a tip names. Raises KeyError for an unknown one."""
        return self.sources_by_id[source_id]

    def country(self, code: str) -> Country:
        """Whom to call there; for a code that is not known, "your country"."""
        known = self.countries_by_code
        return known.get(code, known[NO_COUNTRY])

    @property
    def countries(self) -> tuple[Country, ...]:
        """Every country that a person can choose, by name."""
        named = [c for c in self.countries_by_code.values() if c.code != NO_COUNTRY]
        return tuple(sorted(named, key=lambda country: country.name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What a check of the whole catalogue found; `grades` are school grades by tip."""

    tips: int
    faults: tuple[Fault, ...]
    warnings: tuple[Fault, ...]
    grades: Mapping[str, float]


def load(config: Path, templates: Path, *, today: date) -> Library:
    """The catalogue as it may be used today.

    Raises Misconfigured with every fault that there is, the first of them first.
    """
    faults: list[Fault] = []
    library = _read(config, templates, faults, today=today)
    if library is None:
        raise misconfigured(faults)
    return library


def check(config: Path, templates: Path, *, today: date) -> Report:
    """Every fault in the catalogue, hard words and missing reviews included."""
    faults: list[Fault] = []
    library = _read(config, templates, faults, today=today)
    if library is None:
        return Report(tips=0, faults=tuple(faults), warnings=(), grades={})
    warnings = _review_warnings(library, config)
    grades: dict[str, float] = {}
    if can_grade():
        grades = _grades(library.words_by_language[FIRST_LANGUAGE], faults)
    else:
        problem = "the reading grade was not checked: textstat is not installed"
        remedy = "install the development packages"
        warnings.append(Fault(file=str(templates), problem=problem, remedy=remedy))
    return Report(
        tips=library.review_summary.tips,
        faults=tuple(faults),
        warnings=tuple(warnings),
        grades=grades,
    )


def _read(
    config: Path, templates: Path, faults: list[Fault], *, today: date
) -> Library | None:
    """The library, or None where a fault was added to `faults`."""
    files = Files(faults)
    opened = [files.read(config / f"{name}.toml") for name in CONFIG_FILES]
    readable = [file for file in opened if file is not None]
    if len(readable) < len(opened):
        return None
    sources_file, safety_file, themes_file, countries_file, questions_file = readable
    sources = read_sources(sources_file, faults)
    safety = read_safety(safety_file, sources, faults)
    themes = read_themes(themes_file, safety.never_say, faults)
    countries = read_countries(countries_file, faults)
    questions = read_questions(questions_file, safety.never_say, faults)
    known = Known(content_tags=safety.content_tags, sources=sources)
    tips = read_tips(config / "tips", files, known, faults, today=today)
    if files.all_read:
        faults += unknown_tips(safety, tips.places, safety_file)
        faults += unknown_driven(themes.rule_driven, tips.places, themes_file)
    words = read_words(templates / "tips", files, tips, safety.never_say, faults)
    version = f"{safety.version}-{files.fingerprint()}"
    catalogue = _catalogue(version, tips, safety, themes, questions)
    if not faults:
        faults += _unsound(catalogue, safety, tips, words)
    if faults:
        return None
    return Library(
        catalogue=catalogue.on(today),
        languages=tuple(words),
        review_summary=_reviews(tips.tips, today=today),
        causes=themes.causes,
        because=_because(safety, themes),
        never_say=safety.never_say,
        content_tags=safety.content_tags,
        questions=questions,
        countries_by_code=countries,
        sources_by_id=sources,
        words_by_language=words,
    )


def _catalogue(
    version: str,
    tips: TipFiles,
    safety: Safety,
    themes: Themes,
    questions: Questions,
) -> Catalogue:
    return Catalogue(
        version=version,
        tips=tips.tips,
        rules=safety.rules,
        follows={tag: found.tips for tag, found in safety.follows.items()},
        cadence=themes.cadence,
        rule_driven=themes.rule_driven,
        questionnaire=questions.questionnaire,
    )


def _because(safety: Safety, themes: Themes) -> dict[Ground, dict[str, str]]:
    return {
        Ground.TICKED: {
            cause: f"you ticked {said}" for cause, said in themes.causes.items()
        },
        Ground.TOLD: {tag: found.because for tag, found in safety.follows.items()},
        Ground.RULE: {rule.id: rule.because for rule in safety.rules},
        Ground.RULE_DRIVEN: {rule.tip: rule.because for rule in themes.rule_driven},
    }


def _unsound(
    catalogue: Catalogue,
    safety: Safety,
    tips: TipFiles,
    words: Mapping[str, Mapping[str, Words]],
) -> Iterator[Fault]:
    """The faults that show only where every file by itself is right."""
    yield from untagged(safety.subjects, tips, words)
    for tip in unreachable(catalogue):
        yield tips.places[tip].fault(
            "nobody could ever be told it: what it requires, blocks and contains "
            "and what the rules forbid leave no one",
            "mend its requires, block or content, or the rule that forbids it",
        )


def _reviews(tips: Mapping[str, Tip], *, today: date) -> ReviewSummary:
    return ReviewSummary(
        tips=len(tips),
        reviewed=sum(bool(tip.reviewed_by) for tip in tips.values()),
        expired=tuple(
            name for name, tip in tips.items() if tip.is_expired(today=today)
        ),
    )


def _grades(words: Mapping[str, Words], faults: list[Fault]) -> dict[str, float]:
    """The grade of each tip; a fault for each that is too hard."""
    grades = {tip: grade(said.source) for tip, said in words.items()}
    for tip, found in grades.items():
        if found > HIGHEST_GRADE:
            problem = f"it reads at grade {found}; the highest is {HIGHEST_GRADE:.0f}"
            remedy = "use shorter sentences and shorter words"
            faults.append(words[tip].place.fault(problem, remedy, key=tip))
    return grades


def _review_warnings(library: Library, config: Path) -> list[Fault]:
    tips = str(config / "tips")
    reviews = library.review_summary
    warnings = [
        Fault(
            file=tips,
            tip=f"tip {tip}",
            problem="its review has expired, so it is not said",
            remedy="have it reviewed, then set reviewed_on and expires_on",
        )
        for tip in reviews.expired
    ]
    if reviews.reviewed < reviews.tips:
        remedy = "have a clinician read each tip: docs/content.md tells how"
        warnings.append(Fault(file=tips, problem=str(reviews), remedy=remedy))
    return warnings
