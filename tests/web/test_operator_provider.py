"""Signing in by the word of an identity provider, which is not believed everything."""

from dataclasses import replace

import pytest
from joserfc.jwk import RSAKey

from service.domain.operators import Role
from service.domain.throttle import BY_NAME
from service.flows import operators
from service.oidc import Provider
from tests.web.consoles import at_console
from tests.web.identity import CLIENT, identity
from tests.web.visits import BASE, words

START = "/operator/login/provider"


@pytest.fixture
async def clinic(site):
    async with identity() as found:
        found.now = int(site.clock.now().timestamp())
        yield found


@pytest.fixture
async def ada(site, clinic):
    async with at_clinic(site, clinic.settings()) as found:
        yield found


def at_clinic(site, settings):
    provider = Provider(settings, callback=f"{BASE}/operator/login/callback")
    return Ada(replace(site, provider=provider))


class Ada:
    """Somebody whom the provider knows, with an account here without a password."""

    def __init__(self, site):
        self.site = site

    async def __aenter__(self):
        found = await at_console(self.site, name="root")
        new = ("ada@example.org", Role.OPERATOR, "")
        now = self.site.clock.now()
        site = self.site
        await operators.add(site.store, site.passwords, new, by="root", now=now)
        self._client = found.client
        return found

    async def __aexit__(self, *_):
        await self._client.aclose()


async def through(ada, clinic):
    """Where the sign-in with the provider ends."""
    begun = await ada.get(START)
    return await ada.client.get(clinic.authorize(begun.headers["Location"]))


async def test_whom_the_provider_vouches_for_is_signed_in(ada, clinic):
    answer = await through(ada, clinic)
    page = await ada.get("/operator/account")

    assert answer.headers["Location"] == "/operator"
    assert "ada@example.org" in words(page.text)
    assert (await ada.acts())[-1] == (
        "ada@example.org",
        "signed in",
        None,
        "identity provider",
    )


async def test_another_person_who_is_given_the_address_is_not_let_in(ada, clinic):
    await through(ada, clinic)
    clinic.claims = {"sub": "43"}
    another = await through(ada, clinic)
    clinic.claims = {}
    the_same = await through(ada, clinic)
    by, now = "cli:root", ada.site.clock.now()
    await operators.disable(ada.site.store, "ada@example.org", by=by, now=now)
    await operators.enable(ada.site.store, "ada@example.org", by=by, now=now)
    clinic.claims = {"sub": "43"}
    enabled_anew = await through(ada, clinic)

    assert [a.status_code for a in (another, the_same)] == [403, 303]
    assert enabled_anew.status_code == 303


@pytest.mark.parametrize(
    ("demands", "claims", "status"),
    [
        ("amr=mfa", {"amr": ["pwd", "mfa"]}, 303),
        ("amr=mfa", {"amr": ["pwd"]}, 403),
        ("amr=mfa", {}, 403),
        ("acr=2", {"acr": "2"}, 303),
        ("acr=2", {"acr": 2}, 303),
        ("acr=2", {"acr": "1"}, 403),
    ],
    ids=str,
)
async def test_the_provider_says_that_a_second_factor_was_used_where_it_is_demanded(
    site, clinic, demands, claims, status
):
    clinic.claims = claims
    async with at_clinic(site, clinic.settings(demands=demands)) as ada:
        answer = await through(ada, clinic)

    assert answer.status_code == status
    assert clinic.asked.get("acr_values") == ("2" if demands == "acr=2" else None)


async def test_no_other_site_begins_a_sign_in(ada):
    answer = await ada.client.get(START, headers={"Sec-Fetch-Site": "cross-site"})

    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers


async def test_a_sign_in_by_the_provider_takes_the_place_of_the_session_before(
    ada, clinic
):
    await through(ada, clinic)
    before = ada.client.cookies["__Host-eventide"]

    await through(ada, clinic)

    assert (await ada.get_as(before, "/operator/account")).status_code == 303


async def test_the_sign_in_page_offers_it_by_its_name(ada):
    page = await ada.get("/operator/login")

    assert "Sign in with Clinic ID" in words(page.text)


async def test_without_a_provider_there_is_no_way_to_it(site):
    root = await at_console(site)
    async with root.client:
        page = await root.get("/operator/login")

        assert "Sign in with" not in words(page.text)
        assert (await root.get(START)).status_code == 404


async def test_what_is_asked_of_the_provider(ada, clinic):
    await through(ada, clinic)

    assert clinic.asked["response_type"] == "code"
    assert clinic.asked["client_id"] == CLIENT
    assert clinic.asked["redirect_uri"] == f"{BASE}/operator/login/callback"
    assert set(clinic.asked["scope"].split()) == {"openid", "email", "profile"}


async def test_a_provider_may_name_an_operator_by_another_claim(site, clinic):
    settings = clinic.settings(claim="preferred_username")
    clinic.claims = {"preferred_username": "Root", "email": None}
    async with at_clinic(site, settings) as ada:
        answer = await through(ada, clinic)

    assert answer.headers["Location"] == "/operator"


