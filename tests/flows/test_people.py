"""What an operator can do for one person, and what is noted of it."""

from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.audit import Act
from service.domain.outbox import Kind, Lane, State
from service.domain.refusals import Verdict
from service.domain.subscriber import Status
from service.flows import people, privacy
from service.flows.people import Known, NoSuchPerson, NotPossible, Waiting
from service.flows.privacy import NothingKept
from service.store.suppression import Reason
from tests.builders import NOON, TODAY, answers, refused

ADA = "ada@example.org"
BY = "op"
A_DAY = timedelta(days=1)


async def acts(world):
    async with world.store.transaction() as tx:
        found = await tx.audit.newest(operator=BY, before=100, limit=50)
    return [
        (entry.act, entry.subscriber_id, entry.details) for entry in reversed(found)
    ]


async def look(world, number) -> Known:
    found = await people.look(world.store, number, now=world.clock.now())
    assert isinstance(found, Known)
    return found


async def find(world, address):
    return await people.find(world.store, address, by=BY, now=world.clock.now())


async def act(world, do, number, *given):
    return await do(world.store, number, *given, by=BY, now=world.clock.now())


async def test_a_subscriber_is_found_by_their_address_however_written(world):
    number = await world.join()

    found = await find(world, "ADA@Example.org")

    assert (found.subscriber, found.waiting, found.suppressed) == (number, (), None)
    assert await acts(world) == [(Act.PERSON_LOOKED_UP, number, "")]


async def test_a_look_for_nobody_is_noted_without_the_address(world):
    found = await find(world, "nobody@example.org")

    assert (found.subscriber, found.waiting, found.suppressed) == (None, (), None)
    assert await acts(world) == [(Act.PERSON_LOOKED_UP, None, "")]


async def test_a_sign_up_that_waits_is_found_and_looked_at(world):
    await world.ask()
    (number,) = (await find(world, ADA)).waiting

    found = await people.look(world.store, number, now=world.clock.now())

    assert isinstance(found, Waiting)
    assert found.expires_at == NOON + timedelta(days=7)
    assert [mail.kind for mail in found.mails] == [Kind.CONFIRMATION]


async def test_the_page_of_a_person_says_how_they_fare_and_nothing_they_answered(world):
    number = await world.join(answers=answers(causes=["alcohol"]))
    await world.evenings(2)
    async with world.store.transaction() as tx:
        await tx.refusals.note(refused(number))

    found = await look(world, number)

    assert found.status is Status.ACTIVE
    assert [(night.night, night.outcome) for night in found.nights] == [
        (TODAY + A_DAY, State.SENT),
        (TODAY, State.SENT),
    ]
    assert [one.what for one in found.consents] == ["general", "health", "mail"]
    assert [(one.night, one.verdict) for one in found.refusals] == [
        (TODAY, Verdict.UNDELIVERED)
    ]
    assert not found.was_refused
    assert ADA not in repr(found)
    assert "alcohol" not in repr(found)


async def test_nights_that_the_queue_let_go_of_keep_their_outcome(world):
    number = await world.join()
    await world.evenings(6)

    found = await look(world, number)

    assert [night.night for night in found.nights] == [
        TODAY + days * A_DAY for days in range(5, -1, -1)
    ]
    assert {night.outcome for night in found.nights} == {State.SENT}


async def test_what_is_sealed_is_opened_with_a_note(world):
    number = await world.join(answers=answers(causes=["alcohol"]))
    await world.evenings(1)

    opened = await act(world, people.open_up, number)

    assert opened.person.address == ADA
    assert opened.person.answers.causes == ("alcohol",)
    assert "U8" in [tip.id for tip in opened.tips[TODAY]]
    assert await acts(world) == [(Act.ANSWERS_SEEN, number, "")]


