"""Letters: a message of the outbox as bytes that say what the templates say."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from functools import partial

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from service.content.templating import RenderedMail, Templates
from service.domain.access import Why, change_told, fresh_link
from service.domain.choice import tonight_for
from service.domain.outbox import Kind, Message
from service.domain.records import (
    reminder_from_json,
    reminder_to_json,
    tonight_to_data,
)
from service.domain.risk import CAUSES, CONDITIONS, DRINKING, FRESH_NIGHTS, MEDICINES
from service.domain.subscriber import Person
from service.domain.tokens import Links, Purpose
from service.domain.tonight import History, remember
from service.domain.verp import Verp
from service.mail.letters import NOBODY, Letters
from service.settings import HERE
from tests.builders import NOON, TODAY, answers, message, subscriber

LINKS = Links(keys=(b"n" * 32, b"k" * 32), base_url="https://eventide.example/a&b")
#: How often these people ended their links.
GENERATION = 5
#: Headers that the standard library writes as RFC 5322, 2369 and 8058 have them.
RIGHT = ("From", "To", "Subject", "Date", "Message-ID", "List-ID", "Precedence")


def few(words):
    return st.lists(st.sampled_from(words), unique=True, max_size=3)


PROFILES = st.fixed_dictionaries(
    {
        "causes": few(CAUSES),
        "conditions": st.none() | few(CONDITIONS),
        "pregnancy": st.sampled_from(
            ["no", "pregnant", "postnatal", "trying", "unknown"]
        ),
        "medicines": st.none() | few(MEDICINES),
        "alcohol": st.sampled_from(DRINKING),
        "severe": st.none() | st.booleans(),
        "asked": st.sampled_from(["2026-11-01", "2026-11-29"]),
        "country": st.none() | st.from_regex("[A-Z]{2}", fullmatch=True),
        "stretching": st.none() | st.sampled_from(["standing", "sitting", "none"]),
    }
)
AGES = st.sampled_from([0, FRESH_NIGHTS + 1])
ADDRESSES = st.sampled_from(["ann@example.com", "Bo.Li+news@BÜCHER.example"])


@pytest.fixture(scope="module")
def templates() -> Templates:
    return Templates(HERE / "templates")


@pytest.fixture(scope="module")
def letters(library, templates) -> Letters:
    return Letters(
        library=library,
        templates=templates,
        links=LINKS,
        verp=Verp(keys=LINKS.keys, address=""),
        sender_line="Abendflut für Füße <evening@eventide.example>",
        operator_name="Eventide & Söhne",
        postal_address="1 Example Street\nBristol",
    )


@st.composite
def people(draw):
    """A person by number and address, and what they said before tonight."""
    return {
        "said": draw(PROFILES),
        "age": draw(AGES),
        "first": TODAY + timedelta(days=draw(st.integers(0, 400))),
        "id_": draw(st.integers(1, 2**62)),
        "address": draw(ADDRESSES),
    }


def evenings(library, person, *, nights: int) -> list[Message]:
    """The reminders of so many nights in a row."""
    history: History = ()
    found = []
    for night in (person["first"] + timedelta(days=n) for n in range(nights)):
        given_on = night - timedelta(days=person["age"])
        said = answers(answered_on=given_on, **person["said"])
        tonight = tonight_for(
            said, library.catalogue, history, seed=str(person["id_"]), night=night
        )
        history = remember(history, tonight.told())
        who = subscriber(
            person["id_"],
            person=Person(address=person["address"], answers=said),
            language=library.languages[person["id_"] % len(library.languages)],
            generation=GENERATION,
        )
        payload = reminder_to_json(who, tonight_to_data(tonight, words=library.reason))
        found.append(message(person["id_"], night=night, payload=payload))
    return found


def expected(letters: Letters, sent: Message, *, now: datetime) -> RenderedMail:
    """What Jinja makes of the reminder, with this person's links."""
    reminder = reminder_from_json(sent.payload)
    mail = letters.preview(reminder, sent.night, now=now)
    url = partial(LINKS.url, now=now)

    def theirs(body: str, *, amp: str = "&") -> str:
        for purpose, generation, about in (
            (Purpose.MANAGE, GENERATION, 0),
            (Purpose.UNSUBSCRIBE, 0, 0),
            (Purpose.QUESTION, GENERATION, 1),
            (Purpose.QUESTION, GENERATION, 2),
        ):
            nobody_s = url(purpose, NOBODY, generation=generation, about=about)
            own = url(purpose, sent.subscriber_id, generation=generation, about=about)
            body = body.replace(nobody_s.replace("&", amp), own.replace("&", amp))
        return body

    return RenderedMail(
        subject="Your evening tip",
        html=theirs(mail.html, amp="&amp;"),
        text=theirs(mail.text),
    )


