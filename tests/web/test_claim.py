"""The pages of a sign-up: what each browser is shown, and what it may do."""

import re

import httpx
import pytest

from service.domain.records import confirmation_from_json
from service.domain.subscriber import GivenBy, Person
from service.domain.tokens import Purpose
from service.flows import enrol
from service.web.app import create_app
from tests.builders import answers, evening
from tests.web.test_signup import CODE
from tests.web.visits import ADDRESS, Visitor, browsing, form, words

STATIN = "A statin"
COOKIE = "__Host-eventide-form"


@pytest.fixture
async def elsewhere(site):
    """Another browser on the same site."""
    async with browsing(create_app(site)) as client:
        yield client


async def mailed(visitor: Visitor) -> tuple[str, str]:
    """Sign up; the token of the mail, and the code on the page."""
    page = await visitor.sign_up()
    mail = (await visitor.mails())[-1]
    (shown,) = CODE.findall(page.text)
    return visitor.token(Purpose.CONFIRM, mail.subscriber_id), words(shown)


async def looks(client: httpx.AsyncClient, token: str) -> str:
    page = await client.get("/confirm", params={"token": token})
    assert page.status_code == 200
    return page.text


async def presses(client: httpx.AsyncClient, token: str, **typed: str) -> str:
    page = await client.post("/confirm", data={"token": token, **typed})
    assert page.status_code == 200
    return words(page.text)


async def test_the_cookie_is_for_this_site_alone_and_lives_as_long_as_answers_wait(
    visitor,
):
    answer = await visitor.sign_up()

    cookie = answer.headers["Set-Cookie"]
    assert re.match(rf"{COOKIE}=[\w-]{{43}}; ", cookie)
    for part in ("HttpOnly", "Max-Age=1209600", "Path=/", "SameSite=lax", "Secure"):
        assert part in cookie.split("; ")
    again = await visitor.sign_up(email="other@example.org")
    assert again.headers["Set-Cookie"] == cookie


async def test_a_cookie_that_we_did_not_make_is_replaced(visitor):
    visitor.client.cookies.set(COOKIE, "x", domain="eventide.example")

    answer = await visitor.sign_up()

    assert f"{COOKIE}=x" not in answer.headers["Set-Cookie"]


async def test_the_code_is_shown_once_with_what_it_is_for(visitor):
    page = (await visitor.sign_up()).text

    assert len(CODE.findall(page)) == 1
    assert "only if you open the mail on another device" in words(page)


async def test_the_first_browser_reads_its_answers_and_presses_once(visitor):
    token, _ = await mailed(visitor)

    page = await looks(visitor.client, token)
    welcome = await presses(visitor.client, token)

    assert STATIN in page
    assert ADDRESS in page
    assert 'name="code"' not in page
    assert "every evening at 19:00, London time" in words(page)
    assert "Your country is United Kingdom" in words(page)
    assert "You agreed to this." in words(page)
    assert "You are in" in welcome
    assert "Your answers wait" not in welcome


async def test_a_form_that_is_sent_twice_at_once_is_one_browser_s(visitor, elsewhere):
    page = (await visitor.client.get("/")).text
    (secret,) = re.findall(r'name="browser" value="([\w-]{43})"', page)

    # The second press leaves before the answer to the first one has brought a cookie.
    for client in (visitor.client, elsewhere):
        await client.post("/signup", data=form(browser=secret))
    mails = await visitor.mails()

    told = [confirmation_from_json(mail.payload) for mail in mails]
    assert told == [(ADDRESS, False)] * 2
    for mail in mails:
        token = visitor.token(Purpose.CONFIRM, mail.subscriber_id)
        assert STATIN in await looks(visitor.client, token)


async def test_a_form_that_is_shown_again_is_the_same_browser_s(visitor):
    first = (await visitor.client.get("/")).text
    (secret,) = re.findall(r'name="browser" value="([\w-]{43})"', first)

    again = await visitor.sign_up(email="", browser=secret)

    assert f'name="browser" value="{secret}"' in again.text


@pytest.mark.parametrize("odd", ["", "short", "ä" * 43])
async def test_each_form_without_a_secret_is_another_browser_s(visitor, elsewhere, odd):
    for client in (visitor.client, elsewhere):
        await client.post("/signup", data=form(browser=odd))
    mails = await visitor.mails()

    told = [confirmation_from_json(mail.payload) for mail in mails]
    assert sorted(told) == [(ADDRESS, False), (ADDRESS, True)]


