"""Whose the answers are: a mailbox confirms an address, a browser claims its answers."""

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service.domain.claim import IN_A_REMINDER, NO_PROOF, Claim, Proof
from service.domain.outbox import Kind, Lane
from service.domain.records import reminder_from_json
from service.domain.requests import OwnLink
from service.domain.risk import Pregnancy, Tag, unsaid
from service.domain.subscriber import GivenBy, Person, Status
from service.domain.tokens import BadLink, Purpose
from service.flows import access, enrol, preferences, requests, signup
from service.flows.plan import plan
from service.flows.preferences import Change
from service.store.sealing import KeyMissing
from tests.builders import BROWSER, NOON, answers, evening
from tests.conftest import administer
from tests.store.plain_sql import blocked, raw

ADA = "ada@example.org"
CODE = Proof(code=BROWSER.code)
WRONG = Proof(code="0000")
STRANGER = Proof(browser="5" * 64, code="9999")
#: Answers of which every tip is to know, and those of a stranger who says there are none.
ILL = answers(conditions=["kidney", "heart_failure"], medicines=["med_statin"])
NONE = answers(conditions=[], medicines=[])


async def asked(world, said=ILL, proof=BROWSER) -> str:
    """Send the form; the token of the mail that answers it."""
    await world.ask(ADA, answers=said, proof=proof)
    return world.token_mailed_to(await world.post(Lane.PRIORITY))


async def looked(world, token, shown):
    now = world.clock.now()
    return await signup.waiting(world.store, world.links, token, shown, now=now)


async def pressed(world, token, shown):
    now = world.clock.now()
    return await signup.confirm(world.store, world.links, token, shown, now=now)


async def ada(world):
    async with world.store.transaction() as tx:
        return await tx.subscribers.find(ADA)


async def opened(world, person):
    """The session of a fresh link."""
    fresh = world.links.token(Purpose.FRESH, person, now=NOON)
    return await access.press(world.store, world.links, fresh, now=NOON)


async def left(world):
    """Somebody with answers of their own who unsubscribed; their number."""
    person = await world.join(ADA, answers=ILL)
    gone = world.links.token(Purpose.UNSUBSCRIBE, person, now=NOON)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)
    return person


def in_a_reminder(mails):
    """The token of its link to the answers that wait."""
    text = mails[-1].data.replace(b"=\r\n", b"").decode()
    return text.split("confirm?token=3D")[1].split()[0]


async def planned(world):
    """The reminder of tonight, as it is queued."""
    hours = (20 - world.clock.now().hour) % 24 or 24
    await world.passes(timedelta(hours=hours))
    await plan(world.store, world.library, limit=10, now=world.clock.now())
    async with world.store.transaction() as tx:
        (mail,) = await tx.outbox.claim(
            Lane.EVENING,
            limit=9,
            worker="test",
            lease=timedelta(),
            now=world.clock.now(),
        )
    return reminder_from_json(mail.payload)


async def test_with_the_cookie_one_press_makes_the_answers_count(world):
    token = await asked(world)

    seen = await looked(world, token, BROWSER)
    welcome = await pressed(world, token, Proof(browser=BROWSER.browser))

    found = await ada(world)
    assert (seen.claim, seen.own.answers, seen.consents) == (Claim.COUNTS, ILL, ())
    assert welcome.claim is Claim.COUNTS
    assert (found.person.answers, found.given_by) == (ILL, GivenBy.PERSON)
    assert not (await planned(world)).is_unanswered


async def test_on_another_device_the_code_makes_them_count(world):
    token = await asked(world)

    seen = await looked(world, token, NO_PROOF)
    welcome = await pressed(world, token, CODE)

    assert (seen.claim, seen.own) == (Claim.NO_CODE, None)
    assert len(seen.consents) == 3
    assert welcome.claim is Claim.COUNTS
    assert (await ada(world)).person.answers == ILL


