"""Mail that comes back, from the bytes to the next evening."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service.domain.feedback import Bounced, Complained, Ignored, Unusable
from service.domain.outbox import Kind, Lane
from service.domain.refusals import Meaning, Verdict
from service.domain.subscriber import Status
from service.domain.tokens import Purpose
from service.domain.verp import Mailed, Verp
from service.flows import bounces, preferences, signup
from tests.builders import BROWSER, NOON, REFUSALS, TODAY, subscriber
from tests.mail.returned import (
    A_PERSON,
    ADA,
    VACATION,
    WORDS_ONLY,
    complaint,
    report,
)


@pytest.fixture
async def person(world):
    """Ada, who has had tonight's reminder."""
    found = await world.join(ADA)
    await world.run(hours=8)
    return found


@pytest.fixture
async def neighbours(world):
    """Six others at Ada's provider, who are reached."""
    due_at = NOON + timedelta(hours=7)
    async with world.store.transaction() as tx:
        for other in range(101, 107):
            await tx.subscribers.add(subscriber(other), next_due_at=due_at, now=NOON)


def tonights(person):
    return Mailed(subscriber_id=person, night=TODAY, kind=Kind.REMINDER)


def sender(world):
    """Where bounces of the last mail go."""
    return world.catcher.mails[-1].sender


def sender_to(world, address):
    """Where bounces of the last mail to this address go."""
    mails = [mail for mail in world.catcher.mails if address in mail.recipients]
    return mails[-1].sender


def mails_to(world, address):
    return sum(address in mail.recipients for mail in world.catcher.mails)


async def receive(world, verp, raw, recipient=""):
    return await bounces.receive(
        world.store, verp, REFUSALS, raw, recipient=recipient, now=world.clock.now()
    )


async def status(world, person):
    async with world.store.transaction() as tx:
        return (await tx.subscribers.get(person)).status


async def kept(world):
    async with world.store.transaction() as tx:
        return [each.why for each in await tx.feedback.kept()]


@pytest.mark.usefixtures("neighbours")
async def test_a_dead_address_ends_after_two_nights_and_gets_one_confirmation(
    world, verp, person
):
    for _ in range(2):
        found = await receive(world, verp, report(sender_to(world, ADA)))
        again = await receive(world, verp, report(sender_to(world, ADA)))
        assert found == again
        assert isinstance(found, Bounced)
        assert found.verdict is Verdict.DEAD
        assert await status(world, person) is Status.ACTIVE
        await world.evenings(1)

    assert await status(world, person) is Status.STOPPED
    assert mails_to(world, ADA) == 1 + 2
    for _ in range(3):
        await world.ask(ADA)
        await world.post(Lane.PRIORITY)
        await world.passes(timedelta(days=2))
    assert mails_to(world, ADA) == 1 + 2 + 1


@pytest.mark.usefixtures("neighbours")
async def test_who_was_dead_and_confirms_gets_reminders_again(world, verp, person):
    late = b""
    for _ in range(2):
        late = report(sender_to(world, ADA))
        await receive(world, verp, late)
        await world.evenings(1)

    assert await world.join(ADA) != person
    await receive(world, verp, late)
    await world.evenings(1)

    assert await status(world, person) is Status.ACTIVE
    assert mails_to(world, ADA) == 1 + 2 + 1 + 1


async def test_the_token_is_found_wherever_the_report_has_it(world, verp, person):
    back_to = sender(world)
    token = back_to.partition("+")[2].partition("@")[0]
    late = {"action": "delayed"}
    traced = (
        (report(**late), back_to),
        (report(back_to, **late), ""),
        (report(envid=token, **late), "bounce@elsewhere.example"),
        (report(sender=back_to.upper(), **late), ""),
    )

    for raw, recipient in traced:
        assert await receive(world, verp, raw, recipient) is Ignored.NOT_FINAL
    assert await status(world, person) is Status.ACTIVE


async def test_a_complaint_is_heard_at_once(world, verp, person):
    found = await receive(world, verp, complaint(sender(world)))

    assert found == Complained(mailed=tonights(person))
    assert await status(world, person) is Status.SUPPRESSED
    async with world.store.transaction() as tx:
        assert await tx.suppression.reason(ADA) == "complaint"


async def test_a_mailbox_that_is_full_for_ten_days_ends_the_mails_until_they_come_back(
    world, verp, person
):
    full = b""
    for _ in range(11):
        full = report(
            sender_to(world, ADA), status="5.2.2", diagnostic="smtp; mailbox full"
        )
        assert await status(world, person) is Status.ACTIVE
        await receive(world, verp, full)
        await world.evenings(1)

    assert await status(world, person) is Status.STOPPED
    assert mails_to(world, ADA) == 1 + 11
    token = world.links.token(Purpose.MANAGE, person, now=world.clock.now())
    assert await preferences.was_refused(world.store, person)
    await preferences.resume(world.store, world.links, token, now=world.clock.now())
    assert not await preferences.was_refused(world.store, person)
    await receive(world, verp, full)
    await world.evenings(2)
    assert mails_to(world, ADA) == 1 + 11 + 2
    assert await status(world, person) is Status.ACTIVE