def parsed(data: bytes) -> EmailMessage:
    """The message as a strict reader sees it."""
    found = message_from_bytes(data, policy=policy.default)
    assert isinstance(found, EmailMessage)
    assert not any(part.defects for part in found.walk())
    assert not any(value.defects for value in found.values())
    return found


def body(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode().replace("\r\n", "\n")


def oracle(mail: EmailMessage) -> EmailMessage:
    """The same headers, written by the standard library."""
    made = EmailMessage(policy=policy.SMTP)
    for name in RIGHT:
        made[name] = str(mail[name])
    return made


@settings(max_examples=150)
@given(people())
def test_a_reminder_arrives_as_the_templates_have_it(library, letters, person):
    for sent in evenings(library, person, nights=3):
        now = datetime.combine(sent.night, time(19), tzinfo=UTC)
        envelope = letters.write(sent, now=now)
        mail, said = parsed(envelope.data), expected(letters, sent, now=now)

        assert body(mail, "plain") == said.text
        assert body(mail, "html") == said.html
        assert mail["Subject"] == said.subject
        assert mail["To"] == envelope.recipient
        unsubscribe = LINKS.url(Purpose.UNSUBSCRIBE, sent.subscriber_id, now=now)
        assert mail["List-Unsubscribe"] == f"<{unsubscribe}>"
        assert letters.write(sent, now=now) == envelope


@settings(max_examples=50)
@given(people())
def test_its_headers_are_those_that_the_standard_library_writes(
    library, letters, person
):
    (sent,) = evenings(library, person, nights=1)
    data = letters.write(sent, now=NOON).data
    mail = parsed(data)
    written = message_from_bytes(oracle(mail).as_bytes(), policy=policy.default)

    assert all(mail[name] == written[name] for name in RIGHT)
    assert mail["From"].addresses[0].display_name == "Abendflut für Füße"


def test_a_reminder_is_cut_into_short_lines_of_plain_signs(library, letters):
    person = {"said": {}, "age": 0, "first": TODAY, "id_": 7, "address": "a@b.example"}
    for sent in evenings(library, person, nights=30):
        data = letters.write(sent, now=NOON).data

        assert data.isascii()
        assert not re.search(rb"(?<!\r)\n|\r(?!\n)", data)
        assert max(map(len, data.partition(b"\r\n\r\n")[2].split(b"\r\n"))) <= 76


WHO = {
    "language": "en",
    "operator_name": "Eventide & Söhne",
    "postal_address": "1 Example Street\nBristol",
}


def arrives_as(mail, said):
    """Both parts and the subject are those of the template."""
    assert mail["Subject"] == said.subject
    assert body(mail, "plain") == said.text
    assert body(mail, "html") == said.html
    assert mail["List-Unsubscribe"] is None


def test_a_confirmation_arrives_as_its_template_has_it(letters, templates):
    sent = message(7, kind=Kind.CONFIRMATION, payload="ann@example.com")
    mail = parsed(letters.write(sent, now=NOON).data)
    urls = {
        f"{purpose}_url": LINKS.url(purpose, 7, now=NOON)
        for purpose in (Purpose.CONFIRM, Purpose.UNSUBSCRIBE)
    }

    said = templates.mail(Kind.CONFIRMATION, {**WHO, **urls, "has_other": False})
    arrives_as(mail, said)


@pytest.mark.parametrize("why", Why)
def test_a_fresh_link_is_of_the_persons_generation_and_the_mails_own(
    letters, templates, why
):
    known = subscriber(7, generation=3)
    sent = fresh_link(known, why, now=NOON)
    mail = parsed(letters.write(sent, now=NOON).data)
    fresh = LINKS.url(
        Purpose.FRESH, 7, generation=3, about=sent.night.toordinal(), now=NOON
    )
    leave = LINKS.url(Purpose.UNSUBSCRIBE, 7, now=NOON)
    urls = {"fresh_url": fresh, "unsubscribe_url": leave}

    arrives_as(mail, templates.mail(Kind.MANAGE_LINK, {**WHO, **urls, "why": why}))


def test_a_mail_about_a_change_holds_its_undo_whatever_the_generation(
    letters, templates
):
    sent = change_told(subscriber(7, generation=3), 2, now=NOON)
    mail = parsed(letters.write(sent, now=NOON).data)
    undo = LINKS.url(Purpose.UNDO, 7, about=2, now=NOON)
    leave = LINKS.url(Purpose.UNSUBSCRIBE, 7, now=NOON)
    urls = {"undo_url": undo, "unsubscribe_url": leave}

    arrives_as(mail, templates.mail(Kind.ANSWERED, {**WHO, **urls}))


def test_a_question_that_was_taken_back_since_is_not_asked(library, letters):
    person = {"said": {}, "age": 0, "first": TODAY, "id_": 7, "address": "a@b.example"}
    (sent,) = evenings(library, person, nights=1)
    payload = json.loads(sent.payload)
    payload["choice"]["asks"] = "kidney"

    mail = letters.write(replace(sent, payload=json.dumps(payload)), now=NOON)

    assert "ONE NEW QUESTION" not in body(parsed(mail.data), "plain")


def test_a_reminder_that_the_release_before_queued_asks_nothing(library, letters):
    person = {"said": {}, "age": 0, "first": TODAY, "id_": 7, "address": "a@b.example"}
    (sent,) = evenings(library, person, nights=1)
    payload = json.loads(sent.payload)
    del payload["choice"]["asks"]

    mail = letters.write(replace(sent, payload=json.dumps(payload)), now=NOON)

    assert "ONE NEW QUESTION" not in body(parsed(mail.data), "plain")


def test_an_envelope_has_all_that_a_relay_needs(library, letters):
    person = {"said": {}, "age": 0, "first": TODAY, "id_": 7, "address": "a@B.example"}
    (sent,) = evenings(library, person, nights=1)
    envelope = letters.write(sent, now=NOON)

    assert re.search(rb"\r\nMessage-ID: <reminder\.[0-9a-f]{30}@", envelope.data)
    assert envelope.sender == "evening@eventide.example"
    assert envelope.recipient == "a@b.example"
    assert envelope.expires_at == sent.expires_at


def test_a_tip_that_was_dropped_since_is_not_said_and_no_other_twice(
    library, templates, letters
):
    person = {"said": {}, "age": 0, "first": TODAY, "id_": 7, "address": "a@b.example"}
    (sent,) = evenings(library, person, nights=1)
    first, second = (
        said.id
        for said in reminder_from_json(sent.payload).tips
        if said.role in ("lead", "second")
    )
    tips = {k: tip for k, tip in library.catalogue.tips.items() if k != first}
    thinner = replace(library, catalogue=replace(library.catalogue, tips=tips))
    later = Letters(
        library=thinner,
        templates=templates,
        links=LINKS,
        verp=Verp(keys=LINKS.keys, address=""),
        sender_line="evening@eventide.example",
        operator_name="",
        postal_address="",
    )

    def said(letters: Letters) -> list[int]:
        text = " ".join(
            body(parsed(letters.write(sent, now=NOON).data), "plain").split()
        )
        words = (
            library.words(tip, language="en", country="GB") for tip in (first, second)
        )
        return [text.count(tip) for tip in words]

    assert said(letters) == [1, 1]
    assert said(later) == [0, 1]