@pytest.mark.parametrize("shown", [NO_PROOF, WRONG, STRANGER])
async def test_whoever_has_the_mail_alone_gets_reminders_but_no_answers(world, shown):
    token = await asked(world)

    welcome = await pressed(world, token, shown)

    found = await ada(world)
    assert welcome.first_at is not None
    assert welcome.claim is not Claim.COUNTS
    assert (await looked(world, token, shown)).own is None
    assert found.status is Status.ACTIVE
    assert (found.person.answers, found.given_by) == (unsaid(ILL), GivenBy.NOBODY)
    reminder = await planned(world)
    assert reminder.is_unanswered
    assert reminder.waiting == found.id
    assert not reminder.ask_answers
    assert reminder.asks is None
    assert {said.reason for said in reminder.tips} <= {
        "because it is for everyone who gets leg cramps",
        "because your answers do not count yet, so we keep to what suits everyone",
    }


def test_what_nobody_said_is_unknown_but_for_the_country():
    nothing = unsaid(ILL)

    assert nothing.country == ILL.country
    assert nothing.conditions is None
    assert nothing.medicines is None
    assert nothing.pregnancy is Pregnancy.UNKNOWN
    assert nothing.alcohol is Tag.ALC_UNKNOWN


@pytest.mark.parametrize("later", [BROWSER, CODE])
async def test_answers_that_wait_are_added_in_the_first_browser_or_by_the_code(
    world, later
):
    token = await asked(world)
    await pressed(world, token, NO_PROOF)
    await world.evenings(2)

    seen = await looked(world, token, later)
    welcome = await pressed(world, token, later)

    found = await ada(world)
    assert seen.is_confirmed
    assert (welcome.claim, welcome.had_begun) == (Claim.COUNTS, True)
    assert (found.person.answers, found.given_by) == (ILL, GivenBy.PERSON)
    assert not (await planned(world)).is_unanswered


async def test_the_reminder_leads_to_the_answers_that_wait(world):
    await pressed(world, await asked(world), NO_PROOF)
    token = in_a_reminder(await world.evenings(1))

    assert (await pressed(world, token, CODE)).claim is Claim.COUNTS


@pytest.mark.parametrize("about", [0, IN_A_REMINDER], ids=["first mail", "reminder"])
async def test_a_mail_that_was_passed_on_does_not_claim_a_stranger_s_answers(
    world, about
):
    await pressed(world, await asked(world), NO_PROOF)
    person = (await ada(world)).id
    forwarded = world.links.token(Purpose.CONFIRM, person, about=about, now=NOON)
    await world.passes(timedelta(days=1))
    await world.ask(ADA, answers=NONE, proof=STRANGER)

    seen = await looked(world, forwarded, STRANGER)
    theirs = await pressed(world, forwarded, Proof(browser=STRANGER.browser))
    before = await ada(world)
    own = await pressed(world, forwarded, CODE)

    assert (seen.own, theirs.claim) == (None, Claim.NO_CODE)
    assert before.given_by is GivenBy.NOBODY
    assert own.claim is Claim.COUNTS
    assert (await ada(world)).person.answers == ILL


async def test_a_reminder_that_was_passed_on_deletes_no_answers(world):
    await pressed(world, await asked(world), NO_PROOF)
    token = in_a_reminder(await world.evenings(1))

    seen = await looked(world, token, NO_PROOF)
    with pytest.raises(BadLink):
        await signup.delete(world.store, world.links, token, NO_PROOF, now=NOON)

    assert not seen.may_be_deleted
    assert (await pressed(world, token, CODE)).claim is Claim.COUNTS


@pytest.mark.parametrize("is_claimed", [False, True], ids=["waiting", "claimed"])
async def test_who_ends_all_links_ends_that_of_a_reminder_to_the_answers(
    world, is_claimed
):
    await pressed(world, await asked(world), NO_PROOF)
    token = in_a_reminder(await world.evenings(1))
    if is_claimed:
        await pressed(world, token, CODE)
    now = world.clock.now()
    fresh = world.links.token(Purpose.FRESH, (await ada(world)).id, now=now)
    session = await access.press(world.store, world.links, fresh, now=now)

    await access.end_all(world.store, session, now=now)

    for open_it in (looked, pressed):
        with pytest.raises(BadLink):
            await open_it(world, token, BROWSER)


