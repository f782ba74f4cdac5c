"""What a person was asked and answered, and the risk profile that follows from it.

"Prefer not to say" is the risky answer: every tag of that question becomes *unknown*,
and an unknown tag blocks as if it were ticked and satisfies no requirement (rule H28).
So is a tag that was added to the questionnaire after the person answered it: a question
that was never asked was not answered with "no".
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum


class Cause(StrEnum):
    """The thirteen causes a person can tick, and the pool that suits everyone."""

    FATIGUE = "fatigue"
    DEHYDRATION = "dehydration"
    CIRCULATION = "circulation"
    NERVE = "nerve"
    RESTLESS_LEGS = "restless_legs"
    PREGNANCY = "pregnancy"
    MEDICINES = "medicines"
    ALCOHOL = "alcohol"
    NEUROMUSCULAR = "neuromuscular"
    DIABETES = "diabetes"
    UNSTRETCHED = "unstretched"
    THYROID = "thyroid"
    WITHDRAWAL = "withdrawal"
    UNIVERSAL = "universal"


CAUSES = tuple(cause for cause in Cause if cause is not Cause.UNIVERSAL)


class Tag(StrEnum):
    """Everything a safety rule can look at. The last group is derived, never asked."""

    AGE_U18 = "age_u18"
    RED_FLAG_NOW = "red_flag_now"
    PREGNANT = "pregnant"
    TRYING = "trying"
    POSTNATAL = "postnatal"

    HEART_FAILURE = "heart_failure"
    KIDNEY = "kidney"
    FLUID_LIMIT = "fluid_limit"
    LIVER = "liver"
    DIABETES = "diabetes"
    FOOT_NUMB = "foot_numb"
    SKIN_WOUND = "skin_wound"
    PAD = "pad"
    PAD_SEVERE = "pad_severe"
    CLOT = "clot"
    OP_INJURY = "op_injury"
    NO_EXERCISE = "no_exercise"
    BALANCE = "balance"
    BACK_DX = "back_dx"
    NEURO = "neuro"
    SWALLOW = "swallow"
    NECK_SURGERY = "neck_surgery"

    ALC_NONE = "alc_none"
    ALC_LOW = "alc_low"
    ALC_HIGH = "alc_high"
    ALC_DEPENDENT = "alc_dependent"
    ALC_RECOVERY = "alc_recovery"
    ALC_UNKNOWN = "alc_unknown"

    MED_DIURETIC = "med_diuretic"
    MED_K = "med_k"
    MED_STATIN = "med_statin"
    MED_INHALER = "med_inhaler"
    MED_ANTIPSYCH = "med_antipsych"
    MED_CNS = "med_cns"
    MED_THYROX = "med_thyrox"
    MED_GLUCOSE = "med_glucose"
    MED_QUININE = "med_quinine"
    MED_THINNER = "med_thinner"
    MED_UNKNOWN = "med_unknown"

    REGION_UK = "region_uk"
    REGION_US = "region_us"
    REGION_OTHER = "region_other"

    SEVERE = "severe"
    SEATED_ONLY = "seated_only"
    UNANSWERED = "unanswered"
    PROFILE_STALE = "profile_stale"
    PREGNANCY_OVER = "pregnancy_over"
    PREGNANCY_JUST_OVER = "pregnancy_just_over"


CONDITIONS = (
    Tag.HEART_FAILURE,
    Tag.KIDNEY,
    Tag.FLUID_LIMIT,
    Tag.LIVER,
    Tag.DIABETES,
    Tag.FOOT_NUMB,
    Tag.SKIN_WOUND,
    Tag.PAD,
    Tag.PAD_SEVERE,
    Tag.CLOT,
    Tag.OP_INJURY,
    Tag.NO_EXERCISE,
    Tag.BALANCE,
    Tag.BACK_DX,
    Tag.NEURO,
    Tag.SWALLOW,
    Tag.NECK_SURGERY,
)
MEDICINES = tuple(tag for tag in Tag if tag.startswith("med_"))
DRINKING = tuple(tag for tag in Tag if tag.startswith("alc_"))
#: What a question can be about.
ASKABLE = (
    *CONDITIONS, Tag.PREGNANT, Tag.TRYING, Tag.POSTNATAL, *MEDICINES, *DRINKING,
)  # fmt: skip

#: Ticking these causes says as much as ticking the condition (evidence.md C 3).
IMPLIED = {
    Cause.CIRCULATION: Tag.PAD,
    Cause.NERVE: Tag.BACK_DX,
    Cause.PREGNANCY: Tag.PREGNANT,
    Cause.NEUROMUSCULAR: Tag.NEURO,
    Cause.DIABETES: Tag.DIABETES,
}
#: Nights after which answers no longer count as known (rule H27).
FRESH_NIGHTS = 90
FRESH_NIGHTS_IN_PREGNANCY = 31
#: Six weeks: how long "gave birth in the last 6 weeks" holds after the answer, and how
#: long the warning signs of pregnancy stay after the month in which one ended (H29).
POSTNATAL_NIGHTS = 42
#: The questionnaire of the first release. A questionnaire is named by the day on which
#: it came into use; answers that do not say theirs were given to this one.
FIRST_ASKED = date(2026, 11, 1)
REGIONS = {"GB": Tag.REGION_UK, "US": Tag.REGION_US}


class Pregnancy(StrEnum):
    """The answer about pregnancy; POSTNATAL is birth in the last six weeks."""

    NO = "no"
    PREGNANT = "pregnant"
    POSTNATAL = "postnatal"
    TRYING = "trying"
    UNKNOWN = "unknown"


PREGNANCIES = {
    Pregnancy.PREGNANT: Tag.PREGNANT,
    Pregnancy.POSTNATAL: Tag.POSTNATAL,
    Pregnancy.TRYING: Tag.TRYING,
}


class Stretching(StrEnum):
    """How a person likes, or is able, to stretch."""

    STANDING = "standing"
    SITTING = "sitting"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LaterAnswer:
    """The answer to one tag's own question: True, False, or None for not saying.

    It counts more than what the form said of the tag. `on` is the night it was given.
    """

    tag: Tag
    answer: bool | None
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person told us. `None` and UNKNOWN mean "prefer not to say".

    `causes` is empty for "not sure". `pregnant_until` is the first day of the month
    that the person named. `country` is ISO 3166 alpha-2, "ZZ" where none was given.
    `asked` is the questionnaire that was answered as a whole; `later` are the answers
    to single questions, at most one for a tag.
    """

    causes: tuple[Cause, ...]
    conditions: tuple[Tag, ...] | None
    pregnancy: Pregnancy
    pregnant_until: date | None
    medicines: tuple[Tag, ...] | None
    alcohol: Tag
    severe: bool | None
    country: str
    stretching: Stretching | None
    answered_on: date
    asked: date
    later: tuple[LaterAnswer, ...]

    @property
    def ticked(self) -> frozenset[str]:
        """The answers that were chosen on the form, but for those about the cramps."""
        several = (*(self.conditions or ()), *(self.medicines or ()))
        return frozenset({*several, self.pregnancy, self.alcohol})

    def says_the_same(self, other: "Answers") -> bool:
        """Whether both say the same to the same questions, on whatever day."""
        mine, theirs = (
            replace(
                said,
                answered_on=date.min,
                later=tuple(replace(one, on=date.min) for one in said.later),
            )
            for said in (self, other)
        )
        return mine == theirs


