"""What a person may ask for: all that is kept about them, and that it is destroyed."""

import json
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from service.content.catalogue import Library
from service.domain.audit import Act
from service.domain.claim import NO_PROOF
from service.domain.errors import VisitorError
from service.domain.fence import Fence
from service.domain.records import answers_to_json
from service.domain.subscriber import Evening, Person, Subscriber
from service.store.changes import Change
from service.store.consents import Consent
from service.store.dossier import Mail
from service.store.engine import Store, Transaction
from service.store.nights import NightRecord
from service.store.signups import Pending
from service.store.suppression import Reason

#: Longer than any record of a night is kept.
ALL_NIGHTS = timedelta(days=500)

Data = dict[str, Any]


class NothingKept(VisitorError):
    """Nobody has this number: there is nothing to hand out or to erase."""

    def __init__(self) -> None:
        """Say what it can mean."""
        super().__init__({"person": "Nothing is kept under this number any more."})


async def export(
    store: Store, library: Library, number: int, *, by: str, now: datetime
) -> Data:
    """All that is stored about a person, JSON-ready, with tips in words (GDPR, 15).

    Of a sign-up that waits, that is the form without its answers, which are for the
    browser that gave them alone. The act is noted. Raises NothingKept.
    """
    async with store.transaction() as tx:
        known = await tx.subscribers.get(number)
        if known is None:
            pending = await tx.signups.get(number)
            if pending is None:
                raise NothingKept
            told = _form(pending)
        else:
            told = await _all_about(tx, known, library, now=now)
        told["mails_of_the_last_nights"] = _mails(await tx.dossier.mails(number))
        await tx.audit.add(by, Act.PERSON_EXPORTED, subscriber_id=number, now=now)
    return {"number": number, "exported_at": now.isoformat(), **told}


async def erase(store: Store, number: int, *, by: str, now: datetime) -> None:
    """Destroy all there is about a person; sign-ups of their address included.

    What stays is the keyed hash of the address, so that no mail is sent to it: a fresh
    double opt-in lifts that. The act is noted. Raises NothingKept.
    """
    async with store.transaction() as tx:
        address = await _address(tx, number)
        waiting = await tx.signups.forget(address)
        known = await tx.subscribers.find(address)
        if known is not None:
            await tx.subscribers.lock(known.id)
            waiting = (*waiting, known.id)
        for one in waiting:
            await tx.subscribers.erase(one)
        await tx.suppression.add(address, Reason.ERASED, now=now)
        await tx.audit.add(by, Act.PERSON_ERASED, subscriber_id=number, now=now)


async def _address(tx: Transaction, number: int) -> str:
    found = await tx.subscribers.get(number) or await tx.signups.get(number)
    if found is None:
        raise NothingKept
    return found.person.address


def _form(pending: Pending) -> Data:
    """A sign-up, without answers that wait for their browser: they may be somebody else's."""
    told = _person(pending.person, pending.evening, pending.language)
    if pending.proof != NO_PROOF:
        told["answers"] = None
    return {
        **told,
        "status": "waits for confirmation",
        "agreed_to": list(pending.consents),
        "signed_up_at": pending.requested_at.isoformat(),
        "forgotten_at": pending.expires_at.isoformat(),
    }


async def _all_about(
    tx: Transaction, known: Subscriber, library: Library, *, now: datetime
) -> Data:
    number, address = known.id, known.person.address
    dates = await tx.dossier.dates(number)
    entry = await tx.suppression.entry(address)
    nights = await tx.nights.last(
        number, since=now.date() - ALL_NIGHTS, limit=ALL_NIGHTS.days
    )
    return {
        **_person(known.person, known.evening, known.language),
        "status": known.status,
        "first_night": known.started_on.isoformat(),
        "paused_until": _text(known.paused_until),
        "stopped_at": _text(known.stopped_at),
        "confirmed_at": _text(dates.confirmed_at if dates else None),
        "changed_at": _text(dates.changed_at if dates else None),
        "next_reminder_at": _text(await tx.subscribers.next_due_at(number)),
        "gets_no_mail": entry
        and {"reason": entry.reason, "since": entry.since.isoformat()},
        "consents": [_consent(one) for one in await tx.consents.of(number)],
        "nights": [_night(one, library, known) for one in nights],
        "answers_before_changes": [_change(one) for one in await tx.changes.of(number)],
        "could_not_be_reached": await tx.refusals.has_ended(number),
        "nights_whose_mail_was_refused": [
            {
                "night": one.night.isoformat(),
                "verdict": one.verdict,
                "counted": one.fence is not None and one.fence is not Fence.HELD,
            }
            for one in await tx.refusals.of(number)
        ],
        "last_words_of_the_mailbox_provider": await tx.refusals.words(number),
        "other_sign_ups": [_form(one) for one in await tx.signups.of(address)],
    }


def _person(person: Person, evening: Evening, language: str) -> Data:
    return {
        "address": person.address,
        "language": language,
        "evening": {
            "time_zone": evening.zone,
            "time_zone_confirmed": evening.is_zone_confirmed,
            "time": f"{evening.minute // 60:02}:{evening.minute % 60:02}",
            "frequency": evening.frequency,
        },
        "answers": answers_to_json(person.answers),
    }


def _consent(one: Consent) -> Data:
    return {
        "to": one.what,
        "given_at": one.given_at.isoformat(),
        "wording": one.wording_version,
        "withdrawn_at": _text(one.withdrawn_at),
        "evidence": one.evidence,
    }


def _change(one: Change) -> Data:
    return {
        "changed_at": one.changed_at.isoformat(),
        "answers": answers_to_json(one.before),
    }


def _night(record: NightRecord, library: Library, person: Subscriber) -> Data:
    choice = json.loads(record.choice)
    language, country = person.language, person.person.answers.country
    for tip in choice["tips"]:
        # A tip may have left the catalogue since it was said.
        if tip["id"] in library.words_by_language[language]:
            tip["words"] = library.words(tip["id"], language=language, country=country)
    return {
        "night": record.night.isoformat(),
        "outcome": record.outcome,
        "reason": record.reason,
        "catalogue": record.catalogue_version,
        "choice": choice,
    }


def _mails(mails: Sequence[Mail]) -> list[Data]:
    return [
        {
            "night": mail.night.isoformat(),
            "kind": mail.kind,
            "state": mail.state,
            "reason": mail.reason,
            "attempts": mail.attempts,
            "at": _text(mail.updated_at),
            "mailbox_provider": mail.provider,
        }
        for mail in mails
    ]


def _text(moment: date | datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