async def test_the_code_of_any_sign_up_that_waits_claims_that_one(world):
    first = await asked(world, ILL)
    await asked(world, NONE, STRANGER)

    welcome = await pressed(world, first, Proof(code=STRANGER.code))

    assert welcome.claim is Claim.COUNTS
    assert (await ada(world)).person.answers == NONE


async def test_wrong_codes_are_counted_for_all_sign_ups_that_wait(world):
    links = [await asked(world), await asked(world, NONE, STRANGER)] * 3

    left = [(await pressed(world, link, WRONG)).tries_left for link in links]

    assert left == [4, 3, 2, 1, 0, 0]
    assert (await pressed(world, links[0], CODE)).claim is Claim.LOCKED


async def test_five_wrong_codes_lock_the_code_but_not_the_browser(world):
    token = await asked(world)

    left = [(await pressed(world, token, WRONG)).tries_left for _ in range(6)]

    assert left == [4, 3, 2, 1, 0, 0]
    assert (await pressed(world, token, CODE)).claim is Claim.LOCKED
    assert (await ada(world)).given_by is GivenBy.NOBODY
    assert (await pressed(world, token, BROWSER)).claim is Claim.COUNTS


async def test_answers_wait_for_a_week_and_are_then_gone(world):
    token = await asked(world)
    await world.run(days=5)
    await pressed(world, token, NO_PROOF)
    await world.evenings(5)
    assert (await planned(world)).waiting

    await world.evenings(2)

    reminder = await planned(world)
    assert reminder.is_unanswered
    assert reminder.waiting is None
    with pytest.raises(BadLink):
        await pressed(world, token, CODE)


async def test_a_stranger_s_later_sign_up_replaces_nothing(world):
    own = await asked(world)
    theirs = await asked(world, NONE, STRANGER)
    mail = world.catcher.mails[-1].data

    await pressed(world, theirs, NO_PROOF)
    before = await ada(world)
    welcome = await pressed(world, own, CODE)

    assert b"ANOTHER SIGN-UP" in mail
    assert before.person.answers == unsaid(NONE)
    assert welcome.claim is Claim.COUNTS
    assert (await ada(world)).person.answers == ILL
    assert not (await planned(world)).is_unanswered


async def test_the_first_browser_finds_its_own_answers_behind_the_stranger_s_link(
    world,
):
    await asked(world)
    theirs = await asked(world, NONE, STRANGER)

    seen = await looked(world, theirs, BROWSER)
    await pressed(world, theirs, BROWSER)

    assert seen.own.answers == ILL
    assert (await ada(world)).person.answers == ILL


async def test_a_sign_up_beside_it_that_does_not_open_keeps_nobody_from_confirming(
    world, database_url
):
    await asked(world, NONE, STRANGER)
    await administer(database_url, "UPDATE signup SET sealed = 'x'")
    own = await asked(world)

    with capture_logs() as lines:
        await pressed(world, own, BROWSER)

    assert (await ada(world)).person.answers == ILL
    assert {line["event"] for line in lines} == {"sign-up does not open"}
    assert ADA not in str(lines)


async def test_one_with_a_key_that_is_missing_waits_until_that_is_back(
    world, database_url
):
    own = await asked(world)
    await asked(world, NONE, STRANGER)
    lost = "UPDATE signup SET key_id = 'lost' WHERE id IN (SELECT max(id) FROM signup)"
    await administer(database_url, lost)

    with pytest.raises(KeyMissing):
        await pressed(world, own, BROWSER)


async def test_one_press_on_a_stranger_s_mail_changes_no_answer_of_a_subscriber(world):
    own = await asked(world)
    theirs = await asked(world, NONE, STRANGER)
    await pressed(world, own, CODE)
    async with world.store.transaction() as tx:
        assert await tx.signups.of(ADA) == ()
    with pytest.raises(BadLink):
        await pressed(world, theirs, NO_PROOF)

    assert (await ada(world)).person.answers == ILL


