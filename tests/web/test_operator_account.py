"""What operators do with their own account."""

import asyncio
import re
from contextlib import AsyncExitStack
from dataclasses import replace

import pytest

from service.domain.operators import Role
from service.domain.throttle import Throttle
from service.flows import operators
from service.flows.sign_in import SignedIn, sign_in_as
from tests.web.consoles import FACTOR, PASSWORD, at_console
from tests.web.visits import problems, words

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


async def test_a_changed_password_is_the_one_that_counts(ada):
    answer = await change(ada)
    page = await ada.get(answer.headers["Location"].partition("?")[0], done="password")

    assert "Your password is changed" in words(page.text)
    assert (await ada.sign_in()).status_code == 403
    assert (await ada.sign_in(password=ANOTHER)).status_code == 303
    assert ("ada", "password changed", None, "") in await ada.acts()


async def test_a_changed_password_ends_every_other_session(ada):
    elsewhere = ada.client.cookies["__Host-eventide"]
    await ada.sign_in()

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
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))

    await ada.post(ACCOUNT, act="remove", password=PASSWORD)
    await ada.post(ACCOUNT, act="remove", password=PASSWORD)

    assert (await ada.sign_in()).status_code == 303
    acts = [act[1] for act in await ada.acts()]
    assert acts.count("second factor added") == 1
    assert acts.count("second factor removed") == 1


async def test_a_second_factor_that_is_removed_ends_every_other_session(ada):
    secret = await ada.set_up_second_factor()
    await ada.post(FACTOR, code=ada.code(secret))
    elsewhere = ada.client.cookies["__Host-eventide"]
    ada.wait(seconds=30)
    await ada.sign_in(code=ada.code(secret))

    await ada.post(ACCOUNT, act="remove", password=PASSWORD)

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


async def test_whoever_pressed_twice_and_saw_no_recovery_codes_is_told_to_make_others(
    ada,
):
    secret = await ada.set_up_second_factor()
    code = ada.code(secret)
    pressed = [ada.post(FACTOR, code=code) for _ in range(2)]
    answers = await asyncio.gather(*pressed)
    [second] = [answer for answer in answers if answer.status_code == 303]

    page = await ada.get(second.headers["Location"])

    assert "If you did not see your recovery codes, make new ones" in words(page.text)
    assert "Make new codes" in words(page.text)


async def test_new_recovery_codes_end_those_before(ada):
    _, old = await ada.enrol()

    wrong = await ada.post(ACCOUNT, act="codes", password="wrong")
    page = await ada.post(ACCOUNT, act="codes", password=PASSWORD)

    (new, *_) = re.findall(r"<li>([a-z2-7-]{19})</li>", page.text)
    assert problems(wrong.text) == {"codes_password": "This is not your password."}
    assert (await ada.sign_in(code=old[0])).status_code == 403
    assert (await ada.sign_in(code=new)).status_code == 303
    assert ("ada", "recovery codes made", None, "") in await ada.acts()


async def test_without_a_second_factor_there_are_no_recovery_codes(ada):
    _, codes = await ada.enrol()
    await ada.post(ACCOUNT, act="remove", password=PASSWORD)

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
    await ada.enrol()

    await ada.post(ACCOUNT, act="remove", password=PASSWORD)

    assert (await ada.get("/operator")).headers["Location"] == FACTOR
    _, codes = await ada.enrol()
    assert len(codes) == 10


async def test_a_sign_in_by_an_identity_provider_needs_no_second_factor_here(strict):
    ada = await strict(Role.ADMIN)
    now = ada.site.clock.now()
    begun = await sign_in_as(ada.site.store, Throttle(), "ada", now=now)
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
    begun = await sign_in_as(site.store, Throttle(), "eve@example.org", now=now)
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
    begun = await sign_in_as(site.store, Throttle(), "eve@example.org", now=now)
    assert isinstance(begun, SignedIn)

    page = await ada.get_as(begun.token, ACCOUNT)

    assert "your identity provider vouches for you" in words(page.text)
    assert 'action="/operator/account"' not in page.text