async def test_our_own_fault_is_an_alarm_and_silences_nobody(world, verp, person):
    refused = report(sender(world), status="5.7.26", diagnostic="smtp; 550 no DKIM")

    with capture_logs() as lines:
        found = await receive(world, verp, refused)

    assert isinstance(found, Bounced)
    assert (found.mailed, found.verdict) == (tonights(person), Verdict.OURS)
    assert (found.about, found.status) == (Meaning.POLICY, "5.7.26")
    assert await status(world, person) is Status.ACTIVE
    (line,) = lines
    assert (line["log_level"], line["event"]) == ("error", "our mail is refused")


@pytest.mark.parametrize(
    ("forge", "why"),
    [
        (lambda to: report(to[:-30] + "0" * 30), "not signed here"),
        (lambda _: report(), "not signed here"),
        (lambda to: complaint(to, about="bob@example.org"), "about another address"),
        (lambda _: A_PERSON, "not a report"),
        (lambda _: b"\x00\xff garbage", "not a report"),
    ],
)
async def test_a_forged_or_malformed_one_is_kept_and_changes_nothing(
    world, verp, person, forge, why
):
    raw = forge(sender(world))

    for _ in range(2):
        assert await receive(world, verp, raw) == Unusable(why=why)

    assert await kept(world) == [why]
    assert await status(world, person) is Status.ACTIVE
    assert len(await world.evenings(1)) == 1 + 2


async def test_a_report_in_words_that_no_row_knows_counts_and_is_kept(
    world, verp, person
):
    odd = WORDS_ONLY.replace(
        b"Sorry, no mailbox here by that name. (#5.1.1)", b"Sorry."
    )

    found = await receive(world, verp, odd, sender(world))
    await receive(world, verp, odd, sender(world))

    assert isinstance(found, Bounced)
    assert (found.mailed, found.verdict) == (tonights(person), Verdict.UNDELIVERED)
    assert await kept(world) == ["in words that no row of refusals.toml knows"]
    known = await receive(world, verp, WORDS_ONLY, sender(world))
    assert isinstance(known, Bounced)
    assert known.verdict is Verdict.DEAD
    assert len(await kept(world)) == 1


async def test_a_report_signed_with_another_key_is_kept(world, verp, person):
    other = Verp(keys=(b"o" * 32,), address=verp.address)

    assert await receive(world, other, report(sender(world))) == Unusable(
        why="not signed here"
    )
    assert await status(world, person) is Status.ACTIVE


async def test_a_report_that_comes_too_late_is_kept(world, verp, person):
    back_to = sender(world)
    await world.passes(timedelta(days=15))

    assert await receive(world, verp, report(back_to)) == Unusable(
        why="about too old a mail"
    )
    assert await status(world, person) is Status.ACTIVE


@pytest.mark.usefixtures("person")
async def test_what_programs_say_by_themselves_is_ignored_and_not_kept(world, verp):
    assert await receive(world, verp, VACATION, sender(world)) is Ignored.AUTOMATIC
    not_spam = complaint(sender(world), kind="not-spam")
    assert await receive(world, verp, not_spam) is Ignored.WANTED
    assert await kept(world) == []


async def test_a_report_about_somebody_erased_finds_nobody(world, verp, person):
    async with world.store.transaction() as tx:
        await tx.subscribers.erase(person)

    assert await receive(world, verp, report(sender(world))) is Ignored.NOBODY


async def test_a_confirmation_that_bounces_counts_for_nothing(world, verp):
    await world.ask(ADA)
    await world.post(Lane.PRIORITY)

    found = await receive(world, verp, report(sender(world)))

    assert isinstance(found, Bounced)
    assert found.mailed.kind is Kind.CONFIRMATION
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    await signup.confirm(
        world.store, world.links, token, BROWSER, now=world.clock.now()
    )
    async with world.store.transaction() as tx:
        assert await tx.refusals.often_refused(now=world.clock.now()) == ()


async def test_no_line_of_the_log_holds_an_address_or_a_token(world, verp, person):
    back_to = sender(world)
    token = back_to.partition("+")[2].partition("@")[0]
    with capture_logs() as lines:
        for raw in (
            report(back_to, status="5.2.2"),
            report(back_to, status="5.7.1"),
            report(back_to, about="bob@example.org"),
            complaint(back_to),
            VACATION,
        ):
            await receive(world, verp, raw, back_to)

    assert len(lines) == 5
    for secret in ("@", token):
        assert secret not in str(lines)
    assert {line.get("subscriber") for line in lines} == {person, None}


@pytest.mark.usefixtures("person")
async def test_what_came_back_is_counted_without_a_word_of_it(world, verp):
    desk = bounces.Desk(
        store=world.store, verp=verp, refusals=REFUSALS, clock=world.clock
    )
    back_to = sender(world)
    alarming = report(back_to, status="5.7.1", diagnostic="smtp; 550 5.7.1 blocked")

    for raw in (report(back_to, action="delayed"), alarming, VACATION, b"hello"):
        await desk.receive(raw)
    for raw in (complaint(back_to), report(back_to)):
        await desk.receive(raw)

    assert desk.read() == {
        "ignored": 2,
        "refused by policy": 1,
        "unusable": 1,
        "complaint": 1,
        "hard bounce": 1,
    }
    assert desk.read() == {}