async def test_who_comes_back_keeps_the_old_answers_until_the_new_ones_are_claimed(
    world,
):
    await left(world)
    token = await asked(world, NONE, STRANGER)

    await pressed(world, token, NO_PROOF)
    kept = await ada(world)
    waiting = await planned(world)
    await signup.delete(
        world.store, world.links, token, NO_PROOF, now=world.clock.now()
    )
    await world.passes(timedelta(hours=16))
    after = await planned(world)

    assert (kept.status, kept.person.answers) == (Status.ACTIVE, ILL)
    assert waiting.is_unanswered
    assert not after.is_unanswered


@pytest.mark.parametrize("first", [BROWSER, NO_PROOF], ids=["at once", "later"])
async def test_answers_claimed_in_place_of_others_are_a_change_like_any_other(
    world, first
):
    person = await left(world)
    token = await asked(world, NONE)

    await pressed(world, token, first)
    if first is NO_PROOF:
        await pressed(world, token, CODE)
    mails = await world.post(Lane.PRIORITY)
    claimed = await ada(world)
    undo = world.links.token(Purpose.UNDO, person, about=1, now=NOON)
    await access.undo(world.store, world.links, undo, now=NOON)

    assert b"Your answers were changed" in mails[-1].data
    assert claimed.person.answers == NONE
    assert (await ada(world)).person.answers == ILL


async def test_the_same_answers_claimed_once_more_are_no_change(world):
    person = await left(world)

    await pressed(world, await asked(world, ILL), BROWSER)

    async with world.store.transaction() as tx:
        assert await tx.changes.of(person) == ()


@pytest.mark.parametrize("way", ["the mail", "the page"])
async def test_a_list_s_answers_that_are_put_back_are_the_list_s_again(world, way):
    known = Person(address=ADA, answers=ILL)
    await enrol.enrol(
        world.store, known, evening(), language="en", evidence="clinic", now=NOON
    )
    person = (await ada(world)).id
    session = await opened(world, person)
    change = Change(evening=evening(), answers=NONE)
    await preferences.change(world.store, session, change, now=NOON)
    own = await ada(world)

    if way == "the mail":
        undo = world.links.token(Purpose.UNDO, person, about=1, now=NOON)
        await access.undo(world.store, world.links, undo, now=NOON)
    else:
        await access.put_back(world.store, session, 1, now=NOON)

    found = await ada(world)
    assert (own.person.answers, own.given_by) == (NONE, GivenBy.PERSON)
    assert (found.person.answers, found.given_by) == (ILL, GivenBy.LIST)


async def test_a_sign_up_of_the_same_browser_replaces_the_earlier_one(world):
    first = await asked(world, NONE)
    changed = replace(BROWSER, code="7777")
    second = await asked(world, ILL, changed)

    for token in (first, second):
        assert (await looked(world, token, changed)).own.answers == ILL
    assert (await pressed(world, first, CODE)).claim is Claim.WRONG
    await pressed(world, second, Proof(code="7777"))

    assert b"ANOTHER SIGN-UP" not in world.catcher.mails[-1].data
    assert (await ada(world)).person.answers == ILL
    async with world.store.transaction() as tx:
        assert await tx.signups.of(ADA) == ()


async def test_a_form_that_is_looked_up_late_does_not_replace_a_newer_one(
    world, database_url
):
    older, newer = (
        world.form(ADA, answers=NONE),
        world.form(ADA, answers=ILL, proof=replace(BROWSER, code="7777")),
    )
    await requests.take(world.store, older, now=NOON)
    await raw(database_url, "UPDATE request SET not_before = not_before + '1 minute'")
    for form in (newer, None):
        if form:
            await requests.take(
                world.store, form, now=world.clock.now() + timedelta(seconds=30)
            )
        await world.passes(timedelta(minutes=1))
        await requests.answer(world.store, limit=1, now=world.clock.now())

    token = world.token_mailed_to(await world.post(Lane.PRIORITY))
    welcome = await pressed(world, token, Proof(code="7777"))

    assert len(world.catcher.mails) == 1
    assert await raw(database_url, "SELECT FROM request") == []
    assert welcome.claim is Claim.COUNTS
    assert (await ada(world)).person.answers == ILL


