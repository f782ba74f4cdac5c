"""Strangers at the form: what is refused for a while, and what is asked back."""

import asyncio
import re
from dataclasses import replace
from datetime import timedelta
from ipaddress import ip_network

import httpx
import pytest
from structlog.testing import capture_logs

from service.domain.limits import BUDGETS, REFUSED, Scope, sources
from service.domain.outbox import Lane
from service.domain.puzzle import FIRST, NUMBERS
from service.flows import limits
from service.flows.upkeep import upkeep
from service.web.app import create_app
from tests.builders import NOON
from tests.conftest import stop_clock
from tests.web.visits import ADDRESS, BASE, answered, form, words

ELSEWHERE = "203.0.113.7"


@pytest.fixture
def browser(site):
    """Makes browsers at an address of the internet."""
    app = create_app(site)

    def at(host):
        transport = httpx.ASGITransport(app, client=(host, 1))
        return httpx.AsyncClient(transport=transport, base_url=BASE)

    return at


async def ask(client, address):
    return await client.post("/signup", data=form(email=address))


async def asks(client, addresses):
    """The statuses, all asked at once."""
    found = await asyncio.gather(*(ask(client, address) for address in addresses))
    return [answer.status_code for answer in found]


def kept(html):
    """The form on a page, as a press on its button sends it."""
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r'name="(\w+)" value="([^"]*)"', html):
        found.setdefault(name, []).append(value)
    return found


def answer_to(html):
    [(first, second)] = re.findall(r"How much is (\w+) plus (\w+)\?", html)
    return str(NUMBERS.index(first) + NUMBERS.index(second) + 2 * FIRST)


async def mails(site):
    """How many mails wait, once a worker has looked at what was asked for."""
    await answered(site)
    async with site.store.transaction() as tx:
        return (await tx.census.waits(now=site.clock.now())).waited_for


async def fill(site, scope):
    """Use up a budget, by people of networks of their own."""
    found = sources(ADDRESS, host=ELSEWHERE, own=())
    async with site.store.transaction() as tx:
        for _ in range(BUDGETS[scope].most):
            await tx.limits.count([s for s in found if s.scope is scope], now=NOON)


async def test_a_mailbox_is_written_to_three_times_a_day_whatever_its_tags(
    site, browser
):
    people = [f"ada+{number}@example.org" for number in range(200)]

    async with browser(ELSEWHERE) as client:
        statuses = [(await ask(client, address)).status_code for address in people[:20]]

    assert statuses == [200] * 3 + [429] * 17
    assert await mails(site) == 3


async def test_requests_that_come_at_once_are_counted_one_by_one(site, browser):
    people = [f"a.d.a+{number}@gmail.com" for number in range(12)]

    async with browser(ELSEWHERE) as client:
        statuses = await asks(client, people)

    assert statuses.count(200) == 3
    assert await mails(site) == 3


async def test_a_network_asks_for_forty_mails_an_hour_and_others_are_let_alone(
    site, browser
):
    async with browser("192.0.2.1") as client, browser(ELSEWHERE) as honest:
        statuses = await asks(client, [f"{n}@d{n}.example" for n in range(50)])
        other = await ask(honest, ADDRESS)

    assert statuses.count(200) == REFUSED[Scope.NETWORK].most
    assert other.status_code == 200
    assert await mails(site) == 41


async def test_the_page_says_until_when_and_keeps_every_answer(browser, clock):
    async with browser(ELSEWHERE) as client:
        for _ in range(3):
            await ask(client, ADDRESS)
        clock.move(timedelta(hours=2))
        refused = await ask(client, ADDRESS)
        clock.move(timedelta(hours=22))
        again = await client.post("/signup", data=kept(refused.text))

    assert "after 12:00 tomorrow" in words(refused.text)
    assert refused.headers["Retry-After"] == str(22 * 60 * 60 + 1)
    assert kept(refused.text)["medicines"] == ["med_statin", "med_unknown"]
    assert again.status_code == 200
    assert "Check your inbox" in again.text


async def test_a_network_is_told_of_the_hour(browser):
    async with browser(ELSEWHERE) as client:
        await asks(client, [f"{n}@d{n}.example" for n in range(40)])
        refused = await ask(client, ADDRESS)

    assert "from your network" in words(refused.text)
    assert "after 13:00." in words(refused.text)


async def test_links_are_asked_for_within_the_same_limits(browser):
    async with browser(ELSEWHERE) as client:
        answers = [
            await client.post("/manage/link", data={"email": ADDRESS}) for _ in range(4)
        ]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert "12:00 UTC tomorrow" in words(answers[-1].text)


