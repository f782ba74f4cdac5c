"""Signing in to the console and out of it, and the wall before every page."""

import asyncio
import threading
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from service.domain.operators import Role
from service.domain.throttle import BY_NAME
from service.flows import operators
from service.passwords import CROWD, Passwords
from service.web.app import create_app
from tests.web.consoles import FACTOR, FROM_HERE, PASSWORD, at_console
from tests.web.visits import browsing, words

WALLED = ("/operator/account", "/operator/audit", "/operator/operators")


@pytest.fixture
async def ada(site):
    found = await at_console(site)
    async with found.client:
        yield found


async def test_whoever_is_not_signed_in_is_asked_to_and_comes_back(ada):
    asked = await ada.get("/operator/audit", before="7")
    answer = await ada.sign_in(following="/operator/audit?before=7")

    assert asked.status_code == 303
    assert asked.headers["Location"] == (
        "/operator/login?next=%2Foperator%2Faudit%3Fbefore%3D7"
    )
    assert answer.headers["Location"] == "/operator/audit?before=7"
    assert (await ada.get("/operator/audit", before="7")).status_code == 200


async def test_a_form_of_whoever_is_not_signed_in_leads_to_the_sign_in_page(ada):
    answer = await ada.post(FACTOR, act="begin", password=PASSWORD)

    assert answer.headers["Location"] == "/operator/login"


@pytest.mark.parametrize(
    "elsewhere",
    [
        "https://evil.example/",
        "//evil.example/operator/",
        "/operator/\\evil.example",
        "/operatorevil",
        "/operator/\nx",
        "/manage",
        "",
    ],
)
async def test_after_the_sign_in_nobody_is_led_away_from_the_console(ada, elsewhere):
    answer = await ada.sign_in(following=elsewhere)

    assert answer.headers["Location"] == "/operator"


async def test_the_cookie_is_only_for_this_host_over_tls_and_for_no_script(ada):
    answer = await ada.sign_in()

    kept = answer.headers.get_list("Set-Cookie")
    assert [line.partition("=")[0] for line in kept] == [
        "__Host-eventide",
        "__Host-eventide-known",
    ]
    for line in kept:
        assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(line.split("; "))
        assert "Domain" not in line


async def test_without_tls_the_cookie_has_no_prefix_that_a_browser_would_refuse(site):
    ada = await at_console(replace(site, base_url="http://127.0.0.1:8000"))
    async with ada.client:
        answer = await ada.sign_in()

    assert answer.headers["Set-Cookie"].startswith("eventide=")
    assert "Secure" not in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    ("name", "password"),
    [("ada", "wrong"), ("nobody", PASSWORD), ("", ""), ("ada", "x" * 201)],
)
async def test_which_of_name_and_password_is_wrong_is_not_said(ada, name, password):
    answer = await ada.client.post(
        "/operator/login",
        data={"name": name, "password": password},
        headers=FROM_HERE,
    )

    assert answer.status_code == 403
    assert "Name, password and code do not go together" in words(answer.text)
    assert "Set-Cookie" not in answer.headers


async def test_a_name_that_nobody_has_is_logged_as_refused_and_kept_nowhere(
    ada, capsys
):
    await ada.client.post(
        "/operator/login", data={"name": "my-password"}, headers=FROM_HERE
    )

    assert [act[1] for act in await ada.acts()] == ["operator added"]
    said = "".join(capsys.readouterr())
    assert "sign-in refused" in said
    assert "my-password" not in said


async def test_refusals_of_an_operator_are_audited_as_often_as_they_may_be_tried(ada):
    for _ in range(BY_NAME + 5):
        await ada.sign_in(password="wrong")

    acts = [act[1] for act in await ada.acts()]
    assert acts.count("sign-in refused") == BY_NAME


class Held(PasswordHasher):
    """Makes no hash while `gate` is closed."""

    def __init__(self):
        super().__init__(time_cost=1, memory_cost=8, parallelism=1)
        self.gate = threading.Event()
        self.gate.set()

    def hash(self, password, *, salt=None):
        self.gate.wait(timeout=20)
        return super().hash(password, salt=salt)