@pytest.mark.parametrize(
    "claims",
    [
        {"email_verified": False},
        {"email_verified": "true"},
        {"email_verified": None},
        {"email": None},
        {"email": 7},
        {"email": "eve@example.org"},
        {"iss": "https://evil.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"azp": "another client"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1},
        {"exp": None},
    ],
    ids=str,
)
async def test_who_is_not_said_to_be_an_operator_to_us_now_is_not_let_in(
    ada, clinic, claims
):
    clinic.claims = claims

    answer = await through(ada, clinic)

    assert answer.status_code == 403
    assert "You are not signed in" in words(answer.text)
    assert "Set-Cookie" not in answer.headers


async def test_what_somebody_else_signed_is_not_believed(ada, clinic):
    clinic.signed_by = RSAKey.generate_key(2048)

    assert (await through(ada, clinic)).status_code == 403


@pytest.mark.parametrize(
    "token", [{"id_token": "x"}, {"id_token": None}, {"id_token": "a.b.c"}]
)
async def test_a_token_that_is_none_is_not_believed(ada, clinic, token):
    clinic.token = token

    assert (await through(ada, clinic)).status_code == 403


async def test_a_disabled_operator_is_not_let_in_whoever_vouches(ada, clinic):
    await operators.disable(
        ada.site.store, "ada@example.org", by="root", now=ada.site.clock.now()
    )

    assert (await through(ada, clinic)).status_code == 403
    assert (await ada.acts())[-1][:2] == ("ada@example.org", "sign-in refused")


async def test_a_disabled_operator_who_keeps_coming_fills_no_audit_log(ada, clinic):
    await operators.disable(
        ada.site.store, "ada@example.org", by="root", now=ada.site.clock.now()
    )

    answers = [await through(ada, clinic) for _ in range(BY_NAME + 2)]

    assert {answer.status_code for answer in answers} == {403}
    acts = [act[1] for act in await ada.acts()]
    assert acts.count("sign-in refused") == BY_NAME


async def test_whom_nobody_knows_here_is_not_let_in_and_not_audited(ada, clinic):
    clinic.claims = {"email": "stranger@example.org"}
    before = await ada.acts()

    assert (await through(ada, clinic)).status_code == 403
    assert await ada.acts() == before


@pytest.mark.parametrize(
    "query", ["", "?code=the-code", "?code=the-code&state=made-up", "?error=denied"]
)
async def test_an_answer_that_nobody_asked_for_is_none(ada, query):
    await ada.get(START)

    answer = await ada.client.get(f"/operator/login/callback{query}")

    assert answer.status_code == 403


async def test_an_answer_in_another_browser_is_none(ada, clinic):
    begun = await ada.get(START)
    address = clinic.authorize(begun.headers["Location"])
    ada.client.cookies.clear()

    assert (await ada.client.get(address)).status_code == 403


async def test_a_code_that_the_provider_does_not_know_lets_nobody_in(ada, clinic):
    begun = await ada.get(START)
    address = clinic.authorize(begun.headers["Location"])

    answer = await ada.client.get(address.replace("the-code", "another"))

    assert answer.status_code == 403


async def test_a_client_without_a_secret_is_not_taken_for_one_with(site, clinic):
    async with at_clinic(site, clinic.settings(client_secret="")) as ada:
        assert (await through(ada, clinic)).status_code == 403


@pytest.mark.parametrize(
    "about",
    [
        {"issuer": "https://evil.example"},
        {"issuer": None},
        {"authorization_endpoint": None},
    ],
    ids=str,
)
async def test_an_issuer_that_describes_itself_otherwise_is_not_gone_to(
    ada, clinic, about
):
    clinic.about = about

    assert (await ada.get(START)).status_code == 403


@pytest.mark.parametrize("about", ["<html>", "[]"])
async def test_an_issuer_that_does_not_describe_itself_is_not_gone_to(
    ada, clinic, about
):
    clinic.raw_about = about

    assert (await ada.get(START)).status_code == 403


async def test_an_issuer_that_points_elsewhere_is_not_followed(ada, clinic):
    async with identity() as elsewhere:
        clinic.moved_to = f"{elsewhere.issuer}/.well-known/openid-configuration"
        elsewhere.about = {"issuer": clinic.issuer}

        assert (await ada.get(START)).status_code == 503


async def test_a_provider_that_is_away_is_said_to_be(site, clinic):
    nobody = clinic.settings(issuer="http://127.0.0.1:9")
    async with at_clinic(site, nobody) as ada:
        answer = await ada.get(START)

    assert answer.status_code == 503
    assert "Clinic ID does not answer" in words(answer.text)


async def test_a_provider_that_goes_away_in_between_is_said_to_be(ada, clinic):
    clinic.about = {"token_endpoint": "http://127.0.0.1:9/token"}

    assert (await through(ada, clinic)).status_code == 503
