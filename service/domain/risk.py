"""What a person answered, and the risk profile that follows from it.

"Prefer not to say" is the risky answer: every tag of that question becomes *unknown*,
and an unknown tag blocks as if it were ticked and satisfies no requirement (rule H28).
"""

from dataclasses import dataclass
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
REGIONS = {"GB": Tag.REGION_UK, "US": Tag.REGION_US}


class Pregnancy(StrEnum):
    """The answer about pregnancy; POSTNATAL is birth in the last six weeks."""

    NO = "no"
    PREGNANT = "pregnant"
    POSTNATAL = "postnatal"
    TRYING = "trying"
    UNKNOWN = "unknown"


class Stretching(StrEnum):
    """How a person likes, or is able, to stretch."""

    STANDING = "standing"
    SITTING = "sitting"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answers:
    """What a person told us. `None` and UNKNOWN mean "prefer not to say".

    `causes` is empty for "not sure". `pregnant_until` is the first day of the month
    that the person named. `country` is ISO 3166 alpha-2, "ZZ" where none was given.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskProfile:
    """Answers as the safety rules see them on one night.

    A tag in `present` was ticked or follows from what was; a tag in `unknown` was not
    answered; any other tag is known to be absent.
    """

    causes: tuple[Cause, ...]
    present: frozenset[Tag]
    unknown: frozenset[Tag]
    country: str

    def may_have(self, tag: Tag) -> bool:
        """Whether the tag is present or cannot be ruled out."""
        return tag in self.present or tag in self.unknown

    def may_have_any(self, tags: frozenset[Tag]) -> bool:
        """Whether one of the tags is present or cannot be ruled out."""
        return not (tags.isdisjoint(self.present) and tags.isdisjoint(self.unknown))


def assess(answers: Answers, *, night: date) -> RiskProfile:
    """The risk profile on `night`: answers grow stale and pregnancies end."""
    present = _from_causes(answers)
    present |= {REGIONS.get(answers.country, Tag.REGION_OTHER), answers.alcohol}
    unknown: set[Tag] = set()
    for tags, said in (
        (CONDITIONS, answers.conditions),
        (MEDICINES, answers.medicines),
    ):
        if said is None:
            unknown.update(tags)
        else:
            present.update(said)
    if Tag.MED_UNKNOWN in present:
        unknown.update(MEDICINES)
    if answers.alcohol is Tag.ALC_UNKNOWN:
        unknown.update(DRINKING)
    present |= _from_preferences(answers, night=night)
    unknown |= _from_silence(answers)
    if unknown:
        present.add(Tag.UNANSWERED)
    present |= _worn_out(answers, present=present, night=night)
    if Tag.PREGNANCY_OVER in present:
        present.discard(Tag.PREGNANT)
        unknown.add(Tag.PREGNANT)
    return RiskProfile(
        causes=answers.causes,
        present=frozenset(present),
        unknown=frozenset(unknown - present),
        country=answers.country,
    )


def _from_causes(answers: Answers) -> set[Tag]:
    """What the causes imply; an explicit answer about pregnancy says more than one."""
    implied = {tag for cause, tag in IMPLIED.items() if cause in answers.causes}
    if answers.pregnancy not in (Pregnancy.PREGNANT, Pregnancy.UNKNOWN):
        implied.discard(Tag.PREGNANT)
    return implied


def _from_preferences(answers: Answers, *, night: date) -> set[Tag]:
    said: set[Tag] = set()
    if answers.pregnancy is Pregnancy.PREGNANT:
        said.add(Tag.PREGNANT)
    if answers.pregnancy is Pregnancy.TRYING:
        said.add(Tag.TRYING)
    nights = (night - answers.answered_on).days
    if answers.pregnancy is Pregnancy.POSTNATAL and nights <= POSTNATAL_NIGHTS:
        said.add(Tag.POSTNATAL)
    if answers.severe is not False:
        said.add(Tag.SEVERE)
    if answers.stretching is Stretching.NONE:
        said.add(Tag.NO_EXERCISE)
    if answers.stretching is Stretching.SITTING:
        said.add(Tag.SEATED_ONLY)
    return said


def _from_silence(answers: Answers) -> set[Tag]:
    silent: set[Tag] = set()
    if answers.pregnancy is Pregnancy.UNKNOWN:
        silent |= {Tag.PREGNANT, Tag.TRYING, Tag.POSTNATAL}
    if answers.stretching is None:
        silent.add(Tag.NO_EXERCISE)
    return silent


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