async def test_where_many_passwords_wait_a_stranger_is_sent_away_and_nobody_else(site):
    hasher = Held()
    site = replace(site, passwords=Passwords(hasher))
    ada = await at_console(site)
    async with ada.client, browsing(ada.app) as stranger:
        await ada.sign_in()
        hasher.gate.clear()
        waiting = [asyncio.create_task(site.passwords.hash("x")) for _ in range(CROWD)]
        await asyncio.sleep(0)
        tried = {"name": "ada", "password": PASSWORD}
        answer = await stranger.post("/operator/login", data=tried, headers=FROM_HERE)
        known = asyncio.create_task(ada.sign_in())
        hasher.gate.set()
        await asyncio.gather(*waiting)

        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "60")
        assert "Too many are signing in" in words(answer.text)
        assert (await known).status_code == 303
        # The stranger's turn comes, too, and the attempt did not count.
        assert not site.passwords.is_crowded
        figures = site.figures.exposition()
        assert b'eventide_sign_ins_total{outcome="crowded"} 1.0' in figures
        assert b'eventide_sign_ins_total{outcome="taken"} 2.0' in figures


async def test_sign_ins_and_refused_ones_are_audited(ada):
    await ada.sign_in(password="wrong")
    await ada.sign_in()
    await ada.post("/operator/logout")

    assert await ada.acts() == [
        ("cli:root", "operator added", None, "ada as admin"),
        ("ada", "sign-in refused", None, ""),
        ("ada", "signed in", None, "password"),
        ("ada", "signed out", None, ""),
    ]


async def test_signing_out_ends_the_session_and_not_only_the_cookie(ada):
    await ada.sign_in()
    token = ada.client.cookies["__Host-eventide"]

    answer = await ada.post("/operator/logout")
    ada.client.cookies.set("__Host-eventide", token)

    assert answer.headers["Location"] == "/operator/login"
    assert (await ada.get("/operator/account")).status_code == 303


async def test_signing_out_leaves_nothing_behind_in_the_browser(ada):
    await ada.sign_in()

    answer = await ada.post("/operator/logout")

    assert answer.headers["Clear-Site-Data"] == '"cache"'


async def test_a_sign_in_takes_the_place_of_the_session_before(ada):
    await ada.sign_in()
    before = ada.client.cookies["__Host-eventide"]

    await ada.sign_in()

    assert ada.client.cookies["__Host-eventide"] != before
    assert (await ada.get_as(before, "/operator/account")).status_code == 303


async def test_every_page_behind_the_sign_in_has_a_way_out(ada):
    await ada.sign_in()

    for path in ("/operator", *WALLED):
        assert 'action="/operator/logout"' in (await ada.get(path)).text


async def test_what_is_not_allowed_is_logged(site, capsys):
    eve = await at_console(site, name="eve", role=Role.VIEWER)
    async with eve.client:
        await eve.sign_in()
        await eve.get("/operator/audit")
        await eve.client.post(FACTOR, headers={"Sec-Fetch-Site": "cross-site"})

    said = "".join(capsys.readouterr())
    assert "see the audit log" in said
    assert "a form of another site" in said


async def test_signing_out_twice_does_no_harm(ada):
    await ada.post("/operator/logout")

    assert [act[1] for act in await ada.acts()] == ["operator added"]


async def test_whoever_is_signed_in_already_is_led_on(ada):
    await ada.sign_in()

    answer = await ada.get("/operator/login", next="/operator/account")

    assert answer.headers["Location"] == "/operator/account"


async def test_the_sign_in_page_goes_on_to_the_page_that_was_asked_for(ada):
    answer = await ada.get("/operator/login", next="/operator/account")

    assert 'name="next" value="/operator/account"' in answer.text


async def test_a_made_up_session_is_none(ada):
    ada.client.cookies.set("__Host-eventide", "made-up")

    assert (await ada.get("/operator/account")).status_code == 303


async def test_a_session_ends_after_half_an_hour_in_which_no_page_was_asked_for(ada):
    await ada.sign_in()
    for _ in range(3):
        ada.wait(minutes=29)
        assert (await ada.get("/operator/account")).status_code == 200
    ada.wait(minutes=30)

    assert (await ada.get("/operator/account")).status_code == 303


async def test_a_session_ends_after_twelve_hours_whatever_is_done(ada):
    await ada.sign_in()
    for _ in range(12 * 3 - 1):
        ada.wait(minutes=20)
        assert (await ada.get("/operator/account")).status_code == 200
    ada.wait(minutes=20)

    assert (await ada.get("/operator/account")).status_code == 303


async def test_old_sessions_are_forgotten_by_the_next_sign_in(ada):
    await ada.sign_in()
    ada.wait(hours=13)
    await ada.sign_in()

    async with ada.site.store.transaction() as tx:
        assert await tx.sessions.end_all("ada") == 1


