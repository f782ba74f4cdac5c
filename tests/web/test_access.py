"""A forwarded reminder, the fresh link, its session, and a change that is undone."""

import re
from dataclasses import replace
from datetime import timedelta

import pytest

from service.domain.outbox import Kind
from service.domain.risk import Tag
from service.domain.subscriber import Status
from service.domain.tokens import Purpose
from service.flows.upkeep import upkeep
from service.web.app import create_app
from tests.conftest import stop_clock
from tests.domain.test_tokens import signed
from tests.web.visits import ADDRESS, FORM, browsing, problems, words

#: What nobody may learn from a mail that was passed on to them.
PRIVATE = re.compile(r"fatigue|dehydrat|statin|kidney|ada@|alc_|pregnan", re.IGNORECASE)
COOKIE = "__Host-eventide-page"


def token_of(site, purpose, person, **named):
    return site.links.token(purpose, person, now=site.clock.now(), **named)


async def opened(client, site, person, **named):
    token = token_of(site, Purpose.FRESH, person, **named)
    return await client.post("/manage/open", data={"token": token})


async def cleared_up(site):
    """What a worker does twice a minute, for the database at the same time."""
    await stop_clock(site.store, site.clock.now())
    await upkeep(site.store, now=site.clock.now())


async def undone(client, site, person, change=1):
    token = token_of(site, Purpose.UNDO, person, about=change)
    return await client.post("/manage/undo", data={"token": token})


async def test_the_link_of_a_reminder_shows_no_answer_and_no_address(
    visitor, client, site
):
    person = await visitor.join()

    token = token_of(site, Purpose.MANAGE, person)
    page = await client.get("/manage", params={"token": token})

    assert page.status_code == 200
    assert '<option value="19:00" selected>' in page.text
    assert not PRIVATE.search(page.text)


@pytest.mark.parametrize("action", ["save", "nothing_changed", "put_back", "end_links"])
async def test_the_link_of_a_reminder_changes_no_answer(visitor, action):
    person = await visitor.join()
    before = await visitor.subscriber(person)

    typed = {**FORM, "conditions": "kidney", "change": "1"}
    page = await visitor.manage(person, action, **typed)

    assert not PRIVATE.search(page.text)
    assert await visitor.subscriber(person) == before


async def test_the_link_of_a_reminder_changes_time_and_days(visitor):
    person = await visitor.join()
    before = await visitor.subscriber(person)

    page = await visitor.manage(
        person, "evening", zone="", time="20:30", frequency="second"
    )

    found = await visitor.subscriber(person)
    assert "Monday 23 November, at 20:30, London time" in words(page.text)
    assert (found.evening.minute, found.evening.frequency) == (20 * 60 + 30, "second")
    assert found.evening.zone == "Europe/London"
    assert found.person == before.person
    assert [mail.kind for mail in await visitor.mails()] == []


async def test_the_link_of_a_reminder_changes_the_zone(visitor):
    person = await visitor.join(country="US", zone="America/New_York")

    typed = {"time": "19:00", "frequency": "every"}
    await visitor.manage(person, "evening", zone="America/Denver", **typed)
    found = await visitor.subscriber(person)
    slip = await visitor.manage(person, "evening", zone="Mars/Olympus", **typed)

    assert found.evening.zone == "America/Denver"
    assert slip.status_code == 422
    assert problems(slip.text) == {"zone": "Choose the city nearest to you."}
    assert await visitor.subscriber(person) == found


async def test_time_and_days_can_be_changed_in_a_break(visitor):
    person = await visitor.join()
    await visitor.manage(person, "pause", until="")

    page = await visitor.manage(
        person, "evening", zone="", time="20:30", frequency="every"
    )

    assert "None is planned while you take a break." in words(page.text)


