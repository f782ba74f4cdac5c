"""A real Prometheus scrapes a real web and worker; a real Alertmanager mails the operator."""

import asyncio
import math
import re
from datetime import timedelta
from email import message_from_string
from email.policy import default

from service.clock import SystemClock
from service.domain.night import night_at
from service.domain.subscriber import Person
from tests.builders import answers, evening, message, subscriber
from tests.monitoring.tools import BOARDS, alerts, needs_programs, panels
from tests.web.visits import ADDRESS, form

MINUTE = timedelta(minutes=1)
PEOPLE = (
    *(f"p{number}@{at}" for number in range(8) for at in ("gmail.com", "example.org")),
    "gone@example.org",
    "later@yahoo.co.uk",
)


async def settle(ward, now):
    """People for whom it is eight in the evening, two who come later, one given up."""
    offset = (20 - now.hour + 9) % 24 - 9
    zone = f"Etc/GMT{-offset:+d}" if offset else "Etc/GMT"
    night = night_at(zone, now=now)
    async with ward.store.transaction() as tx:
        for number, address in enumerate((*PEOPLE, "x@example.org", "y@example.org")):
            person = subscriber(
                await tx.signups.new_id(),
                person=Person(address=address, answers=answers()),
                evening=evening(zone, 19 * 60, is_zone_confirmed=True),
                started_on=night,
            )
            due_at = now - MINUTE if number < len(PEOPLE) else now + 60 * MINUTE
            await tx.subscribers.add(person, next_due_at=due_at, now=now)
        lost = message(10**6, night=now.date(), expires_at=now - MINUTE)
        await tx.outbox.put([lost])


async def sign_up(ward):
    """Somebody joins by the form and the link in the mail."""
    await ward.web.get("/")
    await ward.web.post("/signup", data=form())
    await ward.come_true(lambda: is_so(ward.relay.to(ADDRESS)))
    (mail,) = ward.relay.to(ADDRESS)
    (token,) = re.findall(r"/confirm\?token=(\S+)", plain(parsed(mail)))
    confirmed = await ward.web.post("/confirm", data={"token": token})
    assert confirmed.status_code == 200


def parsed(mail):
    return message_from_string(mail, policy=default)


def plain(mail):
    """The body for people who read text."""
    return mail.get_body(("plain",)).get_content()


async def is_so(claim):
    return bool(claim)


async def has_seen(ward, figures):
    """Whether Prometheus has scraped all of what happened."""
    # Whoever sends tells its rate now and then; a forecast needs one.
    async with ward.store.transaction() as tx:
        await tx.workers.beat("another", per_second=5)
    return all([await ward.value(query) == value for query, value in figures.items()])


def asked(expression):
    """A query as Grafana would send it."""
    filled = expression.replace("$__rate_interval", "2m").replace("$__range", "10m")
    return filled.replace("$provider", ".*")


async def answers_of(ward, expression):
    found = await ward.ask(asked(expression))
    return [float(each["value"][1]) for each in found]


@needs_programs
async def test_an_evening_is_seen_on_every_board_and_its_trouble_told_by_mail(ward):
    await asyncio.gather(sign_up(ward), settle(ward, SystemClock().now()))
    sent = 'eventide_messages_total{kind="reminder",outcome="sent"}'
    seen = {
        f"sum({sent})": len(PEOPLE) - 2,
        'sum(eventide_messages_total{reason="no such address"})': 1,
        'sum(eventide_messages_total{outcome="deferred",reason="slower"}) > bool 0': 1,
        'max(eventide_provider_messages_total{provider="gmail",outcome="sent"})': 8,
        'max(eventide_signups_total{step="confirmed"})': 1,
        'sum(eventide_lateness_seconds_count{hour="19"})': len(PEOPLE) - 2,
        'sum(eventide_planned_messages_total{is_late="no"})': len(PEOPLE),
        'max(eventide_not_sent_messages{state="expired"})': 1,
        "max(eventide_done_timestamp_seconds) > bool 0": 1,
        "max(eventide_workers)": 2,
    }

    await ward.come_true(lambda: has_seen(ward, seen))
    await ward.come_true(lambda: is_so(ward.relay.to("op@x.example")))

    silent = [
        (path.stem, panel["title"], target["expr"])
        for path in BOARDS
        for panel in panels(path)
        for target in panel["targets"]
        if not any(map(math.isfinite, await answers_of(ward, target["expr"])))
    ]
    assert silent == []
    rules = (await ward.prometheus.get("/api/v1/rules")).json()["data"]["groups"]
    found = {rule["name"]: rule["health"] for group in rules for rule in group["rules"]}
    assert found == dict.fromkeys(alerts(), "ok")
    mail = parsed(ward.relay.to("op@x.example")[0])
    assert mail["Subject"] == "[Eventide] FIRING: RemindersExpired"
    assert "docs/runbook/reminders-expired.md" in plain(mail)
