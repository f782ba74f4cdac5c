"""What each kind of mail says to one person: an outbox message becomes a letter."""

import hashlib
from collections.abc import Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from functools import lru_cache

from service.content.catalogue import Library
from service.content.templating import Templates
from service.content.zones import clash_in_words, evenings_in_words
from service.domain.access import notice
from service.domain.choice import SEEK_CARE
from service.domain.claim import IN_A_REMINDER
from service.domain.outbox import Kind, Message
from service.domain.records import (
    Reminder,
    Said,
    ZoneQuestion,
    confirmation_from_json,
    reminder_from_json,
    zone_question_from_json,
)
from service.domain.risk import Tag
from service.domain.subscriber import Evening
from service.domain.tips import When
from service.domain.tokens import Links, Purpose
from service.domain.tonight import Role
from service.domain.verp import Verp
from service.mail.addresses import on_the_wire, sender
from service.mail.compose import Composer, Letter, message_id
from service.mail.envelope import Envelope
from service.mail.quoted import quoted

#: Whoever previews is no subscriber: the links are for nobody.
NOBODY = 0
#: What stands in one person's mail alone.
OWN = frozenset(f"{purpose}_url" for purpose in Purpose)

# How many are kept: every tip in every country, and each with its reasons.
WORDS_KEPT = 32_768
LINES_KEPT = 2048
PLACES_KEPT = 512
NIGHTS_KEPT = 8
LINKS_KEPT = 16