async def test_one_press_asks_for_a_fresh_link_and_does_not_say_where_it_goes(visitor):
    person = await visitor.join()

    page = await visitor.manage(person, "fresh_link")

    (mail,) = await visitor.mails()
    assert "A mail with a fresh link is on its way" in words(page.text)
    assert ADDRESS not in page.text
    assert (mail.kind, mail.subscriber_id) == (Kind.MANAGE_LINK, person)
    assert ADDRESS in mail.payload


async def test_a_few_fresh_links_are_mailed_in_a_day_and_then_no_more(visitor):
    person = await visitor.join()

    pages = [await visitor.manage(person, "fresh_link") for _ in range(4)]

    assert [page.status_code for page in pages] == [200, 200, 200, 429]
    assert "Use the newest" in words(pages[-1].text)
    assert len(await visitor.mails()) == 3


async def test_to_look_at_a_fresh_link_opens_nothing(visitor, client, site):
    person = await visitor.join()
    url = site.links.url(Purpose.FRESH, person, now=site.clock.now())

    shown = await client.get(url)
    await client.head(url)
    again = await client.get(url)

    assert "Open my answers" in words(shown.text)
    assert not PRIVATE.search(shown.text)
    assert again.status_code == 200
    assert COOKIE not in client.cookies
    assert (await client.get("/manage/answers")).status_code == 403


async def test_the_press_opens_the_answers_on_this_browser_alone(visitor, client, site):
    person = await visitor.join()

    answer = await opened(client, site, person)
    page = await client.get("/manage/answers")
    async with browsing(create_app(site)) as other:
        elsewhere = await other.get("/manage/answers")

    cookie = answer.headers["Set-Cookie"]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/manage/answers")
    assert cookie.startswith(f"{COOKIE}=")
    for part in ("HttpOnly", "Secure", "SameSite=lax", "Path=/", "Max-Age=3600"):
        assert part in cookie
    assert ADDRESS in page.text
    assert 'value="med_statin" checked' in page.text
    assert elsewhere.status_code == 403
    assert not PRIVATE.search(elsewhere.text)


async def test_over_plain_http_the_cookie_has_a_plain_name(visitor, site):
    person = await visitor.join()
    async with browsing(create_app(replace(site, base_url="http://localhost"))) as near:
        answer = await opened(near, site, person)

    assert answer.headers["Set-Cookie"].startswith("eventide-page=")
    assert "Secure" not in answer.headers["Set-Cookie"]


async def test_a_fresh_link_is_pressed_once(visitor, client, site):
    person = await visitor.join()
    token = token_of(site, Purpose.FRESH, person)
    await client.post("/manage/open", data={"token": token})

    again = await client.post("/manage/open", data={"token": token})
    shown = await client.get("/manage/open", params={"token": token})

    assert (again.status_code, shown.status_code) == (410, 410)


async def test_a_fresh_link_is_too_old_after_a_day(visitor, client, site, clock):
    person = await visitor.join()
    token = token_of(site, Purpose.FRESH, person)
    clock.move(timedelta(hours=24, minutes=1))

    page = await client.post("/manage/open", data={"token": token})
    shown = await client.get("/manage/open", params={"token": token})

    assert (page.status_code, shown.status_code) == (410, 410)


async def test_a_link_stays_pressed_for_as_long_as_it_could_work(
    visitor, client, site, clock
):
    person = await visitor.join()
    token = token_of(site, Purpose.FRESH, person)
    await client.post("/manage/open", data={"token": token})
    clock.move(timedelta(hours=23))
    await cleared_up(site)

    again = await client.post("/manage/open", data={"token": token})

    assert again.status_code == 410


async def test_a_session_is_over_after_an_hour_and_what_was_typed_is_kept(
    visitor, client, site, clock
):
    person = await visitor.join()
    await opened(client, site, person)
    clock.move(timedelta(hours=1, seconds=1))
    typed = {**FORM, "conditions": "kidney"}

    # The browser forgets the cookie at the same moment; here one keeps it.
    late = await visitor.presses(person, "save", **typed)
    kept = dict(re.findall(r'name="(\w+)" value="([^"]*)"', late.text))
    await opened(client, site, person, about=2)
    saved = await client.post("/manage/answers", data={**typed, **kept})

    assert late.status_code == 403
    assert "What you filled in is still here." in words(late.text)
    assert kept["conditions"] == "kidney"
    assert "Your answers are saved" in words(saved.text)


