"""What operators do with their own account."""

import pytest

from service.domain.operators import Role
from service.domain.throttle import Throttle
from service.flows import operators
from service.flows.sign_in import SignedIn, sign_in_as
from tests.web.consoles import PASSWORD, at_console
from tests.web.visits import problems, words

ACCOUNT, FACTOR = "/operator/account", "/operator/account/second-factor"
ANOTHER = "eight loud geese at dawn"


@pytest.fixture
async def ada(site):
    found = await at_console(site, role=Role.VIEWER)
    async with found.client:
        await found.sign_in()
        yield found


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
    assert answer.headers["Location"] == f"{ACCOUNT}?done=added"
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
    begun = await ada.post(ACCOUNT, act="begin", password="wrong")
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

    await ada.post(ACCOUNT, act="begin", password=PASSWORD)
    shown = await ada.get(FACTOR)
    confirmed = await ada.post(FACTOR, code="123456")

    assert shown.headers["Location"] == ACCOUNT
    assert confirmed.headers["Location"] == f"{ACCOUNT}?done=added"
    ada.wait(seconds=30)
    assert (await ada.sign_in(code=ada.code(secret))).status_code == 303


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
