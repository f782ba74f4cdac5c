"""What operators do with their own account."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from service.domain.operators import OWN_WORDS, Role, Vouched
from service.domain.throttle import Throttle
from service.flows import operators
from service.flows.sign_in import SignedIn, sign_in_as
from service.settings import HERE
from tests.web.consoles import FACTOR, PASSWORD, at_console
from tests.web.visits import browsing, problems, words

ACCOUNT = "/operator/account"
#: Their account, with what to do about recovery codes that nobody saw.
SET_UP = f"{ACCOUNT}?done=factor"
ANOTHER = "eight loud geese at dawn"


@pytest.fixture
async def ada(site):
    found = await at_console(site, role=Role.VIEWER)
    async with found.client:
        await found.sign_in()
        yield found


@pytest.fixture
async def strict(site):
    """Signs somebody of a role in where a second factor is required."""
    async with AsyncExitStack() as stack:

        async def signed_in(role):
            found = await at_console(replace(site, needs_second_factor=True), role=role)
            await stack.enter_async_context(found.client)
            await found.sign_in()
            return found

        yield signed_in


async def change(ada, **typed):
    given = {"password": PASSWORD, "new_password": ANOTHER, "again": ANOTHER}
    return await ada.post(ACCOUNT, act="password", **{**given, **typed})


async def elsewhere_too(ada, **typed):
    """The session of another browser that the same person signs in with."""
    async with browsing(ada.app) as other:
        await replace(ada, client=other).sign_in(**typed)
        return other.cookies["__Host-eventide"]


async def test_a_changed_password_is_the_one_that_counts(ada):
    answer = await change(ada)
    page = await ada.get(answer.headers["Location"].partition("?")[0], done="password")

    assert "Your password is changed" in words(page.text)
    assert (await ada.sign_in()).status_code == 403
    assert (await ada.sign_in(password=ANOTHER)).status_code == 303
    assert ("ada", "password changed", None, "") in await ada.acts()


async def test_a_changed_password_ends_every_other_session(ada):
    elsewhere = await elsewhere_too(ada)

    await change(ada)

    assert (await ada.get(ACCOUNT)).status_code == 200
    assert (await ada.get_as(elsewhere, ACCOUNT)).status_code == 303


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"password": "wrong"}, "current", "This is not your password."),
        ({"password": ""}, "current", "This is not your password."),
        ({"again": "x"}, "again", "The two are not the same."),
        ({"new_password": "short", "again": "short"}, "new_password", "at least 12"),
        (
            {"new_password": "x" * 201, "again": "x" * 201},
            "new_password",
            "at most 200",
        ),
        ({"new_password": "x" * 20, "again": "x" * 20}, "new_password", "too easy"),
        (
            {"new_password": "Ada ada ada lovelace", "again": "Ada ada ada lovelace"},
            "new_password",
            "too easy",
        ),
    ],
)
async def test_a_password_that_will_not_do_is_said_beside_its_field(
    ada, typed, field, said
):
    answer = await change(ada, **typed)

    assert answer.status_code == 422
    assert said in problems(answer.text)[field]
    assert (await ada.sign_in()).status_code == 303


@pytest.mark.parametrize(
    "guessable",
    [
        "password1234",
        "P@ssw0rd!P@ssw0rd!",
        "letmein letmein",
        "qwertyuiop12",
        "iloveyou12345",
        "0123456789ab",
        "Eventide2026!!",
        "EventideOperator1",
        "nightlegcramps",
        "legcrampsatnight",
        "night night night",
        "eventide-admin-ada-2026",
        "Eventide-Ada",
    ],
)
async def test_a_common_password_or_one_of_the_service_s_own_words_is_refused(
    ada, guessable
):
    answer = await change(ada, new_password=guessable, again=guessable)

    assert "too easy to guess" in problems(answer.text)["new_password"]


@pytest.mark.parametrize(
    "good",
    [
        "a night owl sings quietly at noon",
        "ädfnlkö3qöß14!",
        "a spoon, two kites and an untidy drawer " * 4,
    ],
)
async def test_a_few_words_that_nobody_would_join_do(ada, good):
    assert (await change(ada, new_password=good, again=good)).status_code == 303


async def test_a_password_counts_exactly_as_it_was_typed(ada):
    typed = "  Nine LOUD geese, at  dusk  "
    await change(ada, new_password=typed, again=typed)

    tried = [typed.strip(), typed.lower(), " ".join(typed.split()), typed]
    statuses = [(await ada.sign_in(password=one)).status_code for one in tried]

    assert statuses == [403, 403, 403, 303]


async def test_passwords_are_masked_and_password_managers_are_welcome(ada):
    pages = [(await ada.get(path)).text for path in ("/operator/login", ACCOUNT)]
    async with browsing(ada.app) as stranger:
        pages.append((await stranger.get("/operator/login")).text)
    fields = [
        field
        for page in pages
        for field in re.findall(r"<input[^>]+>", page)
        if re.search(r'name="(new_)?password"|name="again"', field)
    ]

    assert len(fields) == 4
    for field in fields:
        assert 'type="password"' in field
        assert re.search(r'autocomplete="(current|new)-password"', field)
        assert "onpaste" not in field


@pytest.mark.parametrize("word", OWN_WORDS)
def test_words_that_no_password_may_rest_on_are_documented(word):
    assert f" {word}" in (HERE / "docs" / "console.md").read_text()


async def test_a_browser_left_open_is_no_place_to_guess_the_password(ada):
    for _ in range(10):
        await change(ada, password="wrong")

    answer = await change(ada)

    assert problems(answer.text) == {
        "current": "Too many attempts. Wait a quarter of an hour."
    }


async def test_a_second_factor_counts_once_a_code_was_right(ada):
    secret = await ada.set_up_second_factor()
    before = await ada.sign_in()
    wrong = await ada.post(FACTOR, code="000000")
    answer = await ada.post(FACTOR, code=ada.code(secret))

    assert before.status_code == 303
    assert "not the code that the app shows" in problems(wrong.text)["code"]
    assert "Your recovery codes" in words(answer.text)
    assert (await ada.sign_in()).status_code == 403
    ada.wait(seconds=30)
    assert (await ada.sign_in(code=ada.code(secret))).status_code == 303
    assert "takes a code" in words((await ada.get(ACCOUNT)).text)


async def test_a_code_works_once(ada):
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))
    replayed = await ada.sign_in(code=ada.code(secret))
    ada.wait(seconds=30)
    fresh = await ada.sign_in(code=ada.code(secret))
    again = await ada.sign_in(code=ada.code(secret))

    assert [a.status_code for a in (replayed, fresh, again)] == [403, 303, 403]


async def test_the_right_code_does_not_help_a_wrong_password(ada):
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))
    ada.wait(seconds=30)

    answer = await ada.sign_in(password="wrong", code=ada.code(secret))

    assert answer.status_code == 403
    # And the code was not used up by it.
    assert (await ada.sign_in(code=ada.code(secret))).status_code == 303


async def test_the_secret_is_shown_as_a_picture_and_in_letters_and_kept_sealed(
    ada,
):
    secret = await ada.set_up_second_factor()

    page = await ada.get(FACTOR)

    assert "<svg" in page.text
    assert "style=" not in page.text
    async with ada.site.store.transaction() as tx:
        account = await tx.operators.get("ada")
    assert account.second_factor == secret


async def test_a_second_factor_is_only_set_up_and_removed_with_the_password(ada):
    begun = await ada.post(FACTOR, act="begin", password="wrong")
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))
    removed = await ada.post(ACCOUNT, act="remove", password="wrong")

    assert problems(begun.text) == {"begin_password": "This is not your password."}
    assert problems(removed.text) == {"remove_password": "This is not your password."}
    assert (await ada.sign_in()).status_code == 403


async def test_a_second_factor_that_is_removed_is_asked_for_no_more(ada):
    _, codes = await ada.enrol()

    await ada.post(ACCOUNT, act="remove", password=PASSWORD, code=codes[0])
    await ada.post(ACCOUNT, act="remove", password=PASSWORD)

    assert (await ada.sign_in()).status_code == 303
    acts = [act[1] for act in await ada.acts()]
    assert acts.count("second factor added") == 1
    assert acts.count("second factor removed") == 1


async def test_a_second_factor_that_is_removed_ends_every_other_session(ada):
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))
    ada.wait(seconds=30)
    elsewhere = await elsewhere_too(ada, code=ada.code(secret))
    ada.wait(seconds=30)

    await ada.post(ACCOUNT, act="remove", password=PASSWORD, code=ada.code(secret))

    assert (await ada.get(ACCOUNT)).status_code == 200
    assert (await ada.get_as(elsewhere, ACCOUNT)).status_code == 303


async def test_a_second_factor_in_use_is_not_replaced_unseen(ada):
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))

    await ada.post(FACTOR, act="begin", password=PASSWORD)
    shown = await ada.get(FACTOR)
    confirmed = await ada.post(FACTOR, code="123456")

    assert shown.headers["Location"] == SET_UP
    assert confirmed.headers["Location"] == SET_UP
    ada.wait(seconds=30)
    assert (await ada.sign_in(code=ada.code(secret))).status_code == 303


async def test_a_recovery_code_lets_in_once_without_the_device(ada):
    _, codes = await ada.enrol()
    typed = f" {codes[3].upper().replace('-', ' ')} "

    first = await ada.sign_in(code=typed)
    left = words((await ada.get(ACCOUNT)).text)
    again = await ada.sign_in(code=codes[3])
    other = await ada.sign_in(code=codes[4])

    assert len(set(codes)) == 10
    assert [a.status_code for a in (first, again, other)] == [303, 403, 303]
    assert "Recovery codes left: 9." in left
    acts = [act[1] for act in await ada.acts()]
    assert acts.count("recovery code used") == 2


async def test_recovery_codes_are_shown_once_and_kept_as_digests_only(ada):
    secret = await ada.set_up_second_factor()
    shown = await ada.post(FACTOR, code=ada.code(secret))
    again = await ada.post(FACTOR, code=ada.code(secret))

    assert shown.status_code == 200
    assert again.headers["Location"] == SET_UP
    assert "Your recovery codes" not in (await ada.get(ACCOUNT)).text


@pytest.mark.parametrize("act", ["remove", "codes"])
async def test_what_weakens_the_second_factor_takes_a_code_of_it(ada, act):
    _, codes = await ada.enrol()

    refused = [await ada.post(ACCOUNT, act=act, password=PASSWORD) for _ in range(10)]
    too_often = await ada.post(ACCOUNT, act=act, password=PASSWORD, code=codes[0])
    ada.wait(minutes=15)
    taken = await ada.post(ACCOUNT, act=act, password=PASSWORD, code=codes[0])

    assert "Each works once" in problems(refused[0].text)[f"{act}_code"]
    assert "Too many attempts" in problems(too_often.text)[f"{act}_password"]
    assert taken.status_code in {200, 303}


async def test_an_app_s_code_does_as_well_to_remove_it_and_works_no_more(ada):
    secret, _ = await ada.enrol()
    ada.wait(seconds=30)
    code = ada.code(secret)

    page = await ada.post(ACCOUNT, act="codes", password=PASSWORD, code=code)
    again = await ada.post(ACCOUNT, act="remove", password=PASSWORD, code=code)

    assert "Your recovery codes" in words(page.text)
    assert again.status_code == 422


async def test_a_session_that_gains_or_loses_rights_has_another_token(ada):
    before = ada.client.cookies["__Host-eventide"]
    _, codes = await ada.enrol()
    enrolled = ada.client.cookies["__Host-eventide"]
    await change(ada)
    changed = ada.client.cookies["__Host-eventide"]
    await ada.post(ACCOUNT, act="remove", password=ANOTHER, code=codes[0])

    assert len({before, enrolled, changed, ada.client.cookies["__Host-eventide"]}) == 4
    for token in (before, enrolled, changed):
        assert (await ada.get_as(token, ACCOUNT)).status_code == 303
    assert (await ada.get(ACCOUNT)).status_code == 200


async def test_where_one_is_signed_in_is_told_and_ended(ada):
    alone = words((await ada.get(ACCOUNT)).text)
    others = [await elsewhere_too(ada) for _ in range(3)]
    ids = re.findall(r'name="session" value="(\w+)"', (await ada.get(ACCOUNT)).text)
    typed = {"act": "sessions", "password": PASSWORD}
    wrong = await ada.post(ACCOUNT, **{**typed, "password": "wrong"})
    await ada.post(ACCOUNT, **typed, session="no id")
    await ada.post(ACCOUNT, **typed, session=ids[0])
    one = [(await ada.get_as(token, ACCOUNT)).status_code for token in others]
    answer = await ada.post(ACCOUNT, **typed)

    assert "In this browser alone." in alone
    assert len(ids) == 3
    assert problems(wrong.text) == {"sessions_password": "This is not your password."}
    assert sorted(one) == [200, 200, 303]
    assert answer.headers["Location"] == f"{ACCOUNT}?done=sessions"
    assert "In this browser alone." in words((await ada.get(ACCOUNT)).text)
    assert ("ada", "sessions ended", None, "ada") in await ada.acts()


async def test_without_a_password_one_signs_in_anew_to_end_other_sessions(site, ada):
    eve = Vouched(name="eve@example.org", subject="7")
    now = site.clock.now()
    new = (eve.name, Role.VIEWER, "")
    await operators.add(site.store, site.passwords, new, by="ada", now=now)
    await sign_in_as(site.store, Throttle(), eve, token="", now=now)
    begun = await sign_in_as(site.store, Throttle(), eve, token="", now=now)
    assert isinstance(begun, SignedIn)
    ada.wait(minutes=6)
    now = site.clock.now()
    fresh = await sign_in_as(site.store, Throttle(), eve, token="", now=now)
    assert isinstance(fresh, SignedIn)

    answers = []
    for token in (begun.token, fresh.token):
        async with browsing(ada.app) as browser:
            browser.cookies.set("__Host-eventide", token)
            answers.append(
                await replace(ada, client=browser).post(ACCOUNT, act="sessions")
            )

    assert [answer.status_code for answer in answers] == [422, 303]
    assert "You have no password here" in words(answers[0].text)
    page = await ada.get_as(fresh.token, ACCOUNT)
    assert "In this browser alone." in words(page.text)


async def test_whoever_pressed_twice_and_saw_no_recovery_codes_is_told_to_make_others(
    ada,
):
    secret = await ada.set_up_second_factor()
    code = ada.code(secret)
    pressed = [ada.post(FACTOR, code=code) for _ in range(2)]
    answers = await asyncio.gather(*pressed)
    [second] = [answer for answer in answers if answer.status_code == 303]

    page = await ada.get(ACCOUNT, done="factor")

    assert second.headers["Location"] == SET_UP
    assert "If you did not see your recovery codes, make new ones" in words(page.text)
    assert "Make new codes" in words(page.text)


async def test_new_recovery_codes_end_those_before(ada):
    _, old = await ada.enrol()

    wrong = await ada.post(ACCOUNT, act="codes", password="wrong")
    page = await ada.post(ACCOUNT, act="codes", password=PASSWORD, code=old[1])

    (new, *_) = re.findall(r"<li>([a-z2-7-]{34})</li>", page.text)
    assert problems(wrong.text) == {"codes_password": "This is not your password."}
    assert (await ada.sign_in(code=old[0])).status_code == 403
    assert (await ada.sign_in(code=new)).status_code == 303
    assert ("ada", "recovery codes made", None, "") in await ada.acts()


async def test_without_a_second_factor_there_are_no_recovery_codes(ada):
    _, codes = await ada.enrol()
    await ada.post(ACCOUNT, act="remove", password=PASSWORD, code=codes[0])

    answer = await ada.post(ACCOUNT, act="codes", password=PASSWORD)

    assert answer.headers["Location"] == ACCOUNT
    async with ada.site.store.transaction() as tx:
        assert await tx.operators.count_codes("ada") == 0
    assert len(codes) == 10


async def test_whoever_used_the_last_recovery_code_is_told(ada):
    await ada.enrol()
    async with ada.site.store.transaction() as tx:
        await tx.operators.keep_codes("ada", ())

    assert "No recovery code is left." in words((await ada.get(ACCOUNT)).text)


@pytest.mark.parametrize("role", [Role.OPERATOR, Role.ADMIN])
async def test_whoever_can_see_answers_may_do_nothing_before_a_second_factor(
    strict, role
):
    ada = await strict(role)
    paths = ("/operator", "/operator/people", ACCOUNT, "/operator/audit")
    for path in paths:
        assert (await ada.get(path)).headers["Location"] == FACTOR
    for path in ("/operator/pause", ACCOUNT, "/operator/people"):
        assert (await ada.post(path)).headers["Location"] == FACTOR
    before = await ada.get(FACTOR)

    _, codes = await ada.enrol()

    assert "Your role can read what people answered" in words(before.text)
    assert 'href="/operator/people"' not in before.text
    assert len(codes) == 10
    for path in paths[:3]:
        assert (await ada.get(path)).status_code == 200


async def test_a_viewer_may_do_without_a_second_factor(strict):
    viewer = await strict(Role.VIEWER)

    assert (await viewer.get("/operator")).status_code == 200


async def test_whoever_becomes_an_operator_must_set_one_up_then(strict):
    viewer = await strict(Role.VIEWER)
    site = viewer.site
    await operators.set_role(
        site.store, "ada", Role.OPERATOR, by="cli:root", now=site.clock.now()
    )

    assert (await viewer.get("/operator")).headers["Location"] == FACTOR


async def test_whoever_removes_their_second_factor_must_set_up_another(strict):
    ada = await strict(Role.ADMIN)
    _, first = await ada.enrol()

    await ada.post(ACCOUNT, act="remove", password=PASSWORD, code=first[0])

    assert (await ada.get("/operator")).headers["Location"] == FACTOR
    _, codes = await ada.enrol()
    assert len(codes) == 10


async def test_a_sign_in_by_an_identity_provider_needs_no_second_factor_here(strict):
    ada = await strict(Role.ADMIN)
    now = ada.site.clock.now()
    begun = await sign_in_as(
        ada.site.store, Throttle(), Vouched(name="ada", subject="7"), token="", now=now
    )
    assert isinstance(begun, SignedIn)

    assert (await ada.get_as(begun.token, "/operator")).status_code == 200
    page = words((await ada.get_as(begun.token, FACTOR)).text)
    assert "Your role can read" not in page
    # A password is not exempt by it.
    assert (await ada.get("/operator")).status_code == 303


async def test_whoever_has_no_password_has_no_second_factor_to_set_up(strict):
    ada = await strict(Role.ADMIN)
    now, site = ada.site.clock.now(), ada.site
    new = ("eve@example.org", Role.ADMIN, "")
    await operators.add(site.store, site.passwords, new, by="ada", now=now)
    begun = await sign_in_as(
        site.store,
        Throttle(),
        Vouched(name="eve@example.org", subject="7"),
        token="",
        now=now,
    )
    assert isinstance(begun, SignedIn)

    page = await ada.get_as(begun.token, FACTOR)

    assert "your identity provider vouches for you" in words(page.text)


async def test_whoever_was_vouched_for_before_the_upgrade_goes_on_where_they_were(
    strict,
):
    ada = await strict(Role.ADMIN)
    now, site = ada.site.clock.now(), ada.site
    new = ("eve@example.org", Role.OPERATOR, "")
    await operators.add(site.store, site.passwords, new, by="ada", now=now)
    async with site.store.transaction() as tx:
        # The release before noted nothing of who vouched.
        await tx.sessions.add("token", "eve@example.org", now=now)

    assert (await ada.get_as("token", "/operator")).status_code == 200


async def test_an_act_that_is_none_changes_nothing(ada):
    answer = await ada.post(ACCOUNT, act="dance")

    assert answer.headers["Location"] == ACCOUNT
    assert len(await ada.acts()) == 2


async def test_whoever_has_no_password_here_is_told_who_vouches(site, ada):
    now = site.clock.now()
    new = ("eve@example.org", Role.VIEWER, "")
    await operators.add(site.store, site.passwords, new, by="ada", now=now)
    begun = await sign_in_as(
        site.store,
        Throttle(),
        Vouched(name="eve@example.org", subject="7"),
        token="",
        now=now,
    )
    assert isinstance(begun, SignedIn)

    page = await ada.get_as(begun.token, ACCOUNT)

    assert "your identity provider vouches for you" in words(page.text)
    assert 'action="/operator/account"' not in page.text