@pytest.mark.parametrize("action", ["save", "nothing_changed", "put_back", "end_links"])
async def test_the_page_of_one_person_changes_nothing_in_the_session_of_another(
    visitor, client, action
):
    ada = await visitor.join()
    bert = await visitor.join(email="bert@example.org", conditions="kidney")
    before = [await visitor.subscriber(person) for person in (ada, bert)]
    await visitor.opens_answers(bert)

    answer = await visitor.presses(ada, action, **FORM, change="1")
    silent = await client.post("/manage/answers", data={**FORM, "action": action})

    assert (answer.status_code, silent.status_code) == (403, 403)
    assert "What you filled in is still here" not in words(answer.text)
    assert [await visitor.subscriber(person) for person in (ada, bert)] == before


async def test_a_sign_on_the_page_of_one_person_leaves_another_s_reminders_alone(
    visitor,
):
    ada = await visitor.join()
    bert = await visitor.join(email="bert@example.org")
    await visitor.opens_answers(bert)

    answer = await visitor.presses(ada, "save", **{**FORM, "red_flags": "chest"})

    assert "Call 999 now" in words(answer.text)
    assert "nothing has been changed" in words(answer.text)
    assert (await visitor.subscriber(bert)).status is Status.ACTIVE


async def test_the_page_can_be_closed(visitor, client, site):
    person = await visitor.join()
    await opened(client, site, person)
    session = client.cookies[COOKIE]

    answer = await client.post("/manage/answers", data={"action": "leave"})

    client.cookies.set(COOKIE, session, domain="eventide.example", path="/")
    assert "Nobody can see your answers on this browser" in words(answer.text)
    assert "Max-Age=0" in answer.headers["Set-Cookie"]
    assert (await client.get("/manage/answers")).status_code == 403


async def test_with_a_session_the_page_of_a_reminder_leads_to_the_answers(
    visitor, client, site
):
    person, other = await visitor.join(), await visitor.join(email="bob@example.org")
    await opened(client, site, person)

    own = await client.get(site.links.url(Purpose.MANAGE, person, now=site.clock.now()))
    not_own = await client.get(
        site.links.url(Purpose.MANAGE, other, now=site.clock.now())
    )

    assert 'href="/manage/answers"' in own.text
    assert 'href="/manage/answers"' not in not_own.text


async def test_end_all_my_links_ends_all_but_unsubscribe(visitor, client, site):
    person = await visitor.join()
    tokens = {purpose: token_of(site, purpose, person, about=2) for purpose in Purpose}
    await opened(client, site, person)
    session = client.cookies[COOKIE]

    answer = await visitor.presses(person, "end_links")

    client.cookies.set(COOKIE, session, domain="eventide.example", path="/")
    assert "Your links are ended" in words(answer.text)
    assert (await client.get("/manage/answers")).status_code == 403
    for page, purpose in [
        ("/manage", Purpose.MANAGE),
        ("/manage/open", Purpose.FRESH),
        ("/manage/question", Purpose.QUESTION),
    ]:
        shown = await client.get(page, params={"token": tokens[purpose]})
        assert shown.status_code == 410, page
    old = {"token": signed(Purpose.MANAGE, person)}
    assert (await client.get("/manage", params=old)).status_code == 410
    mails = await client.post("/manage", data={**old, "action": "fresh_link"})
    assert mails.status_code == 410
    one_click = await client.post(
        "/unsubscribe",
        params={"token": tokens[Purpose.UNSUBSCRIBE]},
        data={"List-Unsubscribe": "One-Click"},
    )
    assert one_click.status_code == 200
    assert (await visitor.subscriber(person)).status is Status.STOPPED