async def test_who_is_refused_takes_nothing_from_a_strangers_mailbox(browser):
    async with browser("192.0.2.1") as client, browser(ELSEWHERE) as owner:
        await asks(client, [f"{n}@d{n}.example" for n in range(40)])
        await asks(client, [ADDRESS] * 5)
        answer = await ask(owner, ADDRESS)

    assert answer.status_code == 200


async def test_known_and_unknown_addresses_meet_the_same_limit(browser, visitor):
    await visitor.join()
    async with browser(ELSEWHERE) as client:
        known = [(await ask(client, ADDRESS)).status_code for _ in range(3)]
        unknown = [(await ask(client, "eve@a.example")).status_code for _ in range(4)]

    # Of the three of a day the sign-up itself was one.
    assert known == [200, 200, 429]
    assert unknown == [200, 200, 200, 429]


@pytest.mark.parametrize("host", ["192.0.2.9", "172.18.0.1"])
async def test_from_the_operators_networks_and_from_inside_any_number_may_ask(
    site, host
):
    own = replace(site, own_networks=(ip_network("192.0.2.0/24"),))
    transport = httpx.ASGITransport(create_app(own), client=(host, 1))

    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        statuses = await asks(client, [f"{n}@d{n}.example" for n in range(45)])

    assert statuses == [200] * 45


@pytest.mark.parametrize("scope", BUDGETS)
async def test_over_a_budget_whoever_is_not_the_first_answers_a_question(
    site, browser, scope
):
    await fill(site, scope)

    async with browser(ELSEWHERE) as client:
        with capture_logs() as lines:
            first = await ask(client, ADDRESS)
        asked = await ask(client, "bea@example.org")
        before = await mails(site)
        wrong = await client.post("/signup", data={**kept(asked.text), "sum": "99"})
        right = {**kept(wrong.text), "sum": answer_to(wrong.text)}
        taken = await client.post("/signup", data=right)

    assert "Check your inbox" in first.text
    assert [line["scope"] for line in lines] == [scope]
    assert "example.org" not in str(lines)
    assert "One short question" in asked.text
    assert before == 1
    assert "That was not right" in words(wrong.text)
    assert "Check your inbox" in taken.text
    assert await mails(site) == 2


async def test_a_networks_later_mails_wait_behind_the_first_ones_of_others(
    site, browser, clock
):
    async with browser("192.0.2.1") as flood, browser(ELSEWHERE) as honest:
        for number in range(10):
            await ask(flood, f"{number}@d{number}.example")
        clock.move(timedelta(minutes=1))
        await ask(honest, ADDRESS)
    await answered(site)

    async with site.store.transaction() as tx:
        claimed = await tx.outbox.claim(
            Lane.PRIORITY,
            limit=2,
            worker="one",
            lease=timedelta(minutes=1),
            now=clock.now(),
        )

    assert {message.payload for message in claimed} == {"0@d0.example", ADDRESS}


async def test_counts_are_forgotten_when_their_window_is_over(site, browser, clock):
    async with browser("2001:db8::1") as client:
        await ask(client, ADDRESS)
    during = await limits.pressure(site.store, now=clock.now())
    clock.move(timedelta(days=1))
    await stop_clock(site.store, clock.now())
    await upkeep(site.store, now=clock.now())

    after = await limits.pressure(site.store, now=NOON)

    assert (during.instance, during.public) == (1, 1)
    assert (after.instance, after.public) == (0, 0)


# What a proxy says may be no address at all.
@pytest.mark.parametrize("host", ["172.18.0.5", "unknown", "192.0.2.1:http"])
async def test_the_console_says_that_a_flood_is_on_and_that_no_network_is_known(
    operator, site, host
):
    calm = (await operator.client.get("/operator")).text
    found = sources(ADDRESS, host=host, own=())
    async with site.store.transaction() as tx:
        for _ in range(BUDGETS[Scope.DOMAIN].most + 1):
            await tx.limits.count(found, now=NOON)
    page = words((await operator.client.get("/operator")).text)
    figures = (await operator.client.get("/metrics")).text

    assert "The proxy is not trusted" not in calm
    assert "The proxy is not trusted All 61 requests for a mail today" in page
    assert "61 requests for a mail within the hour 1 recipient domain is over" in page
    assert 'eventide_budgets_spent{scope="domain"} 1.0' in figures
    assert 'eventide_budgets_spent{scope="instance"} 0.0' in figures
