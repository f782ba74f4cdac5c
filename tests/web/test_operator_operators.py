"""Admins and the accounts of the others; the audit log that shows what they did."""

import pytest

from service.domain.operators import Role, Vouched
from service.domain.throttle import Throttle
from service.flows import operators
from service.flows.sign_in import SignedIn, sign_in_as
from tests.web.consoles import FACTOR, PASSWORD, at_console
from tests.web.visits import problems, words

PATH = "/operator/operators"


@pytest.fixture
async def ada(site):
    found = await at_console(site)
    async with found.client:
        await found.sign_in()
        yield found


@pytest.fixture
async def eve(site):
    found = await at_console(site, name="eve", role=Role.VIEWER)
    async with found.client:
        await found.sign_in()
        yield found


async def do(ada, act, **typed):
    return await ada.post(f"{PATH}/eve", **{"act": act, "password": PASSWORD, **typed})


async def add(ada, **typed):
    new = {"name": "bob", "role": "viewer", "new_password": PASSWORD}
    return await ada.post(PATH, **{**new, "password": PASSWORD, **typed})


async def test_an_admin_adds_an_operator_who_then_signs_in(ada):
    answer = await add(ada, name=" Bob@Example.org ", role="operator")
    page = await ada.get(answer.headers["Location"].partition("?")[0], done="added")

    assert answer.headers["Location"] == f"{PATH}/bob@example.org?done=added"
    assert "bob@example.org operator, since" in words(page.text)
    assert "They may sign in now." in words(page.text)
    assert ("ada", "operator added", None, "bob@example.org as operator") in (
        await ada.acts()
    )
    assert "bob@example.org" in (await ada.get(PATH)).text


@pytest.mark.parametrize(
    ("typed", "field", "said"),
    [
        ({"name": "ada"}, "name", "There is an operator ada already."),
        ({"name": "cli:root"}, "name", "Use up to 100 letters"),
        ({"name": ""}, "name", "Use up to 100 letters"),
        ({"new_password": "short"}, "new_password", "at least 12"),
        ({"password": "wrong"}, "proof", "This is not your password."),
        ({"password": ""}, "proof", "This is not your password."),
    ],
)
async def test_what_cannot_be_added_is_said_beside_its_field(ada, typed, field, said):
    answer = await add(ada, **typed)

    assert answer.status_code == 422
    assert said in problems(answer.text)[field]
    assert len(await ada.acts()) == 2


async def test_a_role_that_is_none_is_the_least(ada):
    await add(ada, role="emperor")

    assert (await ada.acts())[-1][3] == "bob as viewer"


async def test_another_role_holds_from_the_next_page_on(ada, eve):
    before = await eve.get(PATH)
    answer = await do(ada, "role", role="admin")
    after = await eve.get(PATH)

    assert answer.headers["Location"] == f"{PATH}/eve?done=role"
    assert (before.status_code, after.status_code) == (403, 200)
    assert (await ada.acts())[-1] == (
        "ada",
        "role changed",
        None,
        "eve: viewer to admin",
    )


@pytest.mark.parametrize("act", ["disable", "sessions", "password", "factor"])
async def test_some_acts_sign_an_operator_out_everywhere(ada, eve, act):
    await do(ada, act, new_password="another good password")

    assert (await eve.get("/operator/account")).status_code == 303


async def test_a_disabled_operator_is_let_in_again(ada, eve):
    await do(ada, "disable")
    refused = await eve.sign_in()
    disabled = await ada.get(f"{PATH}/eve")
    await do(ada, "enable")
    taken = await eve.sign_in()

    assert (refused.status_code, taken.status_code) == (403, 303)
    assert "disabled since" in words(disabled.text)
    assert [act[1] for act in await ada.acts()][-4:] == [
        "operator disabled",
        "sign-in refused",
        "operator enabled",
        "signed in",
    ]


async def test_a_password_that_will_not_do_is_said(ada, eve):
    answer = await do(ada, "password", new_password="eve eve eve eve")

    assert answer.status_code == 422
    assert "too easy" in problems(answer.text)["new_password"]
    assert (await eve.get("/operator/account")).status_code == 200