async def test_after_links_were_ended_new_ones_work(visitor, client, site):
    person = await visitor.join()
    await visitor.answers(person, "end_links")

    token = token_of(site, Purpose.MANAGE, person, generation=1)
    page = await client.get("/manage", params={"token": token})

    assert page.status_code == 200


async def test_a_manage_link_of_an_earlier_release_only_asks_for_a_fresh_one(
    visitor, client
):
    person = await visitor.join()
    before = await visitor.subscriber(person)
    old = signed(Purpose.MANAGE, person)

    page = await client.get("/manage", params={"token": old})
    paused = await client.post(
        "/manage", data={"token": old, "action": "pause", "until": ""}
    )
    asked = await client.post("/manage", data={"token": old, "action": "fresh_link"})

    (mail,) = await visitor.mails()
    assert page.status_code == 410
    assert "Send me a fresh link" in words(page.text)
    assert not PRIVATE.search(page.text)
    assert paused.status_code == 410
    assert await visitor.subscriber(person) == before
    assert asked.status_code == 200
    assert mail.kind is Kind.MANAGE_LINK


async def test_unsubscribe_links_of_an_earlier_release_work(visitor, client):
    person = await visitor.join()
    old = signed(Purpose.UNSUBSCRIBE, person)

    await client.post("/unsubscribe", data={"token": old})

    assert (await visitor.subscriber(person)).status is Status.STOPPED


async def test_a_change_of_answers_is_told_by_a_mail(visitor):
    person = await visitor.join()

    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})

    (mail,) = await visitor.mails()
    assert (mail.kind, mail.subscriber_id) == (Kind.ANSWERED, person)
    assert "kidney" not in mail.payload


async def test_the_same_answers_or_another_time_are_no_change_of_answers(visitor):
    person = await visitor.join()

    await visitor.answers(person, "save", **{**FORM, "time": "21:00"})
    await visitor.answers(person, "nothing_changed")

    assert await visitor.mails() == ()


async def test_a_change_that_no_mail_could_tell_of_is_not_kept(visitor):
    person = await visitor.join()
    for drink in ("alc_none", "alc_high", "alc_recovery"):
        await visitor.answers(person, "save", **{**FORM, "alcohol": drink})

    page = await visitor.answers(person, "save", **{**FORM, "alcohol": "alc_low"})
    back = await visitor.answers(person, "put_back", change="1")

    found = await visitor.subscriber(person)
    assert (page.status_code, back.status_code) == (422, 422)
    assert 'value="alc_low" checked' in page.text
    assert "changed several times today" in words(page.text)
    assert found.person.answers.alcohol is Tag.ALC_RECOVERY


async def test_this_was_not_me_undoes_the_change_and_ends_what_was_open(
    visitor, client, site
):
    person = await visitor.join()
    before = await visitor.subscriber(person)
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await visitor.mails()

    token = token_of(site, Purpose.UNDO, person, about=1)
    shown = await client.get("/manage/undo", params={"token": token})
    page = await client.post("/manage/undo", data={"token": token})

    after = await visitor.subscriber(person)
    (mail,) = await visitor.mails()
    assert "Undo the change" in words(shown.text)
    assert "The change is undone" in words(page.text)
    for seen in (shown, page):
        assert not PRIVATE.search(seen.text)
    assert after.person == before.person
    assert after.generation == before.generation + 1
    assert (await client.get("/manage/answers")).status_code == 403
    old = {"token": token_of(site, Purpose.MANAGE, person)}
    assert (await client.get("/manage", params=old)).status_code == 410
    assert (mail.kind, "undone" in mail.payload) == (Kind.MANAGE_LINK, True)


async def test_an_undo_is_done_once(visitor, client, site):
    person = await visitor.join()
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await undone(client, site, person)
    before = await visitor.subscriber(person)

    again = await undone(client, site, person)
    token = token_of(site, Purpose.UNDO, person, about=1)
    shown = await client.get("/manage/undo", params={"token": token})

    assert "The change is undone" in words(again.text)
    assert "The change is undone" in words(shown.text)
    assert await visitor.subscriber(person) == before


