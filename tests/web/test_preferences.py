"""What the link of a reminder opens, the answers behind a fresh one, and the way there."""

from datetime import date, timedelta

import pytest

from service.domain.outbox import Kind
from service.domain.risk import Tag
from service.domain.subscriber import Frequency, Status
from service.domain.tokens import Purpose
from service.flows.upkeep import upkeep
from tests.web.visits import ADDRESS, FORM, problems, words


async def test_the_page_shows_what_the_subscriber_answered(visitor, client):
    subscriber_id = await visitor.join()

    await visitor.opens_answers(subscriber_id)
    page = (await client.get("/manage/answers")).text

    assert 'value="fatigue" checked' in page
    assert 'value="med_statin" checked' in page
    assert 'name="conditions" value="none" checked' in page
    assert '<option value="GB" selected>' in page
    assert '<option value="19:00" selected>' in page
    assert "You last told us on Monday 23 November." in words(page)


async def test_silence_is_shown_as_silence(visitor, client):
    subscriber_id = await visitor.join()
    silent = dict.fromkeys(("causes", "conditions", "medicines"), "prefer_not")
    answers = {**FORM, **silent, "severe": "prefer_not", "stretching": "prefer_not"}
    await visitor.answers(subscriber_id, "save", **answers)

    await visitor.opens_answers(subscriber_id)
    page = (await client.get("/manage/answers")).text

    assert 'name="causes" value="not_sure" checked' in page
    for name in ("conditions", "medicines", "severe", "stretching"):
        assert f'name="{name}" value="prefer_not" checked' in page


async def test_new_answers_and_a_new_time_are_kept(visitor):
    subscriber_id = await visitor.join()

    answer = await visitor.answers(
        subscriber_id,
        "save",
        **{**FORM, "conditions": "kidney", "time": "20:30", "frequency": "second"},
    )

    found = await visitor.subscriber(subscriber_id)
    assert "Monday 23 November, at 20:30, London time" in words(answer.text)
    assert found.person.answers.conditions == (Tag.KIDNEY,)
    assert found.evening.minute == 20 * 60 + 30
    assert found.evening.frequency is Frequency.SECOND


async def test_a_slip_is_shown_beside_its_field_and_nothing_changes(visitor):
    subscriber_id = await visitor.join()
    before = await visitor.subscriber(subscriber_id)

    answer = await visitor.answers(
        subscriber_id, "save", **{**FORM, "zone": "Mars/Olympus"}
    )

    assert answer.status_code == 422
    assert problems(answer.text) == {"zone": "Choose the city nearest to you."}
    assert await visitor.subscriber(subscriber_id) == before


async def test_a_sign_that_needs_help_leads_to_care_and_reminders_rest(visitor):
    subscriber_id = await visitor.join()
    before = await visitor.subscriber(subscriber_id)

    answer = await visitor.answers(
        subscriber_id, "save", **{**FORM, "red_flags": "one_leg", "time": "21:00"}
    )

    after = await visitor.subscriber(subscriber_id)
    assert "Get help today" in words(answer.text)
    assert "Your reminders rest for 14 days" in words(answer.text)
    assert (after.status, after.paused_until) == (Status.PAUSED, date(2026, 12, 7))
    assert (after.person, after.evening) == (before.person, before.evening)


async def test_a_sign_leads_to_care_even_where_no_session_is_open(client):
    dead = {**FORM, "red_flags": "chest", "action": "save"}

    answer = await client.post("/manage/answers", data=dead)

    assert answer.status_code == 200
    assert "Call 999 now" in words(answer.text)
    assert "nothing has been changed" in words(answer.text)


async def test_a_sign_leads_to_care_even_while_the_database_is_away(cut_off):
    sent = {**FORM, "red_flags": "chest", "action": "save"}

    answer = await cut_off.post("/manage/answers", data=sent)

    assert answer.status_code == 200
    assert "Call 999 now" in words(answer.text)


async def test_nothing_has_changed_makes_the_answers_fresh(visitor, clock):
    subscriber_id = await visitor.join()
    clock.move(timedelta(days=25))

    answer = await visitor.answers(subscriber_id, "nothing_changed")

    found = await visitor.subscriber(subscriber_id)
    assert "Your answers count as fresh from today." in words(answer.text)
    assert found.person.answers.answered_on == date(2026, 12, 18)