async def test_a_person_gets_their_link_once_a_day(world):
    number = await world.join()

    assert await act(world, people.send_link, number)
    assert not await act(world, people.send_link, number)

    mails = await world.post(Lane.PRIORITY)
    assert len(mails) == 2
    assert mails[-1].recipients == (ADA,)


async def test_a_break_holds_back_tonight_and_ends_with_the_next_evening(world):
    number = await world.join()

    await act(world, people.pause, number, TODAY + 30 * A_DAY)
    paused = await look(world, number)
    await world.evenings(1)
    await act(world, people.resume, number)
    resumed = await look(world, number)

    assert (paused.status, paused.next_due_at) == (Status.PAUSED, None)
    assert paused.paused_until == TODAY + 30 * A_DAY
    assert paused.nights == ()
    assert resumed.status is Status.ACTIVE
    assert resumed.next_due_at is not None
    assert resumed.next_due_at > world.clock.now()
    assert [act for act, _, _ in await acts(world)] == [
        Act.PERSON_PAUSED,
        Act.PERSON_RESUMED,
    ]


async def test_who_had_tonight_s_reminder_already_is_next_due_tomorrow(world):
    number = await world.join()
    await world.run(hours=7, minutes=4)
    await act(world, people.pause, number, None)

    await world.passes(timedelta(minutes=-8))
    await act(world, people.resume, number)

    found = await look(world, number)
    assert found.next_due_at is not None
    assert found.next_due_at.date() == TODAY + A_DAY


async def test_whoever_asked_for_no_more_mail_gets_none_and_can_come_back(world):
    number = await world.join()

    await act(world, people.suppress, number, Reason.UNSUBSCRIBED)
    first = (await look(world, number)).stopped_at
    await world.passes(A_DAY)
    await act(world, people.suppress, number, Reason.UNSUBSCRIBED)

    found = await look(world, number)
    assert (found.status, found.stopped_at) == (Status.STOPPED, first)
    assert found.suppressed is not None
    assert found.suppressed.reason is Reason.UNSUBSCRIBED
    assert all(one.withdrawn_at for one in found.consents)
    await world.join()
    assert (await look(world, number)).status is Status.ACTIVE


async def test_whoever_complained_gets_no_mail_for_good(world):
    number = await world.join()

    await act(world, people.suppress, number, Reason.COMPLAINT)

    found = await look(world, number)
    assert found.status is Status.SUPPRESSED
    assert await acts(world) == [(Act.PERSON_SUPPRESSED, number, "complaint")]
    before = len(world.catcher.mails)
    await world.ask()
    assert len(await world.post(Lane.PRIORITY)) == before


@pytest.mark.parametrize(
    ("do", "given"),
    [
        (people.send_link, ()),
        (people.pause, (None,)),
        (people.resume, ()),
        (people.suppress, (Reason.UNSUBSCRIBED,)),
    ],
)
async def test_an_act_that_does_not_fit_the_person_is_refused_and_not_noted(
    world, do, given
):
    number = await world.join()
    async with world.store.transaction() as tx:
        await tx.feedback.complained(number, now=NOON)

    with pytest.raises(NotPossible, match="suppressed"):
        await act(world, do, number, *given)
    assert await acts(world) == []


@pytest.mark.parametrize(
    ("do", "given"),
    [
        (people.open_up, ()),
        (people.send_link, ()),
        (people.pause, (None,)),
        (people.resume, ()),
        (people.suppress, (Reason.UNSUBSCRIBED,)),
        (people.suppress, (Reason.COMPLAINT,)),
    ],
)
async def test_nobody_is_there_to_act_on(world, do, given):
    with pytest.raises(NoSuchPerson):
        await act(world, do, 12345, *given)
    with pytest.raises(NoSuchPerson):
        await people.look(world.store, 12345, now=NOON)


async def exported(world, number):
    return await privacy.export(
        world.store, world.library, number, by=BY, now=world.clock.now()
    )