WHEN = {
    When.TONIGHT: "Tonight",
    When.TOMORROW: "Tomorrow",
    When.TODAY: "Today",
    When.PLAN: "Plan ahead",
    When.ANY: "",
    When.IF_CRAMP: "If a cramp comes",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TipLine:
    """A tip as a mail or a page shows it; `reason` completes "You get this because".

    Compared as an object, which is fast: Letters makes each of them once.
    """

    words: str
    label: str
    when: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A mail as it goes over the wire, and its two bodies for people to look at."""

    data: bytes
    html: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _Draft:
    """What is to be said, to whom and on which night."""

    kind: Kind
    subscriber_id: int
    night: date
    address: str
    context: Mapping[str, Hashable]
    minute: int | None = None


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
        name, self._address = sender(sender_line)
        self._domain = self._address.rpartition("@")[2]
        self._composer = Composer(name=name, address=self._address)
        reviews = library.review_summary
        self._fixed = {
            "operator_name": operator_name,
            "postal_address": postal_address,
            "sources_url": f"{links.base_url}/sources",
            "is_reviewed": reviews.reviewed == reviews.tips,
        }
        # A link stands in a mail several times.
        encode = lru_cache(maxsize=LINKS_KEPT)(quoted)
        self._stencils = {
            kind: templates.stencil(kind, own=OWN, fixed=self._fixed, encode=encode)
            for kind in Kind
        }
        # Of the oldest key, so that a new one does not change a retry's Message-ID.
        self._id_key = hashlib.sha256(b"message-id|" + links.keys[-1]).digest()
        # The same lines go to many people, so they are looked up once.
        self._words = lru_cache(maxsize=WORDS_KEPT)(self._words_to)
        self._line = lru_cache(maxsize=LINES_KEPT)(self._line_of)
        self._label = lru_cache(maxsize=NIGHTS_KEPT)(_label)
        self._local = lru_cache(maxsize=PLACES_KEPT)(self._local_to)

    def write(self, message: Message, *, now: datetime) -> Envelope:
        """The mail for an outbox message. Raises ServiceError if it cannot be made."""
        draft = self._draft(message, now=now)
        letter = self._letter(draft, now=now)
        token = self._verp.token(message)
        return Envelope(
            sender=self._verp.sender(token, default=self._address),
            recipient=letter.to_address,
            data=self._composer.compose(letter),
            envid=token,
            expires_at=message.expires_at,
            minute=draft.minute,
            is_retry=message.attempts > 0,
        )

    def preview(self, reminder: Reminder, night: date, *, now: datetime) -> Written:
        """A reminder as it would be sent, with links that are nobody's."""
        draft = self._reminder(reminder, NOBODY, night, now=now)
        mail = self._templates.mail(draft.kind, {**self._fixed, **draft.context})
        data = self._composer.compose(self._letter(draft, now=now))
        return Written(data=data, html=mail.html, text=mail.text)

    def _draft(self, message: Message, *, now: datetime) -> _Draft:
        match message.kind:
            case Kind.REMINDER:
                reminder = reminder_from_json(message.payload)
                return self._reminder(
                    reminder, message.subscriber_id, message.night, now=now
                )
            case Kind.CONFIRMATION:
                return self._confirmation(message, now=now)
            case Kind.MANAGE_LINK:
                return self._fresh_link(message, now=now)
            case Kind.ANSWERED:
                return self._change(message, now=now)
            case Kind.ZONE_QUESTION:
                question = zone_question_from_json(message.payload)
                return self._zone_question(question, message, now=now)

    def _reminder(
        self, reminder: Reminder, subscriber_id: int, night: date, *, now: datetime
    ) -> _Draft:
        opening, drawn, care = _placed(reminder.tips)
        lines = self._lines(drawn, reminder)
        context = {
            **self._local(reminder.language, reminder.country),
            "night_label": self._label(night),
            "opening": self._lines(opening, reminder),
            "lead": lines[0] if lines else None,
            "more": lines[1:],
            "care": self._lines(care, reminder),
            **self._evening(reminder, night),
            **self._answers(reminder, now=now),
            **self._question(reminder, subscriber_id, now=now),
            "manage_url": self._links.url(
                Purpose.MANAGE, subscriber_id, generation=reminder.generation, now=now
            ),
            "unsubscribe_url": self._links.url(
                Purpose.UNSUBSCRIBE, subscriber_id, now=now
            ),
        }
        if SEEK_CARE in [said.id for said in opening]:
            context["seek_care"] = ""
        return _Draft(
            kind=Kind.REMINDER,
            subscriber_id=subscriber_id,
            night=night,
            address=reminder.address,
            context=context,
            minute=reminder.minute,
        )

    def _confirmation(self, message: Message, *, now: datetime) -> _Draft:
        address, has_other = confirmation_from_json(message.payload)
        url = self._links.url(Purpose.CONFIRM, message.subscriber_id, now=now)
        context = {"language": "en", "confirm_url": url, "has_other": has_other}
        return self._asked_for(message, address, context, now=now)

    def _fresh_link(self, message: Message, *, now: datetime) -> _Draft:
        """Each mail has a link of its own: it is about the mail's day."""
        said = notice(message.payload)
        url = self._links.url(
            Purpose.FRESH,
            message.subscriber_id,
            generation=said.generation,
            about=message.night.toordinal(),
            now=now,
        )
        context = {"language": said.language, "why": said.why, "fresh_url": url}
        return self._asked_for(message, said.address, context, now=now)

    def _change(self, message: Message, *, now: datetime) -> _Draft:
        """That answers changed is in it, and not which."""
        said, subject = notice(message.payload), message.subscriber_id
        url = self._links.url(Purpose.UNDO, subject, about=said.change, now=now)
        context = {"language": said.language, "undo_url": url}
        return self._asked_for(message, said.address, context, now=now)

    def _asked_for(
        self,
        message: Message,
        address: str,
        context: Mapping[str, Hashable],
        *,
        now: datetime,
    ) -> _Draft:
        subject = message.subscriber_id
        leave = self._links.url(Purpose.UNSUBSCRIBE, subject, now=now)
        return _Draft(
            kind=message.kind,
            subscriber_id=subject,
            night=message.night,
            address=address,
            context={**context, "unsubscribe_url": leave},
        )

    def _evening(self, reminder: Reminder, night: date) -> dict[str, str]:
        """When reminders come, and what is odd about that; "" for nothing to say."""
        evening, country = reminder.evening, reminder.country
        return {
            "habit": evenings_in_words(evening)
            if evening and reminder.is_first
            else "",
            "clash": self._clash(evening, country, night)
            if evening and reminder.ask_zone
            else "",
        }

    def _answers(self, reminder: Reminder, *, now: datetime) -> dict[str, Hashable]:
        """Whether answers count, or are to be checked, and the link to those that wait."""
        waiting = reminder.waiting
        return {
            "ask_answers": reminder.ask_answers,
            "is_unanswered": reminder.is_unanswered,
            "confirm_url": ""
            if waiting is None
            else self._links.url(
                Purpose.CONFIRM,
                waiting,
                generation=reminder.generation,
                about=IN_A_REMINDER,
                now=now,
            ),
        }

    def _question(
        self, reminder: Reminder, subject: int, *, now: datetime
    ) -> dict[str, str]:
        """The one question that it asks and the link to answer it; "" for none."""
        questionnaire = self._library.catalogue.questionnaire
        # A question may have been taken back since the mail was planned.
        if reminder.asks not in {one.tag for one in questionnaire.added}:
            return {"question": "", "question_url": ""}
        tag = Tag(reminder.asks)
        url = self._links.url(
            Purpose.QUESTION,
            subject,
            generation=reminder.generation,
            about=questionnaire.number(tag),
            now=now,
        )
        return {
            "question": self._library.questions.answers[tag].alone,
            "question_url": url,
        }

    def _zone_question(
        self, question: ZoneQuestion, message: Message, *, now: datetime
    ) -> _Draft:
        subject, night = message.subscriber_id, message.night
        context = {
            "language": question.language,
            "habit": evenings_in_words(question.evening),
            "clash": self._clash(question.evening, question.country, night),
            "manage_url": self._links.url(
                Purpose.MANAGE, subject, generation=question.generation, now=now
            ),
            "unsubscribe_url": self._links.url(Purpose.UNSUBSCRIBE, subject, now=now),
        }
        return _Draft(
            kind=Kind.ZONE_QUESTION,
            subscriber_id=subject,
            night=night,
            address=question.address,
            context=context,
        )

    def _clash(self, evening: Evening, country: str, night: date) -> str:
        zones = self._library.country(country).zones
        return clash_in_words(evening, zones, night=night)

    def _lines(self, tips: Iterable[Said], reminder: Reminder) -> tuple[TipLine, ...]:
        language, country = reminder.language, reminder.country
        known = self._library.catalogue.tips
        return tuple(
            [
                self._line(
                    said.id, said.reason, self._words(said.id, language, country)
                )
                for said in tips
                # A tip may have been dropped from the catalogue since it was chosen.
                if said.id in known
            ]
        )

    def _line_of(self, tip: str, reason: str, words: str) -> TipLine:
        catalogue = self._library.catalogue
        return TipLine(
            words=words,
            label=catalogue.cadence[catalogue.tips[tip].theme].label,
            when=WHEN[catalogue.tips[tip].when],
            reason=reason,
        )

    def _words_to(self, tip: str, language: str, country: str) -> str:
        return self._library.words(tip, language=language, country=country)

    def _local_to(self, language: str, code: str) -> dict[str, str]:
        """What a reminder says to everybody there."""
        country = self._library.country(code)
        advice = country.advice
        return {
            "language": language,
            "seek_care": self._words(SEEK_CARE, language, code),
            "emergency_number": country.emergency,
            "advice_line": f"{advice.name}, {advice.number}" if advice else "",
        }

    def _letter(self, draft: _Draft, *, now: datetime) -> Letter:
        mail = self._stencils[draft.kind].filled(draft.context)
        # Nobody asked for these at this moment, so each can be stopped by one click.
        is_mailing = draft.kind in (Kind.REMINDER, Kind.ZONE_QUESTION)
        return Letter(
            kind=draft.kind,
            to_address=on_the_wire(draft.address),
            subject=mail.subject,
            html=mail.html,
            text=mail.text,
            message_id=message_id(
                self._id_key,
                subscriber_id=draft.subscriber_id,
                kind=draft.kind,
                night=draft.night,
                domain=self._domain,
            ),
            date=now,
            unsubscribe_url=str(draft.context["unsubscribe_url"])
            if is_mailing
            else None,
        )


def _label(night: date) -> str:
    return f"{night:%A} {night.day} {night:%B}"


def _placed(tips: tuple[Said, ...]) -> tuple[list[Said], list[Said], list[Said]]:
    """What opens the mail, what was drawn, and the signs in the fixed place."""
    opening: list[Said] = []
    drawn: list[Said] = []
    care: list[Said] = []
    fixed = opening
    for said in tips:
        if said.role is not Role.FIXED:
            drawn.append(said)
            fixed = care
        elif fixed is opening or said.id != SEEK_CARE:
            fixed.append(said)
    return opening, drawn, care