async def test_a_pause_until_a_day(visitor, client):
    subscriber_id = await visitor.join()

    answer = await visitor.manage(subscriber_id, "pause", until="2026-12-24")

    token = visitor.token(Purpose.MANAGE, subscriber_id)
    page = await client.get("/manage", params={"token": token})
    found = await visitor.subscriber(subscriber_id)
    assert "Reminders come back on Thursday 24 December." in words(answer.text)
    assert "Reminders come back on Thursday 24 December." in words(page.text)
    assert (found.status, found.paused_until) == (Status.PAUSED, date(2026, 12, 24))


async def test_a_pause_that_ends_in_another_year_names_the_year(visitor, client):
    subscriber_id = await visitor.join()

    answer = await visitor.manage(subscriber_id, "pause", until="2027-12-24")

    token = visitor.token(Purpose.MANAGE, subscriber_id)
    page = await client.get("/manage", params={"token": token})
    assert "Reminders come back on Friday 24 December 2027." in words(answer.text)
    assert "Reminders come back on Friday 24 December 2027." in words(page.text)


async def test_a_pause_without_an_end_and_new_answers_meanwhile(visitor, client):
    subscriber_id = await visitor.join()

    paused = await visitor.manage(subscriber_id, "pause", until="")
    saved = await visitor.answers(subscriber_id, "save", **FORM)

    token = visitor.token(Purpose.MANAGE, subscriber_id)
    page = await client.get("/manage", params={"token": token})
    assert "No reminders until you come back" in words(paused.text)
    assert "None is planned while you take a break." in words(saved.text)
    assert "Reminders come back when you say so." in words(page.text)


@pytest.mark.parametrize("typed", ["2026-11-23", "2020-01-01", "soon", "2199-01-01"])
async def test_a_pause_must_end_in_the_next_two_years(visitor, typed):
    subscriber_id = await visitor.join()

    answer = await visitor.manage(subscriber_id, "pause", until=typed)

    found = await visitor.subscriber(subscriber_id)
    assert answer.status_code == 422
    assert list(problems(answer.text)) == ["until"]
    assert found.status is Status.ACTIVE


async def test_coming_back_names_the_next_evening(visitor):
    subscriber_id = await visitor.join()
    await visitor.manage(subscriber_id, "pause", until="")

    answer = await visitor.manage(subscriber_id, "resume")

    found = await visitor.subscriber(subscriber_id)
    assert "Welcome back" in words(answer.text)
    assert "tonight, Monday 23 November, at 19:00" in words(answer.text)
    assert found.status is Status.ACTIVE


async def test_an_unknown_action_shows_the_page_again(visitor):
    subscriber_id = await visitor.join()

    answer = await visitor.manage(subscriber_id, "explode")

    assert answer.status_code == 200
    assert "Time and days" in words(answer.text)


@pytest.mark.parametrize(
    "action", ["evening", "pause", "resume", "fresh_link", "explode"]
)
async def test_a_bad_link_changes_nothing_and_says_what_to_do(client, action):
    answer = await client.post(
        "/manage", data={**FORM, "action": action, "token": "made.up"}
    )
    hasty = await client.post("/manage", data={"action": action, "token": "made.up"})
    shown = await client.get("/manage", params={"token": "made.up"})

    assert {answer.status_code, shown.status_code, hasty.status_code} == {410}
    assert "Ask for a fresh link" in words(answer.text)


async def test_a_subscriber_is_mailed_their_link_and_a_stranger_nothing(
    visitor, client, site
):
    subscriber_id = await visitor.join()
    known = await client.post("/manage/link", data={"email": ADDRESS})
    mails = await visitor.mails()
    unknown = await client.post("/manage/link", data={"email": "nobody@example.org"})
    await upkeep(site.store, now=site.clock.now())

    assert [(m.kind, m.subscriber_id) for m in mails] == [
        (Kind.MANAGE_LINK, subscriber_id)
    ]
    assert known.text.replace(ADDRESS, "nobody@example.org") == unknown.text
    assert await visitor.mails() == ()


async def test_the_link_form_asks_again_for_what_is_no_address(client):
    shown = await client.get("/manage")
    answer = await client.post("/manage/link", data={"email": "ada"})

    assert "Send me my link" in words(shown.text)
    assert answer.status_code == 422
    assert list(problems(answer.text)) == ["email"]


async def test_a_program_gets_no_link_mailed(visitor, client):
    await visitor.join()

    await client.post("/manage/link", data={"email": ADDRESS, "website": "x"})

    assert await visitor.mails() == ()
