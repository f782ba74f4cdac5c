"""One person in words; what is sealed only where it was opened."""

from collections.abc import Mapping

from service.content.catalogue import Library
from service.domain.outbox import Kind, State
from service.domain.risk import Answers, Tag
from service.domain.subscriber import Evening
from service.flows.people import Known, Opened, Waiting
from service.store.dossier import Mail
from service.store.suppression import Entry, Reason
from service.web.operator.words import (
    CONSENTS,
    FENCES,
    FREQUENCIES,
    KINDS,
    LASTS,
    STATES,
    STATUSES,
    SUPPRESSED,
    VERDICTS,
    reason,
    tag_in_words,
)

#: Why an operator may put somebody on the list; the others are the service's own.
MAY_SUPPRESS = (Reason.UNSUBSCRIBED, Reason.COMPLAINT)
REFUSALS_SHOWN = 10
NOT_SAID = "would rather not say"


def context_of(
    person: Known | Waiting, opened: Opened | None, library: Library
) -> dict[str, object]:
    """What the page of a person shows."""
    shared: dict[str, object] = {
        "person": person,
        "evening": _evening(person.evening),
        "opened": opened,
        "answers": _answers(opened.person.answers, library) if opened else (),
    }
    match person:
        case Waiting():
            return {**shared, "is_waiting": True, "mails": _mails(person.mails)}
        case Known():
            others = [mail for mail in person.mails if mail.kind is not Kind.REMINDER]
            return {
                **shared,
                "is_waiting": False,
                "status": "could not be reached"
                if person.was_refused
                else STATUSES[person.status],
                "refusals": [
                    {
                        "night": one.night,
                        "verdict": VERDICTS[one.verdict],
                        "worth": FENCES[one.fence],
                    }
                    for one in person.refusals[:REFUSALS_SHOWN]
                ],
                "suppressed": entry_in_words(person.suppressed),
                "nights": _nights(person, opened),
                "mails": _mails(others),
                "consents": [
                    {"words": CONSENTS.get(one.what, one.what), "row": one}
                    for one in person.consents
                ],
            }


def entry_in_words(entry: Entry | None) -> Mapping[str, object] | None:
    """Why, since when and for how long an address gets no mail."""
    if entry is None:
        return None
    words, lasts = SUPPRESSED[entry.reason], LASTS[entry.reason]
    return {"words": words, "since": entry.since, "lasts": lasts}


def _evening(evening: Evening) -> str:
    time = f"{evening.minute // 60:02}:{evening.minute % 60:02}"
    sure = " (they confirmed it)" if evening.is_zone_confirmed else ""
    return f"{time} in {evening.zone}{sure}, {FREQUENCIES[evening.frequency]}"


def _mails(mails: tuple[Mail, ...] | list[Mail]) -> list[dict[str, object]]:
    return [
        {
            "kind": KINDS[mail.kind],
            "night": mail.night,
            "state": STATES[mail.state],
            "reason": _why(mail.state, mail.reason or ""),
        }
        for mail in mails
    ]


def _nights(person: Known, opened: Opened | None) -> list[dict[str, object]]:
    tips = opened.tips if opened else {}
    return [
        {
            "night": night.night,
            "outcome": STATES[night.outcome],
            "reason": _why(night.outcome, night.reason),
            "tips": [tip.id for tip in tips.get(night.night, ())],
        }
        for night in person.nights
    ]


def _why(state: State, stored: str) -> str:
    """The reason in words; that a relay took what was sent goes without saying."""
    return reason(stored) if stored and state is not State.SENT else ""


def _answers(answers: Answers, library: Library) -> list[tuple[str, str]]:
    until = answers.pregnant_until
    severe = {True: "yes", False: "no", None: NOT_SAID}
    words = library.questions.answers
    unasked = library.catalogue.questionnaire.unasked(answers)
    return [
        ("Causes", "; ".join(library.causes[c] for c in answers.causes) or "not sure"),
        ("Health", _tags(answers.conditions, library)),
        (
            "Pregnancy",
            words[answers.pregnancy].console
            + (until.strftime(", until %B %Y") if until else ""),
        ),
        ("Medicines", _tags(answers.medicines, library)),
        ("Alcohol", words[answers.alcohol].console),
        ("Frequent or severe cramps", severe[answers.severe]),
        ("Country", library.country(answers.country).name),
        ("Stretching", answers.stretching or NOT_SAID),
        ("Answered on", f"{answers.answered_on:%d %b %Y}"),
        *(
            (words[one.tag].alone, f"{severe[one.answer]}, on {one.on:%d %b %Y}")
            for one in answers.later
        ),
        *((words[tag].alone, "not asked yet") for tag in unasked),
    ]


def _tags(tags: tuple[Tag, ...] | None, library: Library) -> str:
    if tags is None:
        return NOT_SAID
    words = [tag_in_words(tag, library.questions) for tag in tags]
    return "; ".join(words) or "none of these"