async def test_a_new_password_does_not_do_without_the_second_factor(ada, eve):
    secret, _ = await eve.enrol()
    new = "another good password"
    await do(ada, "password", new_password=new)
    eve.wait(seconds=30)

    without = await eve.sign_in(password=new)
    with_code = await eve.sign_in(password=new, code=eve.code(secret))

    assert (without.status_code, with_code.status_code) == (403, 303)


async def test_whoever_lost_their_device_is_let_in_without_a_code(ada, eve):
    secret = await eve.set_up_second_factor()
    await eve.post("/operator/account/second-factor", code=eve.code(secret))
    shown = await ada.get(f"{PATH}/eve")
    await do(ada, "factor")

    assert "Let in without a code" in words(shown.text)
    assert (await eve.sign_in()).status_code == 303


@pytest.mark.parametrize(
    ("act", "typed"), [("disable", {}), ("role", {"role": "operator"})]
)
async def test_the_last_admin_stays(ada, act, typed):
    answer = await ada.post(f"{PATH}/ada", act=act, password=PASSWORD, **typed)

    assert answer.status_code == 422
    assert "ada is the only admin left." in words(answer.text)
    assert (await ada.get(PATH)).status_code == 200
    assert len(await ada.acts()) == 2


@pytest.mark.usefixtures("eve")
@pytest.mark.parametrize(
    ("path", "act", "status"),
    [("eve", "dance", 400), ("nobody", "enable", 404), ("nobody", "", 400)],
)
async def test_what_is_no_act_or_nobody_is_an_error(ada, path, act, status):
    answer = await ada.post(f"{PATH}/{path}", act=act, password=PASSWORD)

    assert answer.status_code == status


@pytest.mark.usefixtures("eve")
@pytest.mark.parametrize("name", ["ada", "eve"])
@pytest.mark.parametrize(
    ("act", "field", "typed"),
    [
        ("role", "role_proof", {"role": "admin"}),
        ("password", "password_proof", {"new_password": "another good password"}),
        ("factor", "out_proof", {}),
        ("sessions", "out_proof", {}),
        ("disable", "out_proof", {}),
        ("enable", "out_proof", {}),
    ],
)
async def test_a_browser_left_open_changes_no_account_not_even_its_own(
    ada, name, act, field, typed
):
    before = await ada.acts()

    answer = await ada.post(f"{PATH}/{name}", act=act, **typed)

    assert answer.status_code == 422
    assert problems(answer.text) == {field: "This is not your password."}
    assert await ada.acts() == before


async def test_guesses_at_the_password_count_whichever_page_they_are_made_at(ada):
    for _ in range(5):
        await add(ada, password="wrong")
        await ada.post(FACTOR, act="begin", password="wrong")

    answer = await add(ada)

    assert problems(answer.text)["proof"].startswith("Too many attempts.")


async def test_an_admin_without_a_password_here_is_told_how_to_get_one(ada):
    site, now = ada.site, ada.site.clock.now()
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
    ada.client.cookies.set("__Host-eventide", begun.token)

    answers = [await add(ada) for _ in range(11)]

    assert "eventide operator password" in problems(answers[-1].text)["proof"]


async def test_a_page_of_nobody_is_none(ada):
    assert (await ada.get(f"{PATH}/nobody")).status_code == 404


@pytest.mark.usefixtures("eve")
async def test_the_audit_log_is_shown_newest_first_and_of_one_operator(ada):
    everybody = words((await ada.get("/operator/audit")).text)
    of_eve = words((await ada.get("/operator/audit", operator="eve")).text)

    assert everybody.index("4 23") < everybody.index("1 23")
    assert "ada as admin" in everybody
    assert "ada as admin" not in of_eve
    assert "eve signed in password" in of_eve


@pytest.mark.parametrize("before", ["", "x", "-1", "9" * 30])
async def test_an_odd_place_in_the_audit_log_is_its_beginning(ada, before):
    page = await ada.get("/operator/audit", before=before)

    assert "signed in" in words(page.text)


async def test_a_long_audit_log_is_read_page_by_page(ada):
    for _ in range(26):
        await ada.post("/operator/logout")
        await ada.sign_in()

    newest = await ada.get("/operator/audit")
    older = await ada.get("/operator/audit", before="5")
    nothing = await ada.get("/operator/audit", before="1")

    assert "before=5" in newest.text
    assert "ada as admin" not in newest.text
    assert "ada as admin" in older.text
    assert "before=" not in older.text
    assert "Nothing here." in words(nothing.text)
