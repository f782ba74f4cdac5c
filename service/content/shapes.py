"""The shapes of the tables in config/: which keys there are, and what they may hold."""

from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, TypeVar

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    ValidationError,
)
from pydantic_core import ErrorDetails

from service.content.faults import Fault
from service.content.files import Place
from service.domain.refusals import Meaning, Stage, Verdict
from service.domain.risk import Cause, Reading, Tag
from service.domain.tips import Evidence, Theme, When

NOUNS = {
    "block": "tag",
    "requires": "tag",
    "never_themes": "theme",
    "never_causes": "cause",
    "weekdays": "weekday",
    "stages": "stage",
}


def _day(value: object) -> object:
    if value == "":
        return None
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    try:
        return date.fromisoformat(str(value))
    except ValueError:
        raise ValueError(f"'{value}' is not a date") from None


Day = Annotated[date | None, BeforeValidator(_day)]
Text = Annotated[str, Field(min_length=1)]


class Shape(BaseModel):
    """A table whose keys are all known."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    #: Where an editor reads about it.
    described: ClassVar[str] = "docs/content.md describes what belongs there"


class TipShape(Shape):
    """A tip in config/tips/<cause>.toml."""

    theme: Theme
    when: When
    content: Annotated[tuple[str, ...], Field(min_length=1)]
    block: tuple[Tag, ...]
    requires: tuple[Annotated[tuple[Tag, ...], Field(min_length=1)], ...] = ()
    instead_of: tuple[str, ...] = ()
    every: Annotated[StrictInt, Field(ge=1)] | None = None
    evidence: Evidence
    safety: StrictBool = False
    sources: Annotated[tuple[str, ...], Field(min_length=1)]
    reviewed_by: str
    reviewed_on: Day
    expires_on: Day


class CaseShape(Shape):
    """A case of a rule in config/safety.toml."""

    when: Annotated[tuple[Tag, ...], Field(min_length=1)]
    never: tuple[str, ...] = ()
    never_themes: tuple[Theme, ...] = ()
    never_tips: tuple[str, ...] = ()
    never_causes: tuple[Cause, ...] = ()
    instead: tuple[str, ...] = ()
    spare: tuple[str, ...] = ()
    only: tuple[str, ...] | None = None
    stop: StrictBool = False


class RuleShape(Shape):
    """A rule in config/safety.toml; its cases are read one by one."""

    says: Text
    because: str = ""
    sources: tuple[str, ...]
    editorial: StrictBool = False
    cases: tuple[dict[str, object], ...] = ()


class FollowsShape(Shape):
    """What follows from a condition or medicine, in config/safety.toml."""

    tips: Annotated[tuple[str, ...], Field(min_length=1)]
    because: Text


class SubjectShape(Shape):
    """What the words of a tip may speak of, in config/safety.toml."""

    subject: Text
    words: Annotated[tuple[Text, ...], Field(min_length=1)]
    but: tuple[Text, ...] = ()
    content: Annotated[tuple[str, ...], Field(min_length=1)]


class MentionShape(Shape):
    """A tip that only mentions a subject, in config/safety.toml."""

    tip: Text
    subject: Text
    reason: Text


class PhrasesShape(Shape):
    """Forbidden phrases of one kind: words as they stand, or a pattern."""

    reason: Text
    words: tuple[Text, ...] = ()
    pattern: str = ""


class AllowedShape(Shape):
    """A phrase that is fine although it holds a forbidden one."""

    words: Text
    reason: Text


class ThemeShape(Shape):
    """A theme in config/themes.toml."""

    label: Text
    gap: Annotated[StrictInt, Field(ge=0)]
    weekdays: tuple[Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"], ...] = ()
    fixed: StrictBool = False


class RuleDrivenShape(Shape):
    """A tip that comes by rule, in config/themes.toml."""

    tip: str
    when: Annotated[tuple[Tag, ...], Field(min_length=1)]
    every: Annotated[StrictInt, Field(ge=1)] | None = None
    mails: Annotated[StrictInt, Field(ge=1)] | None = None
    first: StrictBool = False
    because: Text


class AnswerShape(Shape):
    """An answer to a question in config/questions.toml."""

    words: Text
    console: Text
    since: date | None = None
    alone: str = ""
    older: dict[str, Reading] = {}


class QuestionShape(Shape):
    """A question in config/questions.toml; its answers are read one by one."""

    question: Text
    hint: str = ""
    answers: dict[str, object]


class SourceShape(Shape):
    """A source in config/sources.toml."""

    title: Text
    publisher: Text
    year: Text
    url: str
    doi: str
    core: StrictBool
    verified: Literal["read", "secondary", "knowledge"]
    supports: Text


class LineShape(Shape):
    """A telephone line in config/countries.toml."""

    name: Text
    number: Text


class CountryShape(Shape):
    """A country in config/countries.toml."""

    name: Text
    emergency: str
    alcohol: Literal["uk", "us", "general"] = "general"
    crisis: LineShape | None = None
    advice: LineShape | None = None
    alcohol_help: LineShape | None = None
    zones: tuple[Text, ...] = ()


class RefusalShape(Shape):
    """A row of config/refusals.toml."""

    described: ClassVar[str] = "docs/bounces.md describes what belongs there"

    verdict: Literal[Verdict.DEAD, Verdict.UNDELIVERED, Verdict.OURS, Verdict.NOTHING]
    about: Meaning | None = None
    words: tuple[Text, ...] = ()
    codes: tuple[Text, ...] = ()
    stages: tuple[Stage, ...] = ()
    hosts: tuple[Text, ...] = ()
    source: Text


AnyShape = TypeVar("AnyShape", bound=Shape)


def shaped(
    shape: type[AnyShape],
    data: object,
    place: Place,
    faults: list[Fault],
) -> AnyShape | None:
    """The table in its shape, or None and a fault for each thing that does not fit."""
    try:
        return shape.model_validate(data)
    except ValidationError as error:
        slips = error.errors(include_url=False)
        faults.extend(_fault(slip, shape, place) for slip in slips)
        return None


def _fault(slip: ErrorDetails, shape: type[Shape], place: Place) -> Fault:
    given = slip["input"]
    key = str(slip["loc"][0]) if slip["loc"] else ""
    match slip["type"]:
        case "model_type":
            problem = f"'{given}' stands where a table is wanted"
            remedy = f"write it below a heading of its own, [{place.table}]"
        case "extra_forbidden":
            problem = f"key '{slip['loc'][-1]}' is not known"
            remedy = f"remove it, or use one of {', '.join(shape.model_fields)}"
        case "missing":
            problem, remedy = (
                f"key '{slip['loc'][-1]}' is missing",
                f"add it: {shape.described}",
            )
        case "enum" | "literal_error":
            expected = str(slip.get("ctx", {}).get("expected", "")).replace("'", "")
            problem = f"{NOUNS.get(key, key)} '{given}' is not known"
            remedy = f"use one of {expected}"
        case "value_error":
            reason = slip["msg"].removeprefix("Value error, ")
            problem = f"{key}: {reason}"
            remedy = 'write it as YYYY-MM-DD, or "" where there is none yet'
        case _:
            problem, remedy = f"{key}: {slip['msg'].lower()}", shape.described
    return place.fault(problem, remedy, key=key)