async def test_whoever_changed_answers_cannot_end_the_link_that_undoes_it(
    visitor, client, site
):
    person = await visitor.join()
    before = await visitor.subscriber(person)
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await visitor.presses(person, "end_links")

    page = await undone(client, site, person)

    assert page.status_code == 200
    assert (await visitor.subscriber(person)).person == before.person


async def test_a_change_can_be_undone_for_14_days(visitor, client, site, clock):
    person = await visitor.join()
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    token = token_of(site, Purpose.UNDO, person, about=1)
    clock.move(timedelta(days=13, hours=23))
    await cleared_up(site)

    early = await client.get("/manage/undo", params={"token": token})
    clock.move(timedelta(hours=2))
    await cleared_up(site)
    late = await client.post("/manage/undo", data={"token": token})
    await visitor.opens_answers(person)
    page = await client.get("/manage/answers")

    assert "Undo the change" in words(early.text)
    assert late.status_code == 410
    assert "Changes of the last 14 days" not in words(page.text)


@pytest.mark.parametrize("change", [0, 2, 4711])
async def test_a_link_to_no_change_of_theirs_undoes_nothing(
    visitor, client, site, change
):
    person, other = await visitor.join(), await visitor.join(email="bob@example.org")
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await visitor.answers(other, "save", **{**FORM, "conditions": "liver"})
    before = await visitor.subscriber(person)
    token = token_of(site, Purpose.UNDO, person, about=change)

    shown = await client.get("/manage/undo", params={"token": token})
    page = await client.post("/manage/undo", data={"token": token})

    assert (shown.status_code, page.status_code) == (410, 410)
    assert await visitor.subscriber(person) == before


async def test_a_link_to_nobody_undoes_nothing(client, site):
    token = token_of(site, Purpose.UNDO, 4711, about=1)

    shown = await client.get("/manage/undo", params={"token": token})
    page = await client.post("/manage/undo", data={"token": token})

    assert (shown.status_code, page.status_code) == (410, 410)


async def test_who_left_is_mailed_no_link_after_an_undo(visitor, client, site):
    person = await visitor.join()
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await visitor.mails()
    leave = visitor.token(Purpose.UNSUBSCRIBE, person)
    await client.post("/unsubscribe", data={"token": leave})

    await undone(client, site, person)

    assert await visitor.mails() == ()


async def test_the_own_page_puts_answers_back_and_a_mail_tells_of_it(visitor, client):
    person = await visitor.join()
    before = await visitor.subscriber(person)
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    await visitor.mails()
    page = await client.get("/manage/answers")

    done = await visitor.presses(person, "put_back", change="1")
    twice = await visitor.presses(person, "put_back", change="1")

    after = await visitor.subscriber(person)
    assert "Back to before Monday 23 November at 12:00" in words(page.text)
    for answer in (done, twice):
        assert "Your answers are back" in words(answer.text)
    assert (after.person, after.generation) == (before.person, before.generation)
    assert [mail.kind for mail in await visitor.mails()] == [Kind.ANSWERED]


@pytest.mark.parametrize("change", ["", "x", "2"])
async def test_a_change_that_is_not_theirs_puts_nothing_back(visitor, change):
    person = await visitor.join()
    await visitor.answers(person, "save", **{**FORM, "conditions": "kidney"})
    before = await visitor.subscriber(person)

    await visitor.answers(person, "put_back", change=change)

    assert await visitor.subscriber(person) == before


async def test_who_left_opens_no_answers(visitor, client, site):
    person = await visitor.join()
    await opened(client, site, person)
    leave = visitor.token(Purpose.UNSUBSCRIBE, person)
    await client.post("/unsubscribe", data={"token": leave})

    page = await client.get("/manage/answers")
    fresh = await opened(client, site, person, about=2)

    assert (page.status_code, fresh.status_code) == (403, 410)