def unsaid(answers: Answers) -> Answers:
    """The same, as if every question were unanswered; the country stays."""
    return replace(
        answers,
        causes=(),
        conditions=None,
        pregnancy=Pregnancy.UNKNOWN,
        pregnant_until=None,
        medicines=None,
        alcohol=Tag.ALC_UNKNOWN,
        severe=None,
        stretching=None,
        later=(),
    )


class Reading(StrEnum):
    """How an answer to an earlier questionnaire reads for a tag that it did not have."""

    ABSENT = "absent"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class AddedTag:
    """A tag that the questionnaire did not have from the start.

    `since` is the first questionnaire with it. `older` maps an answer to an earlier one
    to how it reads for this tag; people who gave none of these were not asked.
    """

    tag: Tag
    since: date
    older: Mapping[str, Reading]

    def reading(self, answers: Answers) -> Reading | None:
        """How answers to an earlier questionnaire read, None for "was not asked"."""
        found = {self.older[one] for one in answers.ticked & self.older.keys()}
        if Reading.UNKNOWN in found:
            return Reading.UNKNOWN
        return Reading.ABSENT if found else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Questionnaire:
    """Which tags were added to the first questionnaire, and when; oldest first.

    The number of a tag, its place in `added` from 1, never changes: tags are only ever
    added with a later day.
    """

    added: tuple[AddedTag, ...] = ()

    @property
    def version(self) -> date:
        """The questionnaire that the form asks now."""
        return self.added[-1].since if self.added else FIRST_ASKED

    def version_on(self, day: date) -> date:
        """The questionnaire that was in use on a day."""
        before = [one.since for one in self.added if one.since <= day]
        return max(before, default=FIRST_ASKED)

    def unasked(self, answers: Answers) -> tuple[Tag, ...]:
        """The tags that the person was never asked about, in the order of the numbers."""
        return tuple(
            one.tag for one in self._missed(answers) if one.reading(answers) is None
        )

    def withheld(self, answers: Answers) -> tuple[Tag, ...]:
        """The tags that an earlier question named, which the person would not answer."""
        return tuple(
            one.tag
            for one in self._missed(answers)
            if one.reading(answers) is Reading.UNKNOWN
        )

    def number(self, tag: Tag) -> int:
        """The number of an added tag. Raises ValueError for another one."""
        return [one.tag for one in self.added].index(tag) + 1

    def _missed(self, answers: Answers) -> list[AddedTag]:
        """The tags that were not on the form that the person filled in."""
        known = answers.ticked | {one.tag for one in answers.later}
        return [
            one
            for one in self.added
            if one.since > answers.asked and one.tag not in known
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskProfile:
    """Answers as the safety rules see them on one night.

    A tag in `present` was ticked or follows from what was; a tag in `unknown` was not
    answered; any other tag is known to be absent. Of the unknown ones, `unasked` are
    those that the person was never asked about.
    """

    causes: tuple[Cause, ...]
    present: frozenset[Tag]
    unknown: frozenset[Tag]
    country: str
    unasked: frozenset[Tag] = frozenset()

    def may_have(self, tag: Tag) -> bool:
        """Whether the tag is present or cannot be ruled out."""
        return tag in self.present or tag in self.unknown

    def may_have_any(self, tags: frozenset[Tag]) -> bool:
        """Whether one of the tags is present or cannot be ruled out."""
        return not (tags.isdisjoint(self.present) and tags.isdisjoint(self.unknown))


def assess(
    answers: Answers, questionnaire: Questionnaire, *, night: date
) -> RiskProfile:
    """The risk profile on `night`: answers grow stale and pregnancies end.

    `questionnaire` tells which tags the answers cannot know of.
    """
    if any(one.tag is Tag.POSTNATAL and one.answer for one in answers.later):
        answers = replace(answers, pregnancy=Pregnancy.POSTNATAL)
    present = _from_causes(answers) | _from_preferences(answers, night=night)
    present |= {REGIONS.get(answers.country, Tag.REGION_OTHER), answers.alcohol}
    present |= {*(answers.conditions or ()), *(answers.medicines or ())}
    unknown = _from_silence(answers, present)
    unknown |= set(questionnaire.withheld(answers))
    for one in answers.later:
        present.discard(one.tag)
        unknown.discard(one.tag)
        if one.answer is None:
            unknown.add(one.tag)
        elif one.answer and not _has_lapsed(one.tag, since=one.on, night=night):
            present.add(one.tag)
    unasked = set(questionnaire.unasked(answers)) - present
    if unknown - unasked:
        present.add(Tag.UNANSWERED)
    present |= _worn_out(answers, present=present, night=night)
    if Tag.PREGNANCY_OVER in present:
        present.discard(Tag.PREGNANT)
        unknown.add(Tag.PREGNANT)
    return RiskProfile(
        causes=answers.causes,
        present=frozenset(present),
        unknown=frozenset((unknown | unasked) - present),
        country=answers.country,
        unasked=frozenset(unasked),
    )


def joined(first: RiskProfile, others: Iterable[RiskProfile]) -> RiskProfile:
    """The profile of somebody of whom all these are taken as true.

    A tag is absent where all say so; the country is that of the first.
    """
    every = (first, *others)
    present = frozenset[Tag]().union(*(one.present for one in every))
    unknown = frozenset[Tag]().union(*(one.unknown for one in every))
    unasked = frozenset[Tag]().union(*(one.unasked for one in every))
    return replace(
        first,
        causes=tuple(dict.fromkeys(c for one in every for c in one.causes)),
        present=present,
        unknown=unknown - present,
        unasked=unasked - present,
    )


def _from_causes(answers: Answers) -> set[Tag]:
    """What the causes imply; an explicit answer about pregnancy says more than one."""
    implied = {tag for cause, tag in IMPLIED.items() if cause in answers.causes}
    if answers.pregnancy not in (Pregnancy.PREGNANT, Pregnancy.UNKNOWN):
        implied.discard(Tag.PREGNANT)
    return implied


def _from_preferences(answers: Answers, *, night: date) -> set[Tag]:
    said: set[Tag] = set()
    tag = PREGNANCIES.get(answers.pregnancy)
    if tag and not _has_lapsed(tag, since=answers.answered_on, night=night):
        said.add(tag)
    if answers.severe is not False:
        said.add(Tag.SEVERE)
    if answers.stretching is Stretching.NONE:
        said.add(Tag.NO_EXERCISE)
    if answers.stretching is Stretching.SITTING:
        said.add(Tag.SEATED_ONLY)
    return said


def _from_silence(answers: Answers, present: set[Tag]) -> set[Tag]:
    silent: set[Tag] = set()
    if answers.conditions is None:
        silent.update(CONDITIONS)
    if answers.medicines is None or Tag.MED_UNKNOWN in present:
        silent.update(MEDICINES)
    if answers.alcohol is Tag.ALC_UNKNOWN:
        silent.update(DRINKING)
    if answers.pregnancy is Pregnancy.UNKNOWN:
        silent |= {Tag.PREGNANT, Tag.TRYING, Tag.POSTNATAL}
    if answers.stretching is None:
        silent.add(Tag.NO_EXERCISE)
    return silent


def _has_lapsed(tag: Tag, *, since: date, night: date) -> bool:
    """Whether an answer given on `since` no longer holds on `night`."""
    return tag is Tag.POSTNATAL and (night - since).days > POSTNATAL_NIGHTS


def _worn_out(answers: Answers, *, present: set[Tag], night: date) -> set[Tag]:
    worn: set[Tag] = set()
    until = answers.pregnant_until
    if Tag.PREGNANT in present and until is not None:
        nights = (night - _month_after(until)).days
        if nights >= 0:
            worn.add(Tag.PREGNANCY_OVER)
        if 0 <= nights < POSTNATAL_NIGHTS:
            worn.add(Tag.PREGNANCY_JUST_OVER)
    expecting = Tag.PREGNANT in present or Tag.TRYING in present
    limit = FRESH_NIGHTS_IN_PREGNANCY if expecting else FRESH_NIGHTS
    if (night - answers.answered_on).days > limit:
        worn.add(Tag.PROFILE_STALE)
    return worn


def _month_after(day: date) -> date:
    """The first day of the month after the one that `day` is in."""
    return (day.replace(day=1) + timedelta(days=32)).replace(day=1)
