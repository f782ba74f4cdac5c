"""What each kind of mail says to one person: an outbox message becomes a letter."""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.choice import SEEK_CARE
from service.domain.outbox import Kind, Message
from service.domain.records import Reminder, Said, reminder_from_json
from service.domain.tips import When
from service.domain.tokens import Links, Purpose
from service.domain.tonight import Role
from service.domain.verp import Verp
from service.mail.addresses import on_the_wire, sender
from service.mail.compose import Letter, compose, message_id
from service.mail.envelope import Envelope

WHEN = {
    When.TONIGHT: "Tonight",
    When.TOMORROW: "Tomorrow",
    When.TODAY: "Today",
    When.PLAN: "Plan ahead",
    When.ANY: "",
    When.IF_CRAMP: "If a cramp comes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TipLine:
    """A tip as a mail or a page shows it; `reason` completes "You get this because"."""

    words: str
    label: str
    when: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail as it goes over the wire, and its two bodies for people to look at."""

    sender: str
    recipient: str
    message_id: str
    data: bytes
    html: str
    text: str


class Letters:
    """Writes mails; the same message always gives the same words and Message-ID."""

    def __init__(  # noqa: PLR0913  # what every mail needs, each given by name
        self,
        *,
        library: Library,
        templates: Templates,
        links: Links,
        verp: Verp,
        sender_line: str,
        operator_name: str,
        postal_address: str,
    ) -> None:
        """Keep what every mail needs. Raises Misconfigured for an odd sender."""
        self._library = library
        self._templates = templates
        self._links = links
        self._verp = verp
        self._operator_name = operator_name
        self._postal = postal_address
        self._name, self._address = sender(sender_line)
        # Of the oldest key, so that a new one does not change a retry's Message-ID.
        self._id_key = hashlib.sha256(b"message-id|" + links.keys[-1]).digest()

    def write(self, message: Message, *, now: datetime) -> Envelope:
        """The mail for an outbox message. Raises ServiceError if it cannot be made."""
        written = self._for(message, now=now)
        return Envelope(
            sender=self._verp.sender(message, default=written.sender),
            recipient=written.recipient,
            data=written.data,
            envid=self._verp.token(message),
            expires_at=message.expires_at,
        )

    def _for(self, message: Message, *, now: datetime) -> Written:
        subject, night = message.subscriber_id, message.night
        match message.kind:
            case Kind.REMINDER:
                reminder = reminder_from_json(message.payload)
                return self.reminder(reminder, subject, night, now=now)
            case Kind.CONFIRMATION:
                return self._with_link(message, Purpose.CONFIRM, now=now)
            case Kind.MANAGE_LINK:
                return self._with_link(message, Purpose.MANAGE, now=now)

    def reminder(
        self, reminder: Reminder, subscriber_id: int, night: date, *, now: datetime
    ) -> Written:
        """Tonight's reminder. Raises ServiceError if it cannot be made."""
        opening, drawn, care = _placed(reminder.tips)
        country = self._library.country(reminder.country)
        advice = country.advice
        reviews = self._library.review_summary
        is_said = any(tip.id == SEEK_CARE for tip in opening)
        context = {
            "language": reminder.language,
            "night_label": f"{night:%A} {night.day} {night:%B}",
            "opening": self._lines(opening, reminder),
            "lead": next(iter(self._lines(drawn, reminder)), None),
            "more": self._lines(drawn[1:], reminder),
            "care": self._lines(care, reminder),
            "seek_care": "" if is_said else self._words(SEEK_CARE, reminder),
            "ask_answers": reminder.ask_answers,
            "emergency_number": country.emergency,
            "advice_line": f"{advice.name}, {advice.number}" if advice else "",
            "manage_url": self._links.url(Purpose.MANAGE, subscriber_id, now=now),
            "unsubscribe_url": self._links.url(
                Purpose.UNSUBSCRIBE, subscriber_id, now=now
            ),
            "sources_url": f"{self._links.base_url}/sources",
            "is_reviewed": reviews.reviewed == reviews.tips,
        }
        return self._written(
            Kind.REMINDER, subscriber_id, reminder.address, context, night, now
        )

    def _with_link(
        self, message: Message, purpose: Purpose, *, now: datetime
    ) -> Written:
        subject = message.subscriber_id
        context = {
            "language": "en",
            f"{purpose}_url": self._links.url(purpose, subject, now=now),
            "unsubscribe_url": self._links.url(Purpose.UNSUBSCRIBE, subject, now=now),
        }
        return self._written(
            message.kind, subject, message.payload, context, message.night, now
        )

    def _lines(self, tips: Iterable[Said], reminder: Reminder) -> tuple[TipLine, ...]:
        catalogue = self._library.catalogue
        return tuple(
            TipLine(
                words=self._words(said.id, reminder),
                label=catalogue.cadence[catalogue.tips[said.id].theme].label,
                when=WHEN[catalogue.tips[said.id].when],
                reason=said.reason,
            )
            for said in tips
            # A tip may have been dropped from the catalogue since it was chosen.
            if said.id in catalogue.tips
        )

    def _words(self, tip: str, reminder: Reminder) -> str:
        return self._library.words(
            tip, language=reminder.language, country=reminder.country
        )

    def _written(
        self,
        kind: Kind,
        subscriber_id: int,
        address: str,
        context: Mapping[str, object],
        night: date,
        now: datetime,
    ) -> Written:
        who = {"operator_name": self._operator_name, "postal_address": self._postal}
        rendered = self._templates.mail(kind, {**context, **who})
        is_mailing = kind is Kind.REMINDER
        letter = Letter(
            kind=kind,
            from_name=self._name,
            from_address=self._address,
            to_address=address,
            subject=rendered.subject,
            html=rendered.html,
            text=rendered.text,
            message_id=message_id(
                self._id_key,
                subscriber_id=subscriber_id,
                kind=kind,
                night=night,
                domain=self._address.rpartition("@")[2],
            ),
            date=now,
            unsubscribe_url=str(context["unsubscribe_url"]) if is_mailing else None,
        )
        return Written(
            sender=self._address,
            recipient=on_the_wire(address),
            message_id=letter.message_id,
            data=compose(letter),
            html=rendered.html,
            text=rendered.text,
        )


def _placed(
    tips: tuple[Said, ...],
) -> tuple[tuple[Said, ...], tuple[Said, ...], tuple[Said, ...]]:
    """What opens the mail, what was drawn, and the signs in the fixed place."""
    roles = [said.role is Role.FIXED for said in tips]
    first = roles.index(False) if False in roles else len(tips)
    drawn = tuple(said for said in tips if said.role is not Role.FIXED)
    care = tips[first + len(drawn) :]
    return tips[:first], drawn, tuple(said for said in care if said.id != SEEK_CARE)