async def test_two_links_of_one_address_pressed_at_once_make_one_subscriber(
    world, database_url
):
    links = [await asked(world), await asked(world, NONE, STRANGER)]

    async with world.store.transaction() as tx:
        await tx.signups.one_by_one(ADA)
        both = [asyncio.create_task(pressed(world, link, NO_PROOF)) for link in links]
        await blocked(database_url)
    welcomes = await asyncio.gather(*both)

    assert [welcome.claim for welcome in welcomes] == [Claim.NO_CODE] * 2
    assert (await ada(world)).given_by is GivenBy.NOBODY


async def test_whoever_was_not_asked_deletes_the_sign_up_at_once(world):
    await world.ask(ADA)
    async with world.store.transaction() as tx:
        (pending,) = await tx.signups.of(ADA)
    token = world.links.token(Purpose.CONFIRM, pending.id, now=NOON)

    for _ in range(2):
        await signup.delete(world.store, world.links, token, NO_PROOF, now=NOON)

    assert await world.post(Lane.PRIORITY) == ()
    with pytest.raises(BadLink):
        await looked(world, token, BROWSER)


async def test_who_gave_no_answers_yet_may_sign_up_once_more(world):
    await pressed(world, await asked(world), NO_PROOF)
    await world.passes(timedelta(days=1))

    token = await asked(world, ILL, STRANGER)
    welcome = await pressed(world, token, STRANGER)
    await world.asks_for(OwnLink(address=ADA))

    assert welcome.claim is Claim.COUNTS
    assert (await ada(world)).given_by is GivenBy.PERSON
    async with world.store.transaction() as tx:
        mails = await tx.dossier.mails((await ada(world)).id)
    assert Kind.MANAGE_LINK in [mail.kind for mail in mails]


async def test_answers_on_the_change_page_end_the_wait(world):
    await pressed(world, await asked(world), NO_PROOF)
    person = (await ada(world)).id
    session = await opened(world, person)

    change = Change(evening=evening(), answers=NONE)
    await preferences.change(world.store, session, change, now=NOON)

    found = await ada(world)
    assert (found.person.answers, found.given_by) == (NONE, GivenBy.PERSON)
    assert not (await planned(world)).is_unanswered


async def test_a_list_s_answers_count_and_are_not_the_person_s_own(world):
    await enrol.invite(
        world.store,
        Person(address=ADA, answers=ILL),
        evening(),
        language="en",
        mail_at=NOON,
        now=NOON,
    )
    token = world.token_mailed_to(await world.post(Lane.PRIORITY))

    seen = await looked(world, token, NO_PROOF)
    await pressed(world, token, NO_PROOF)

    assert (seen.claim, seen.own) == (Claim.COUNTS, None)
    assert (await ada(world)).given_by is GivenBy.LIST
    assert not (await planned(world)).is_unanswered


async def test_an_invitation_that_has_not_gone_out_is_kept_back_after_any_confirmation(
    world,
):
    await enrol.invite(
        world.store,
        Person(address=ADA, answers=ILL),
        evening(),
        language="en",
        mail_at=NOON + timedelta(hours=2),
        now=NOON,
    )
    await pressed(world, await asked(world), NO_PROOF)
    await world.passes(timedelta(hours=3))

    assert len(await world.post(Lane.PRIORITY)) == 1


async def test_answers_claimed_after_leaving_bring_nobody_back(world):
    token = await asked(world)
    await pressed(world, token, NO_PROOF)
    gone = world.links.token(Purpose.UNSUBSCRIBE, (await ada(world)).id, now=NOON)
    await preferences.unsubscribe(world.store, world.links, gone, now=NOON)

    welcome = await pressed(world, token, CODE)

    found = await ada(world)
    assert (welcome.claim, welcome.first_at) == (Claim.COUNTS, None)
    assert (found.status, found.person.answers) == (Status.STOPPED, ILL)
