"""People on a list: asked before anything is sent, and never asked twice."""

from dataclasses import replace
from datetime import timedelta

import asyncpg
import pytest
from sqlalchemy.engine import make_url

from service.domain.outbox import Lane
from service.domain.records import confirmation_from_json
from service.domain.subscriber import Person, Status
from service.flows import enrol, signup
from service.flows.enrol import Outcome
from service.store.suppression import Reason
from tests.builders import BROWSER, answers, evening

CONSENTS = """
    SELECT what, wording_version, evidence FROM consent
    WHERE subscriber_id = $1 ORDER BY what
"""
EVIDENCE = "paper form of the clinic, 2026-11-02"


async def invite(world, address="ada@example.org", *, after=timedelta()):
    now = world.clock.now()
    return await enrol.invite(
        world.store,
        Person(address=address, answers=answers()),
        evening(),
        language="en",
        mail_at=now + after,
        now=now,
    )


async def at_once(world, address="ada@example.org"):
    return await enrol.enrol(
        world.store,
        Person(address=address, answers=answers()),
        evening(),
        language="en",
        evidence=EVIDENCE,
        now=world.clock.now(),
    )


@pytest.fixture
def consents(database_url):
    """What somebody agreed to, in which wording, and where."""

    async def read(who):
        plain = make_url(database_url).set(drivername="postgresql")
        connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
        found = await connection.fetch(CONSENTS, who)
        await connection.close()
        return [tuple(row) for row in found]

    return read


async def test_somebody_on_a_list_confirms_before_anything_else_is_sent(
    world, consents
):
    assert await invite(world) is Outcome.INVITED
    before = await world.run(hours=9)

    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    now = world.clock.now()
    waiting = await signup.waiting(world.store, world.links, token, BROWSER, now=now)
    assert waiting.consents == ("health", "mail", "general")
    await signup.confirm(world.store, world.links, token, BROWSER, now=now)

    assert before == ()
    assert len(await world.run(days=1)) == 2
    async with world.store.transaction() as tx:
        found = await tx.subscribers.find("ada@example.org")
    assert await consents(found.id) == [
        ("general", "2026-11", None),
        ("health", "2026-11", None),
        ("mail", "2026-11", None),
    ]


async def test_a_link_of_somebody_who_used_the_form_asks_for_nothing_more(world):
    await world.ask()
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    now = world.clock.now()

    waiting = await signup.waiting(world.store, world.links, token, BROWSER, now=now)
    assert waiting.consents == ()


async def test_whoever_signs_up_by_the_form_is_not_kept_waiting_by_a_long_list(world):
    for number in range(5):
        await invite(
            world, f"person{number}@example.org", after=timedelta(minutes=1 + number)
        )
    await world.ask("bob@example.org")

    first = await world.post(Lane.PRIORITY)
    await world.passes(timedelta(minutes=10))
    all_of_them = await world.post(Lane.PRIORITY)

    assert [mail.recipients for mail in first] == [("bob@example.org",)]
    assert len(all_of_them) == 6


async def test_whoever_signs_up_goes_before_invitations_that_are_overdue(world):
    for number in range(5):
        await invite(world, f"person{number}@example.org")
    await world.passes(timedelta(days=1, hours=12))
    await world.ask("bob@example.org")

    async with world.store.transaction() as tx:
        first, *others = await tx.outbox.claim(
            Lane.PRIORITY,
            limit=6,
            worker="w",
            lease=timedelta(),
            now=world.clock.now(),
        )

    assert confirmation_from_json(first.payload) == ("bob@example.org", False)
    assert len(others) == 5


async def test_whoever_confirmed_by_the_form_is_not_asked_by_the_list_as_well(world):
    await invite(world, after=timedelta(hours=5))
    await world.join()

    await world.passes(timedelta(hours=6))

    assert len(await world.post(Lane.PRIORITY)) == 1


async def test_a_mail_that_goes_out_late_can_be_answered_for_as_long(world):
    await invite(world, after=timedelta(days=3))
    await world.passes(timedelta(days=3))
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    await world.passes(timedelta(days=6, hours=23))

    await world.run(minutes=1)
    welcome = await signup.confirm(
        world.store, world.links, token, BROWSER, now=world.clock.now()
    )

    assert welcome.evening == evening()


async def test_whoever_agreed_elsewhere_is_a_subscriber_at_once_with_the_evidence(
    world, consents
):
    assert await at_once(world) is Outcome.ACTIVE

    assert len(await world.evenings(1)) == 1
    async with world.store.transaction() as tx:
        found = await tx.subscribers.find("ada@example.org")
    assert await consents(found.id) == [
        (what, "elsewhere", EVIDENCE) for what in ("general", "health", "mail")
    ]


@pytest.mark.parametrize("taken", [invite, at_once])
async def test_a_list_that_is_imported_twice_adds_nobody_twice(world, taken):
    first = await taken(world)
    again = await taken(world)

    assert (first, again) in {
        (Outcome.INVITED, Outcome.WAITING),
        (Outcome.ACTIVE, Outcome.KNOWN),
    }
    assert len(await world.post(Lane.PRIORITY)) == int(first is Outcome.INVITED)


@pytest.mark.parametrize("reason", Reason)
@pytest.mark.parametrize("taken", [invite, at_once])
async def test_no_list_lifts_what_an_address_is_suppressed_for(world, taken, reason):
    now = world.clock.now()
    async with world.store.transaction() as tx:
        await tx.suppression.add("ada@example.org", reason, now=now)

    assert await enrol.met_before(world.store, "ada@example.org", now=now) is (
        Outcome.SUPPRESSED
    )
    assert await taken(world) is Outcome.SUPPRESSED
    assert await world.post(Lane.PRIORITY) == ()


async def test_a_subscriber_who_wants_no_mail_counts_as_suppressed(world):
    await world.join()
    async with world.store.transaction() as tx:
        await tx.suppression.add(
            "ada@example.org", Reason.UNSUBSCRIBED, now=world.clock.now()
        )

    assert await invite(world) is Outcome.SUPPRESSED


@pytest.mark.parametrize("status", [Status.ACTIVE, Status.PAUSED, Status.STOPPED])
async def test_whoever_is_a_subscriber_stays_as_they_are(world, status):
    who = await world.join()
    async with world.store.transaction() as tx:
        known = await tx.subscribers.get(who)
        known = replace(known, status=status)
        await tx.subscribers.save(known, next_due_at=None, now=world.clock.now())

    assert await invite(world) is Outcome.KNOWN
    assert await at_once(world) is Outcome.KNOWN
    async with world.store.transaction() as tx:
        assert await tx.subscribers.get(who) == known