async def test_a_disabled_operator_is_out_at_once_and_cannot_come_back(ada):
    await at_console(ada.site, name="eve")
    await ada.sign_in()
    now = ada.site.clock.now()

    await operators.disable(ada.site.store, "ada", by="eve", now=now)

    assert (await ada.get("/operator/account")).status_code == 303
    assert (await ada.sign_in()).status_code == 403


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": ""},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {},
    ],
)
async def test_a_form_of_another_site_does_nothing(ada, headers):
    await ada.sign_in()

    answer = await ada.client.post(
        FACTOR,
        data={"act": "begin", "password": PASSWORD},
        headers=headers,
    )
    await ada.client.post("/operator/logout", headers=headers)

    assert answer.status_code == 403
    assert "Nothing was done" in words(answer.text)
    assert [act[1] for act in await ada.acts()] == ["operator added", "signed in"]


async def test_another_site_cannot_sign_anybody_in(ada):
    answer = await ada.sign_in(**{"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "That form did not come from this page" in words(answer.text)
    assert "Set-Cookie" not in answer.headers


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "same-origin"},
        {"Sec-Fetch-Site": "none"},
        {"Origin": "https://eventide.example"},
    ],
)
async def test_a_form_of_our_own_is_taken(ada, headers):
    await ada.sign_in()

    answer = await ada.client.post(
        FACTOR,
        data={"act": "begin", "password": PASSWORD},
        headers=headers,
    )

    assert answer.headers["Location"] == FACTOR


async def test_pages_of_the_console_let_a_browser_say_where_a_form_comes_from(ada):
    before = await ada.get("/operator/login")
    await ada.sign_in()
    after = await ada.get("/operator/account")

    assert before.headers["Referrer-Policy"] == "same-origin"
    assert after.headers["Referrer-Policy"] == "same-origin"


async def test_ten_wrong_passwords_are_enough_for_a_quarter_of_an_hour(ada):
    for _ in range(10):
        assert (await ada.sign_in(password="wrong")).status_code == 403
    refused = await ada.sign_in()
    ada.wait(minutes=15)
    taken = await ada.sign_in()

    assert refused.status_code == 429
    assert refused.headers["Retry-After"] == "900"
    assert "Too many attempts" in words(refused.text)
    assert taken.status_code == 303


async def test_strangers_cannot_lock_an_operator_out(ada):
    await ada.sign_in()
    await ada.post("/operator/logout")
    async with browsing(ada.app) as stranger:
        tried = {"name": "ada", "password": "wrong"}
        answers = [
            await stranger.post("/operator/login", data=tried, headers=FROM_HERE)
            for _ in range(11)
        ]

    assert answers[-1].status_code == 429
    assert (await ada.sign_in()).status_code == 303


async def test_a_password_kept_with_less_strength_is_kept_with_more_from_now_on(ada):
    stronger = PasswordHasher(time_cost=2, memory_cost=8, parallelism=1)
    site = replace(ada.site, passwords=Passwords(stronger))
    async with browsing(create_app(site)) as client:
        moved = replace(ada, client=client)
        await moved.sign_in()
        answer = await moved.sign_in()

    async with site.store.transaction() as tx:
        kept = (await tx.operators.get("ada")).password_hash
    assert "t=2" in kept
    assert answer.status_code == 303


@pytest.mark.parametrize(
    ("role", "statuses"),
    [
        (Role.VIEWER, [200, 403, 403]),
        (Role.OPERATOR, [200, 403, 403]),
        (Role.ADMIN, [200, 200, 200]),
    ],
)
async def test_each_role_sees_its_pages_and_no_others(site, role, statuses):
    someone = await at_console(site, role=role)
    async with someone.client:
        await someone.sign_in()
        answers = [await someone.get(path) for path in WALLED]

        home = words(answers[0].text)

    assert [answer.status_code for answer in answers] == statuses
    assert ("Audit log" in home) is (role is Role.ADMIN)
    assert "Tonight" in home
    for answer in answers[1:]:
        assert ("Not for your role" in answer.text) is (answer.status_code == 403)


async def test_no_page_of_the_console_loads_anything_from_elsewhere(ada):
    await ada.sign_in()
    pages = [(await ada.get(path)).text for path in (*WALLED, "/operator/login")]

    for page in pages:
        assert "style=" not in page
        assert "<script" not in page.replace('<script src="/static/', "")
        assert "http" not in page.replace("http-equiv", "").replace("https://", "")