async def test_what_was_not_said_is_shown_as_such(visitor):
    await visitor.sign_up(causes="not_sure", conditions="prefer_not", medicines="none")
    (mail,) = await visitor.mails()

    page = await looks(
        visitor.client, visitor.token(Purpose.CONFIRM, mail.subscriber_id)
    )

    assert "Likely causes Not sure" in words(page)
    assert "Conditions Prefer not to say" in words(page)
    assert "Medicines None of these" in words(page)


async def test_another_browser_is_asked_for_the_code_and_shown_no_answer(
    visitor, elsewhere
):
    token, code = await mailed(visitor)

    page = await looks(elsewhere, token)
    welcome = await presses(elsewhere, token, code=f" {code[:2]} {code[2:]} ")

    assert 'name="code"' in page
    assert STATIN not in page
    assert ADDRESS not in page
    assert "By pressing it you agree to this." in words(page)
    assert "You are in" in welcome
    assert "Your answers wait" not in welcome


async def test_without_the_code_reminders_begin_and_the_answers_wait(
    visitor, elsewhere
):
    token, code = await mailed(visitor)

    welcome = await presses(elsewhere, token)
    wrong = await presses(elsewhere, token, code=str((int(code) + 1) % 10_000))
    waiting = await looks(elsewhere, token)
    own = await looks(visitor.client, token)
    added = await presses(visitor.client, token)

    assert "Your first reminder comes tonight" in welcome
    assert "Your answers wait" in welcome
    assert "That was not the code" in wrong
    assert "You can try 4 more times." in wrong
    assert "Add your answers" in words(waiting)
    assert STATIN not in waiting
    assert STATIN in own
    assert "Your answers count" in added
    assert "Your next reminder comes tomorrow" not in added


async def test_after_five_wrong_codes_only_the_first_browser_is_asked(
    visitor, elsewhere
):
    token, code = await mailed(visitor)
    wrong = str((int(code) + 1) % 10_000)

    said = [await presses(elsewhere, token, code=wrong) for _ in range(5)]
    page = await looks(elsewhere, token)
    locked = await presses(elsewhere, token, code=code)

    assert "You can try 1 more time." in said[3]
    assert "A wrong code was typed 5 times" in said[4]
    assert "A wrong code was typed 5 times" in words(page)
    assert 'name="code"' not in page
    assert "Your answers wait" in locked


async def test_the_link_of_somebody_whose_answers_count_shows_none(visitor):
    token, _ = await mailed(visitor)
    await presses(visitor.client, token)

    page = await looks(visitor.client, token)

    assert STATIN not in page
    assert "delete it now" not in page


async def test_whoever_did_not_sign_up_deletes_it_with_one_press(visitor, elsewhere):
    token, _ = await mailed(visitor)

    assert "This was not me: delete it now" in await looks(elsewhere, token)
    page = await presses(elsewhere, token, action="delete")

    assert "It is deleted" in page
    gone = await elsewhere.get("/confirm", params={"token": token})
    assert gone.status_code == 410
    bad = await elsewhere.post("/confirm", data={"token": "x", "action": "delete"})
    assert bad.status_code == 410


async def test_the_page_of_answers_shows_none_of_a_list(visitor, site):
    now = site.clock.now()
    await enrol.enrol(
        site.store,
        Person(address=ADDRESS, answers=answers(medicines=["med_statin"])),
        evening(minute=20 * 60),
        language="en",
        evidence="clinic",
        now=now,
    )
    async with site.store.transaction() as tx:
        known = await tx.subscribers.find(ADDRESS)

    await visitor.opens_answers(known.id)
    page = (await visitor.client.get("/manage/answers")).text
    saved = await visitor.answers(known.id, "save", **form())

    assert known.given_by is GivenBy.LIST
    assert not re.search(
        r"<input[^>]* checked", page.replace('value="every" checked', "")
    )
    assert '<option value="20:00" selected>' in page
    assert "it shows none" in words(page)
    assert "Nothing has changed" not in words(page)
    assert saved.status_code == 200
    page = (await visitor.client.get("/manage/answers")).text
    assert 'value="med_statin" checked' in page
