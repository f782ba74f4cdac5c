"""Double opt-in: nobody is mailed who did not ask, nobody can find out who did."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.outbox import Kind, Lane
from service.domain.subscriber import Status
from service.domain.tokens import BadLink, Purpose
from service.flows import preferences, signup
from tests.builders import BROWSER, NOON, evening

ADA = "ada@example.org"


def kinds(mails):
    return [
        mail.data.split(b"Message-ID: <")[1].split(b".")[0].decode() for mail in mails
    ]


async def test_a_confirmation_mail_goes_out_at_once(world):
    await world.ask(ADA)

    mails = await world.post(Lane.PRIORITY)

    assert kinds(mails) == ["confirmation"]
    assert mails[0].recipients == (ADA,)


async def test_without_confirmation_no_reminder_comes(world):
    await world.ask(ADA)
    await world.post(Lane.PRIORITY)

    assert kinds(await world.evenings(3)) == ["confirmation"]


async def test_confirming_says_when_the_first_reminder_comes(world):
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))

    await signup.waiting(world.store, world.links, token, BROWSER, now=NOON)
    welcome = await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)

    assert welcome.first_at is not None
    assert NOON < welcome.first_at < NOON + timedelta(hours=8)
    assert welcome.evening == evening()


async def test_confirming_twice_is_the_same_as_once(world):
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    first = await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)

    again = await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)

    assert again == first
    assert kinds(await world.run(hours=8)) == ["confirmation", "reminder"]


async def test_the_used_link_of_somebody_who_left_welcomes_nobody(world):
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)
    person = world.links.subject(Purpose.CONFIRM, token, now=NOON)
    gone = world.links.token(Purpose.UNSUBSCRIBE, person, now=NOON)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    with pytest.raises(BadLink):
        await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)


async def test_a_confirmation_link_grows_too_old_and_the_answers_are_forgotten(world):
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))

    await world.run(days=8)

    with pytest.raises(BadLink):
        await signup.confirm(
            world.store, world.links, token, BROWSER, now=world.clock.now()
        )
    async with world.store.transaction() as tx:
        assert await tx.signups.recent(ADA, since=NOON - timedelta(days=1)) == 0


async def test_a_link_for_a_sign_up_that_is_gone_is_refused(world):
    token = world.links.token(Purpose.CONFIRM, 4711, now=NOON)

    with pytest.raises(BadLink):
        await signup.waiting(world.store, world.links, token, BROWSER, now=NOON)
    with pytest.raises(BadLink):
        await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)


async def test_a_subscriber_who_signs_up_again_is_mailed_their_own_link(world):
    await world.join(ADA)

    await world.ask(ADA)

    assert kinds(await world.post(Lane.PRIORITY)) == ["confirmation", "manage_link"]


async def test_a_suppressed_address_is_not_mailed_at_all(world):
    async with world.store.transaction() as tx:
        await tx.suppression.add(ADA, "complaint", now=NOON)

    await world.ask(ADA)

    assert kinds(await world.post(Lane.PRIORITY)) == []


async def test_one_address_gets_three_confirmation_mails_a_day_at_most(world):
    for _ in range(5):
        await world.ask(ADA)

    assert kinds(await world.post(Lane.PRIORITY)) == ["confirmation"] * 3


async def test_who_left_may_come_back_by_confirming_afresh(world):
    person = await world.join(ADA)
    token = world.links.token(Purpose.UNSUBSCRIBE, person, now=NOON)
    await preferences.unsubscribe(world.store, world.links, token, now=NOON)

    again = await world.join(ADA, evening=evening(minute=20 * 60))

    async with world.store.transaction() as tx:
        found = await tx.subscribers.find(ADA)
        reason = await tx.suppression.reason(ADA)
    assert found is not None
    assert (found.id, found.status) == (person, Status.ACTIVE)
    assert found.evening.minute == 20 * 60
    assert again != person
    assert reason is None


async def test_the_outbox_holds_one_reminder_a_night(world):
    person = await world.join(ADA)

    await world.run(hours=8)

    async with world.store.transaction() as tx:
        states = await tx.outbox.state_of(person, NOON.date())
    assert [s.kind for s in states if s.kind is Kind.REMINDER] == [Kind.REMINDER]


async def test_who_comes_back_the_same_evening_is_promised_the_next_one(world):
    person = await world.join(ADA)
    await world.evenings(1)
    now = world.clock.now()
    gone = world.links.token(Purpose.UNSUBSCRIBE, person, now=now)
    await preferences.unsubscribe(world.store, world.links, gone, now=now)
    await world.ask(ADA, evening=evening(minute=22 * 60))
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))

    welcome = await signup.confirm(world.store, world.links, token, BROWSER, now=now)

    assert welcome.first_at is not None
    assert welcome.first_at.date() == NOON.date() + timedelta(days=1)


async def test_a_complaint_between_sign_up_and_confirmation_has_the_last_word(world):
    await world.ask(ADA)
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    async with world.store.transaction() as tx:
        await tx.suppression.add(ADA, "complaint", now=NOON)

    with pytest.raises(BadLink):
        await signup.confirm(world.store, world.links, token, BROWSER, now=NOON)


async def test_whom_the_first_release_took_for_dead_may_confirm_their_way_back(world):
    person = await world.join(ADA)
    async with world.store.transaction() as tx:
        known = await tx.subscribers.get(person)
        dead = replace(known, status=Status.SUPPRESSED)
        await tx.subscribers.save(dead, next_due_at=None, now=NOON)
        await tx.suppression.add(ADA, "address_unknown", now=NOON)

    await world.passes(timedelta(days=1))
    await world.join(ADA)

    async with world.store.transaction() as tx:
        found = await tx.subscribers.find(ADA)
        assert await tx.suppression.reason(ADA) is None
    assert (found.id, found.status) == (person, Status.ACTIVE)
