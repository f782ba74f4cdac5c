"""Who must not be told what, and who must be told: typed by hand, a second time.

Nothing here is read from `config/` or taken from `service/`: it was typed from the
evidence and from the correction of the rules, tip by tip, so that a slip there and a
slip here would have to be the same. Tips are named by their ids. A tag is what a person
ticked (`present`) or did not rule out (`open_`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

CONDITIONS = [
    "heart_failure",
    "kidney",
    "fluid_limit",
    "liver",
    "diabetes",
    "foot_numb",
    "skin_wound",
    "pad",
    "pad_severe",
    "clot",
    "op_injury",
    "no_exercise",
    "balance",
    "back_dx",
    "neuro",
    "swallow",
    "neck_surgery",
]
MEDICINES = [
    "med_diuretic",
    "med_k",
    "med_statin",
    "med_inhaler",
    "med_antipsych",
    "med_cns",
    "med_thyrox",
    "med_glucose",
    "med_quinine",
    "med_thinner",
    "med_unknown",
]
DRINKING = [
    "alc_none",
    "alc_low",
    "alc_high",
    "alc_dependent",
    "alc_recovery",
    "alc_unknown",
]
#: The day from which blood thinners, and birth by itself, were asked about.
NEW_QUESTIONS = "2026-11-29"
IMPLIED = {
    "circulation": "pad",
    "nerve": "back_dx",
    "neuromuscular": "neuro",
    "diabetes": "diabetes",
}


# --- What each tip is kept from by itself --------------------------------------

FLUID = "heart_failure kidney fluid_limit liver swallow med_diuretic"
SIT = "op_injury no_exercise clot pad_severe neuro"
STAND = f"{SIT} balance foot_numb"
ALC = "alc_none alc_dependent alc_recovery alc_unknown pregnant trying liver"
HEAT = "foot_numb diabetes pad pad_severe neuro skin_wound pregnant"

OWN = {
    "U1": f"{STAND} pregnant back_dx",
    "U2": f"{SIT} back_dx",
    "U3": f"{SIT} balance skin_wound",
    "U3c": SIT,
    "U7": "pregnant kidney",
    # Who may not stretch has U9b and W8b in their place.
    "U9": SIT,
    "W8": SIT,
    "F1": STAND,
    "F2": f"{SIT} balance",
    "F5": FLUID,
    "F6": ALC,
    "F7": "med_statin",
    "D1": FLUID,
    "D2": FLUID,
    "D3": "kidney heart_failure med_k swallow",
    "D5": FLUID,
    "D6": f"{SIT} {FLUID}",
    "D7": f"{ALC} {FLUID}",
    "P1": SIT,
    "P2": SIT,
    "P6": FLUID,
    "P7": ALC,
    "P8": "med_statin",
    "N1": "op_injury",
    "N2": SIT,
    "N3": f"{SIT} pregnant",
    "N5": ALC,
    "R2": f"{SIT} balance skin_wound",
    "R2b": f"{SIT} balance",
    "R3": HEAT,
    "R4b": f"{SIT} balance",
    "R5": ALC,
    "G1": SIT,
    "G2": STAND,
    "G4": FLUID,
    "M7": SIT,
    "M8": "alc_none alc_recovery pregnant trying",
    "A1": ALC,
    "A1us": ALC,
    "A2": ALC,
    "A3": ALC,
    "A5": SIT,
    "A6": "alc_dependent",
    "A7": f"{ALC} {FLUID}",
    "A8": f"{SIT} {ALC}",
    "A9": "alc_none alc_recovery",
    "X1": "clot op_injury",
    "X5": "alc_none alc_recovery pregnant trying",
    "B3": f"{SIT} skin_wound",
    "B4": FLUID,
    "B5": ALC,
    "W1": f"{STAND} pregnant back_dx",
    "W2": SIT,
    "W3": SIT,
    "W4": f"{SIT} balance",
    "W5": FLUID,
    "W6": f"{SIT} {ALC}",
    "W7": "med_statin med_antipsych",
    "Y3": "swallow fluid_limit",
    "Y4": SIT,
    "Y5": f"{SIT} balance",
    "Y6": ALC,
    "Z5": FLUID,
    "Z6": SIT,
    "Z7": "alc_dependent",
}


# --- What the hard rules keep from whom ----------------------------------------

DRINK_MORE = "F5 D1 D2 D6 D7 P6 G4 A7 B4 W5 Z5"
STRETCHING = "U1 U2 U3 U3c F1 D6 P2 N2 N3 R2 R2b G1 G2 M7 A5 A8 B3 W1 W2 W3 W6 Y4 Z6"
MOVING = "U3 F2 P1 R2 R2b R4b A5 W3 W4 Y5"
RUBBING = "U3 R2"
ON_THE_FEET = "U1 F1 G2 W1"
HAMSTRING = "U1 W1"
LESS_ALCOHOL = "A1 A1us A3 R5 P7"
WITH_A_DRINK = "A7 A8 D7 W6"
NONE_TONIGHT = "A2 F6 N5 Y6 P7"
ON_ALCOHOL = "F6 D7 P7 N5 R5 G5 G5t M8 A1 A1us A2 A3 A4 A5 A5b A6 X5 B5 W6 Y6 Z7"
FOR_PREGNANCY = "G1 G2 G3 G4 G5 G6"


def _but(tips: str, *others: str) -> str:
    return " ".join(tip for tip in tips.split() if tip not in others)


#: Each rule: who it is about, and the tips that they are never told.
RULES = (
    ("H2", "heart_failure kidney fluid_limit liver swallow", f"{DRINK_MORE} D5"),
    ("H3", "med_diuretic", DRINK_MORE),
    ("H4", "kidney med_k heart_failure", "D3"),
    ("H6", "kidney", "U7 G6"),
    ("H6", "pregnant postnatal", "U7"),
    ("H7", "clot op_injury no_exercise pad_severe", f"{STRETCHING} {MOVING} {RUBBING}"),
    ("H8", "neuro", f"{STRETCHING} {MOVING} {RUBBING} R3"),
    ("H9", "balance foot_numb", f"{ON_THE_FEET} U3 R2 R2b A5 F2 W3 W4"),
    ("H10", "back_dx", f"{HAMSTRING} U2"),
    ("H11", f"{HEAT} balance heart_failure", "R3"),
    (
        "H13",
        "pregnant",
        f"{LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT} {HAMSTRING} R3 U7 X7 A9",
    ),
    (
        "H13",
        "postnatal",
        f"{LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT} U7 X7 {FOR_PREGNANCY}",
    ),
    ("H14", "trying", f"{LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT} A9"),
    ("H15", "alc_unknown", f"{LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT}"),
    (
        "H15",
        "alc_dependent",
        f"{_but(ON_ALCOHOL, 'A4')} {LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT}",
    ),
    ("H15", "alc_high", NONE_TONIGHT),
    # A4 is for people who did not say how much they drink, too: what is known of them
    # is nothing, so neither this nor the next keeps it from them.
    (
        "H16",
        "alc_recovery",
        f"{_but(ON_ALCOHOL, 'A4', 'A5', 'A5b')} {WITH_A_DRINK} A9",
    ),
    ("H17", "alc_none", f"{_but(ON_ALCOHOL, 'A4', 'Z7')} {WITH_A_DRINK}"),
    ("H18", "liver", f"{LESS_ALCOHOL} {WITH_A_DRINK} {NONE_TONIGHT}"),
    ("H20", "med_statin", "F7 P8 W7"),
    ("H21", "med_cns med_antipsych", f"{LESS_ALCOHOL} {WITH_A_DRINK} W7"),
    ("H22", "med_quinine", "G6 X7"),
    # D7 has the line about food; a day without a drink needs none.
    (
        "H23",
        "med_glucose",
        f"{_but(LESS_ALCOHOL, 'P7')} {_but(WITH_A_DRINK, 'D7')}",
    ),
    ("H24", "skin_wound", f"{RUBBING} U1 F1 G2 W1 F2 P1 W3 W4 Y5 A5"),
    ("thinners", "med_thinner", RUBBING),
)
#: With stale answers (H27) only these, and the signs for which to get help.
SAFE_FOR_ALL = ["U4", "U5", "U6", "U11", "K1", "U3b"]
#: H29: after the month that a pregnancy ends in.
OF_PREGNANCY = f"{FOR_PREGNANCY} G7".split()


# --- Who alone may be told -----------------------------------------------------

#: Each group has to be met, any one of its tags meets it; what is open meets nothing.
ONLY = {
    "U10": ["fluid_limit heart_failure kidney liver"],
    "U12": ["med_quinine"],
    "U13": ["op_injury no_exercise clot pad_severe neuro"],
    "M2": ["med_diuretic"],
    "M3": ["med_statin"],
    "M4": ["med_inhaler"],
    "M6": ["med_diuretic"],
    "A1": ["region_uk"],
    "A1us": ["region_us"],
    "A4": ["alc_dependent alc_high alc_unknown"],
    "A5": ["alc_recovery"],
    "A5b": ["alc_recovery", "balance foot_numb"],
    "A6": ["liver"],
    "X3": ["neuro"],
    "Y2": ["med_thyrox"],
    "Y3": ["med_thyrox"],
    "Z4": ["med_antipsych"],
    "G5t": ["trying"],
    "G7b": [
        "pregnant trying",
        "med_statin med_k med_thinner med_antipsych med_cns",
    ],
    **{tip: ["pregnant"] for tip in OF_PREGNANCY},
    **{tip: ["pregnant postnatal just_over"] for tip in ("G8", "G9")},
}

#: The letters of a tip's id name its cause; a tip of another cause than those ticked
#: needs a reason: an answer that brings it.
CAUSE = {
    "F": "fatigue",
    "D": "dehydration",
    "P": "circulation",
    "N": "nerve",
    "R": "restless_legs",
    "G": "pregnancy",
    "M": "medicines",
    "A": "alcohol",
    "X": "neuromuscular",
    "B": "diabetes",
    "W": "unstretched",
    "Y": "thyroid",
    "Z": "withdrawal",
}
#: What stands in the place of what a rule forbids.
INSTEAD = {
    "swallow": "X4",
    "med_diuretic": "M6",
    "kidney": "D4",
    "med_k": "D4",
    "heart_failure": "D4 R3b",
    "pad_severe": "P3 P4 B2 R3b",
    "neuro": "X1 X2 X3 P3 B2 R3b",
    "foot_numb": "P3 B2 R3b",
    "balance": "R3b",
    "back_dx": "N2 N3",
    "diabetes": "P3 B2 R3b",
    "pad": "P3 P4 B2 R3b",
    "skin_wound": "P3 B2 R3b",
    "pregnant": "G1 G2 G3 G5 G6 P3 B2 R3b",
    "trying": "G5t",
    "alc_unknown": "A4",
    "alc_dependent": "A4",
    "alc_high": "A4",
    "alc_recovery": "A5 A5b",
    "liver": "A6",
    "med_statin": "M3",
    "med_antipsych": "Z1 Z4 A9 X6",
    "med_cns": "Z1 A9 X6",
    "med_glucose": "B5 B7",
}


# --- What everyone hears who told us -------------------------------------------

TOLD = {
    "pregnant": "G7 G8 G9 G7b",
    "trying": "G7b",
    "postnatal": "G8 G9",
    "just_over": "G8 G9",
    "med_statin": "F8",
    "diabetes": "B1 B8",
    "foot_numb": "B1 B2",
    "pad": "P9 P10",
    "pad_severe": "P9 P10",
    "back_dx": "N7 N8",
    "neuro": "X8 X9",
    "swallow": "X8",
    "heart_failure": "D9 M9",
    "kidney": "D9 M9",
    "med_diuretic": "D9 M2 M9",
    "med_k": "M9",
    "med_inhaler": "M9",
    "med_cns": "A9 A10 Z8",
    "med_antipsych": "Z8 Z9 Z9b",
    "med_quinine": "U12",
    "med_thyrox": "Y9",
    "neck_surgery": "Y8",
    "skin_wound": "B8 P10",
    "clot": "P10",
    "op_injury": "P10",
    "alc_high": "A10 A11",
    "alc_dependent": "A10 A11",
    "alc_unknown": "A10 A11",
}
#: The tips that say when to get help. None of the answers keeps them back, but for what
#: `OWN` says of U9 and W8.
SIGNS = [
    "U8",
    "U9",
    "U9b",
    "F8",
    "D9",
    "P9",
    "P10",
    "N7",
    "N8",
    "R8",
    "G7b",
    "G8",
    "G9",
    "M9",
    "A10",
    "A11",
    "X8",
    "X9",
    "B8",
    "W8",
    "W8b",
    "Y8",
    "Y9",
    "Z8",
    "Z9",
    "Z9b",
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """What is known of somebody on one night."""

    causes: tuple[str, ...]
    present: frozenset[str]
    open_: frozenset[str]
    is_stale: bool
    is_over: bool
    sits: bool


def person(said: Mapping[str, Any], *, night: date) -> Person:
    """Somebody with these answers (the shape of the profile file) on that night."""
    days = (night - said["answered_on"]).days
    present, open_ = _ticked(said, days), _left_open(said)
    # Questions that were put by themselves, later.
    for tag, later in said["later"].items():
        present.discard(tag)
        open_.discard(tag)
        if later["answer"] is not False:
            (open_ if later["answer"] is None else present).add(tag)
    is_pregnant = said["pregnancy"] == "pregnant" or (
        said["pregnancy"] == "unknown" and "pregnancy" in said["causes"]
    )
    until = said["pregnant_until"]
    after = _nights_after(until, night) if until and is_pregnant else 0
    if is_pregnant:
        (open_ if after > 0 else present).add("pregnant")
    if 0 < after <= 42:
        present.add("just_over")
    expecting = is_pregnant or "trying" in present
    return Person(
        causes=tuple(said["causes"]),
        present=frozenset(present),
        open_=frozenset(open_ - present),
        is_stale=days > (31 if expecting else 90),
        is_over=after > 0,
        sits=said["stretching"] == "sitting",
    )


def _ticked(said: Mapping[str, Any], days: int) -> set[str]:
    present = {IMPLIED[cause] for cause in said["causes"] if cause in IMPLIED}
    present.add({"GB": "region_uk", "US": "region_us"}.get(said["country"], "region"))
    present.update(said["conditions"] or (), said["medicines"] or ())
    present.add(said["alcohol"] or "alc_unknown")
    if said["pregnancy"] == "trying":
        present.add("trying")
    if said["pregnancy"] == "postnatal" and days <= 42:
        present.add("postnatal")
    if said["stretching"] == "none":
        present.add("no_exercise")
    return present


def _left_open(said: Mapping[str, Any]) -> set[str]:
    open_ = _never_asked(said)
    if said["conditions"] is None:
        open_.update(CONDITIONS)
    if said["medicines"] is None or "med_unknown" in said["medicines"]:
        open_.update(MEDICINES)
    if said["alcohol"] in (None, "alc_unknown"):
        open_.update(DRINKING)
    if said["pregnancy"] == "unknown":
        open_.update(("pregnant", "trying", "postnatal"))
    if said["stretching"] is None:
        open_.add("no_exercise")
    return open_


def _never_asked(said: Mapping[str, Any]) -> set[str]:
    """What the first questionnaire did not name; who does not say which it was: the day.

    It asked about birth together with pregnancy, so "no" and "trying" told enough.
    """
    asked = said["asked"] or said["answered_on"].isoformat()
    if asked >= NEW_QUESTIONS:
        return set()
    postnatal = {"postnatal"} if said["pregnancy"] == "pregnant" else set()
    return {"med_thinner"} | postnatal


def _nights_after(month: str, night: date) -> int:
    """The how-manyeth night it is after the last of a month; 0 or less before."""
    year, number = map(int, month.split("-"))
    first = date(year + number // 12, number % 12 + 1, 1)
    return (night - first).days + 1


def _forbidden() -> dict[str, set[str]]:
    """By tag, the tips that people with it are never told."""
    forbidden: dict[str, set[str]] = {}
    for tip, tags in OWN.items():
        for tag in tags.split():
            forbidden.setdefault(tag, set()).add(tip)
    for _, tags, tips in RULES:
        for tag in tags.split():
            forbidden.setdefault(tag, set()).update(tips.split())
    return forbidden


FORBIDDEN = _forbidden()
BROUGHT = {
    tag: set(f"{INSTEAD.get(tag, '')} {TOLD.get(tag, '')}".split())
    for tag in {*INSTEAD, *TOLD}
}
NEEDS = {tip: [set(group.split()) for group in groups] for tip, groups in ONLY.items()}
LETTERS = {cause: letter for letter, cause in CAUSE.items()}
NOTHING: set[str] = set()


def wrong(told: set[str], who: Person) -> set[str]:
    """The tips among these that this person must not be told."""
    found = NOTHING.union(
        *[FORBIDDEN.get(tag, NOTHING) for tag in (*who.present, *who.open_)]
    )
    brought = NOTHING.union(*[BROUGHT.get(tag, NOTHING) for tag in who.present])
    letters = {"U", "K", *[LETTERS[cause] for cause in who.causes]}
    found |= {tip for tip in told - brought if tip[0] not in letters}
    found |= {tip for tip in told & NEEDS.keys() if not _meets(tip, who)}
    if who.is_stale:
        found |= told - {*SAFE_FOR_ALL, *SIGNS}
    if who.is_over:
        found |= {*OF_PREGNANCY}
    if who.sits:
        found |= {*ON_THE_FEET.split()}
    return told & found


def owed(who: Person) -> set[str]:
    """The warning signs that this person must hear, for what they told us."""
    brought = {tip for tag in who.present for tip in TOLD.get(tag, "").split()}
    return {tip for tip in brought.intersection(SIGNS) if _meets(tip, who)}


def _meets(tip: str, who: Person) -> bool:
    return all(group & who.present for group in NEEDS.get(tip, ()))