async def test_the_export_holds_all_there_is_with_tips_in_words(world):
    number = await world.join(answers=answers(causes=["alcohol"]))
    await world.evenings(1)

    told = await exported(world, number)

    assert (told["number"], told["address"], told["status"]) == (number, ADA, "active")
    assert told["answers"]["causes"] == ["alcohol"]
    assert told["evening"] == {
        "time_zone": "Europe/London",
        "time_zone_confirmed": False,
        "time": "19:00",
        "frequency": "every",
    }
    assert [one["to"] for one in told["consents"]] == ["general", "health", "mail"]
    (night,) = told["nights"]
    assert night["night"] == TODAY.isoformat()
    assert all(tip["words"] for tip in night["choice"]["tips"])
    kinds = {mail["kind"] for mail in told["mails_of_the_last_nights"]}
    assert kinds == {"confirmation", "reminder"}
    assert (told["gets_no_mail"], told["paused_until"]) == (None, None)
    assert await acts(world) == [(Act.PERSON_EXPORTED, number, "")]


async def test_the_export_says_that_somebody_gets_no_mail(world):
    number = await world.join()
    await act(world, people.suppress, number, Reason.UNSUBSCRIBED)

    told = await exported(world, number)

    assert told["gets_no_mail"] == {"reason": "unsubscribed", "since": NOON.isoformat()}


async def test_a_tip_that_left_the_catalogue_is_exported_by_its_number(world):
    number = await world.join()
    await world.evenings(1)
    words = {
        language: {tip: said for tip, said in known.items() if tip != "U8"}
        for language, known in world.library.words_by_language.items()
    }
    smaller = replace(world.library, words_by_language=words)

    told = await privacy.export(world.store, smaller, number, by=BY, now=NOON)

    (fixed,) = [t for t in told["nights"][0]["choice"]["tips"] if t["id"] == "U8"]
    assert "words" not in fixed


async def test_a_sign_up_that_waits_is_exported_without_the_answers(world):
    await world.ask()
    (number,) = (await find(world, ADA)).waiting

    told = await exported(world, number)

    assert told["status"] == "waits for confirmation"
    assert told["agreed_to"] == ["health", "mail", "general"]
    assert told["address"] == ADA
    assert told["answers"] is None


async def test_erasing_leaves_the_hash_and_the_note_alone(world):
    number = await world.join()
    await world.evenings(1)

    await act(world, privacy.erase, number)

    found = await find(world, ADA)
    assert (found.subscriber, found.waiting) == (None, ())
    assert found.suppressed is not None
    assert found.suppressed.reason is Reason.ERASED
    async with world.store.transaction() as tx:
        assert await tx.dossier.mails(number) == ()
        assert await tx.nights.last(number, since=TODAY - A_DAY, limit=9) == ()
        assert await tx.consents.of(number) == ()
    assert (Act.PERSON_ERASED, number, "") in await acts(world)
    with pytest.raises(NothingKept):
        await act(world, privacy.erase, number)
    with pytest.raises(NothingKept):
        await exported(world, number)


async def test_erasing_a_sign_up_erases_all_that_has_its_address(world):
    number = await world.join()
    await act(world, people.suppress, number, Reason.UNSUBSCRIBED)
    await world.ask()
    (waiting,) = (await find(world, ADA)).waiting

    await act(world, privacy.erase, waiting)

    found = await find(world, ADA)
    assert (found.subscriber, found.waiting) == (None, ())
    async with world.store.transaction() as tx:
        assert await tx.dossier.mails(waiting) == ()


async def test_the_address_of_somebody_erased_may_come_back(world):
    number = await world.join()
    await act(world, privacy.erase, number)

    assert await world.join() != number


async def test_a_sign_up_whose_address_nobody_else_has_is_erased(world):
    await world.ask()
    (number,) = (await find(world, ADA)).waiting

    await act(world, privacy.erase, number)

    assert (await find(world, ADA)).waiting == ()
