"""Bounces posted by a mail server or a provider, with the key that only it has."""

from dataclasses import replace
from typing import cast

import pytest
import pytest_asyncio

from service.domain.errors import TryLater
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.store.engine import Store
from service.web import bounces
from service.web.app import create_app
from service.web.guard import LONGER_BODIES
from tests.builders import REFUSALS
from tests.mail.returned import A_PERSON, BOUNCES
from tests.web.visits import FailingStore, browsing

KEY = "a key of the mail server"
WITH_KEY = {"Authorization": f"Bearer {KEY}", "Content-Type": "message/rfc822"}


@pytest.fixture
def desk(site):
    verp = Verp(keys=site.links.keys, address=BOUNCES)
    return Desk(store=site.store, verp=verp, refusals=REFUSALS, clock=site.clock)


@pytest_asyncio.fixture
async def client(site, desk):
    async with browsing(
        create_app(site, bounces.routes(desk, KEY, site.figures))
    ) as found:
        yield found


async def kept(site):
    async with site.store.transaction() as tx:
        return [each.raw for each in await tx.feedback.kept()]


async def test_a_mail_with_the_key_is_taken_and_done(client, site):
    answer = await client.post("/bounces", content=A_PERSON, headers=WITH_KEY)

    assert answer.status_code == 200
    assert await kept(site) == [A_PERSON]


@pytest.mark.parametrize(
    "given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": f"Basic {KEY}"}]
)
async def test_without_the_key_nothing_is_taken(client, site, given, capsys):
    answer = await client.post("/bounces", content=A_PERSON, headers=given)

    assert answer.status_code == 401
    assert "wrong key for bounces" in "".join(capsys.readouterr())
    assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert await kept(site) == []


async def test_a_mail_longer_than_a_form_is_taken_but_not_any_length(client, site):
    long = A_PERSON + b"x" * 200_000
    taken = await client.post("/bounces", content=long, headers=WITH_KEY)
    too_long = b"x" * (LONGER_BODIES["/bounces"] + 1)
    refused = await client.post("/bounces", content=too_long, headers=WITH_KEY)

    assert (taken.status_code, refused.status_code) == (200, 413)
    assert len(await kept(site)) == 1


async def test_while_the_database_is_away_the_sender_is_told_to_try_again(site, desk):
    failing = cast("Store", FailingStore(TryLater("the database is away")))
    away = bounces.routes(replace(desk, store=failing), KEY, site.figures)

    async with browsing(create_app(site, away)) as client:
        answer = await client.post("/bounces", content=A_PERSON, headers=WITH_KEY)

    assert answer.status_code == 503
    assert "Retry-After" in answer.headers


async def test_without_a_key_in_the_settings_there_is_no_such_page(site, desk):
    async with browsing(
        create_app(site, bounces.routes(desk, "", site.figures))
    ) as client:
        answer = await client.post(
            "/bounces", content=A_PERSON, headers={"Authorization": "Bearer "}
        )

    assert answer.status_code == 404
