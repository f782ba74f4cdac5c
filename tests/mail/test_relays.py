"""Politeness, at real relays: who is asked, how fast, and who is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from json import dumps
from uuid import uuid4

import pytest
from aiosmtpd.smtp import AuthResult
from structlog.testing import capture_logs

from service.domain.breaker import (
    ASTRAY,
    AWAY,
    CLOSED,
    MANY_DOMAINS,
    MANY_PEOPLE,
    OUR_SENDER,
    POLICY,
    SHUNNED,
    Gate,
)
from service.domain.errors import Misconfigured, TryLater
from service.domain.outbox import Accepted, Lane, Outcome, Refused, Unknown, Unsent
from service.domain.pace import LONGEST_HOLD, LOOK, RECOVERY, ROUND, SLOWEST
from service.domain.refusals import Stage
from service.mail.domains import ASK_AGAIN, LEAST_FULL, MOST, Domains
from service.mail.envelope import Envelope
from service.mail.queue import CLOSING
from service.mail.relays import Relays
from service.settings import SmtpSettings
from service.worker.lanes import lanes
from tests.builders import NOON, REFUSALS
from tests.fakes import StoppedClock
from tests.mail.relay import HOST, Mishap, Relay

BLOCKED = "550 5.7.1 Blocked for ann@big.example"
SLOWLY = "451 4.7.1 Slow down"
LATER = timedelta(hours=2)
MOMENT = timedelta(milliseconds=1)


def plain(port: int, **named: object) -> dict[str, object]:
    """A plain relay on loopback with one connection."""
    usual = {"host": HOST, "port": port, "tls": "none", "connections": 1}
    return usual | {"hostname": "eventide.example"} | named


@asynccontextmanager
async def relays(
    *each: dict[str, object], clock: StoppedClock, **named: object
) -> AsyncIterator[Relays]:
    """Relays with these settings, the first of them the main one."""
    main, *others = each
    settings = SmtpSettings.model_validate(main | {"others": dumps(others)} | named)
    async with Relays(settings, REFUSALS, clock=clock) as opened:
        yield opened


def envelope(
    domain: str = "example.com",
    *,
    within: timedelta = LATER,
    who: str = "ann",
    is_retry: bool = False,
) -> Envelope:
    return Envelope(
        sender="tips@example.org",
        recipient=f"{who}@{domain}",
        data=b"Subject: x\r\n\r\nHello\r\n",
        envid=who,
        expires_at=NOON + within,
        is_retry=is_retry,
    )


async def sent(
    relays: Relays, count: int = 1, *, domain: str = "example.com"
) -> list[Outcome]:
    """What becomes of so many people's messages, one after another."""
    people = [envelope(domain, who=f"{uuid4()}") for _ in range(count)]
    return [await relays.send(each) for each in people]


async def sent_around(relays: Relays, count: int) -> list[Outcome]:
    """The same, to people at one domain more than tell something of a relay."""
    domains = [f"{n}.example" for n in range(MANY_DOMAINS + 1)]
    return [
        outcome
        for n in range(count)
        for outcome in await sent(relays, domain=domains[n % len(domains)])
    ]


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(NOON)


# --- Several relays -----------------------------------------------------------


async def test_each_relay_gets_its_weight_in_turn(clock):
    async with (
        Relay() as big,
        Relay() as small,
        relays(plain(big.port, weight=3), plain(small.port), clock=clock) as pool,
    ):
        for _ in range(8):
            await sent(pool)

        assert pool.connections == 2
    assert (len(big.envelopes), len(small.envelopes)) == (6, 2)


async def test_the_next_relay_takes_over_at_once_from_one_that_is_away(clock):
    async with Relay() as gone:
        pass
    async with (
        Relay() as there,
        relays(plain(gone.port), plain(there.port), clock=clock) as pool,
    ):
        outcomes = await sent(pool, 20)

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.OPEN
        assert pool.manners.relays[1].breaker.gate(now=NOON) is Gate.CLOSED
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(there.envelopes) == 20


async def test_the_next_relay_takes_over_from_one_that_is_busy_or_does_not_know_us(
    clock,
):
    async with (
        Relay() as main,
        Relay() as spare,
        relays(plain(main.port, weight=9), plain(spare.port), clock=clock) as pool,
    ):
        main.script["MAIL"] = ["421 4.3.2 Closing", "530 5.7.0 Sign in first"]
        outcomes = await sent(pool, 2)

    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(spare.envelopes) == 2


async def test_no_other_relay_gets_what_the_first_may_have_taken_or_has_refused(clock):
    async with (
        Relay() as main,
        Relay() as spare,
        relays(plain(main.port, weight=9), plain(spare.port), clock=clock) as pool,
    ):
        main.script["MESSAGE"] = [Mishap.HANG_UP]
        main.script["RCPT"] = [None, "550 5.1.1 Nobody"]
        unknown, refused = await sent(pool, 2)

    assert isinstance(unknown, Unknown)
    assert isinstance(refused, Refused)
    assert not spare.envelopes


async def test_a_relay_that_says_nothing_takes_no_more_than_its_own_part(clock):
    async with (
        Relay() as silent,
        Relay() as there,
        relays(plain(silent.port), plain(there.port), clock=clock) as pool,
    ):
        silent.script["EHLO"] = [Mishap.SAY_NOTHING]
        assert pool.room(now=NOON) == 4
        hanging = [asyncio.create_task(pool.send(envelope())) for _ in range(4)]
        await silent.heard("EHLO")
        await asyncio.wait(hanging[1::2])
        assert pool.room(now=NOON) == 2

        outcomes = await sent(pool, 20)
        silent.hang_up()
        outcomes += await asyncio.gather(*hanging)
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert len(there.envelopes) == 24


async def test_no_more_is_begun_than_the_connections_of_a_relay_have_room_for(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port), clock=clock) as evening,
        Relays(
            SmtpSettings.model_validate(plain(relay.port)),
            REFUSALS,
            clock=clock,
            lane=Lane.PRIORITY,
            manners=evening.manners,
        ) as express,
    ):
        relay.script["RCPT"] = [Mishap.SAY_NOTHING]
        hanging = [asyncio.create_task(evening.send(envelope())) for _ in range(2)]
        await relay.heard("RCPT")
        assert (evening.room(now=NOON), express.room(now=NOON)) == (0, 2)
        assert not evening.are_away(now=NOON)
        assert await sent(evening) == [Unsent(reason="no relay takes mail at present")]
        (outcome,) = await sent(express)
        relay.hang_up()
        await asyncio.gather(*hanging)

        assert isinstance(outcome, Accepted)
        assert evening.room(now=NOON) == 2


# --- The breaker of a relay ----------------------------------------------------


async def test_a_relay_that_is_away_is_asked_again_with_one_message(clock):
    async with Relay() as relay:
        port = relay.port
    async with relays(plain(port), clock=clock) as pool:
        with capture_logs() as logs:
            await sent(pool, AWAY.in_a_row + 3)
        assert pool.room(now=NOON) == 0
        assert pool.are_away(now=NOON)
        assert await sent(pool) == [Unsent(reason="no relay takes mail at present")]

        clock.move(AWAY.first_wait)
        now = clock.now()
        assert pool.room(now=now) == 1
        await sent(pool)
        assert pool.room(now=now + AWAY.first_wait) == 0
        assert pool.room(now=now + 2 * AWAY.first_wait) == 1

    (line,) = logs
    assert line["log_level"] == "error"
    assert line["event"] == "relay left alone"
    assert line["remedy"] == AWAY.remedy
    assert f"{HOST}:{port}" in line["relay"]


async def test_a_relay_that_is_back_takes_everything_after_its_first_message(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["MAIL"] = [Mishap.HANG_UP] * AWAY.in_a_row
        await sent(pool, AWAY.in_a_row)
        clock.move(AWAY.first_wait)

        relay.script["RCPT"] = [Mishap.SAY_NOTHING]
        probe = asyncio.create_task(pool.send(envelope()))
        await relay.heard("RCPT")
        (other,) = await sent(pool)
        relay.hang_up()
        assert isinstance(await probe, Unsent)
        assert other == Unsent(reason="no relay takes mail at present")

        clock.move(2 * AWAY.first_wait)
        with capture_logs() as logs:
            outcomes = await sent(pool, 3)
        assert pool.room(now=clock.now()) == 2
    assert all(isinstance(outcome, Accepted) for outcome in outcomes)
    assert [line["event"] for line in logs] == ["relay takes mail again"]


async def test_a_relay_is_asked_again_while_messages_from_before_still_hang(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, connections=2), clock=clock) as pool,
    ):
        relay.script["MESSAGE"] = [Mishap.SAY_NOTHING, *[Mishap.HANG_UP] * 3]
        hanging = asyncio.create_task(pool.send(envelope()))
        await relay.heard("MESSAGE")
        await sent(pool, AWAY.in_a_row)
        assert pool.room(now=NOON) == 0

        clock.move(AWAY.first_wait)
        assert pool.room(now=clock.now()) == 1
        (probe,) = await sent(pool)
        assert isinstance(probe, Accepted)
        assert pool.room(now=clock.now()) == 3
        relay.hang_up()
        await hanging


async def test_a_relay_that_loses_messages_after_taking_them_gets_no_more(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["MESSAGE"] = [Mishap.HANG_UP] * AWAY.in_a_row
        with capture_logs() as logs:
            outcomes = await sent(pool, AWAY.in_a_row + 1)

    assert [type(outcome) for outcome in outcomes] == [Unknown] * 3 + [Unsent]
    assert logs[0]["error"] == "the connection was lost after a message"


async def test_wrong_credentials_stop_everything_at_once_and_nobody_is_refused(clock):
    def refuse(_server, _session, _envelope, _mechanism, _given):
        return AuthResult(success=False, handled=False)

    async with (
        Relay(authenticator=refuse, auth_require_tls=False) as relay,
        relays(
            plain(relay.port, username="ann", password="hunter2"), clock=clock
        ) as pool,
    ):
        with capture_logs() as logs:
            first = await pool.send(envelope())
            rest = await asyncio.gather(*(pool.send(envelope()) for _ in range(10)))

    assert isinstance(first, Refused)
    assert first.stage is Stage.CONNECT
    assert all(isinstance(outcome, Unsent) for outcome in rest)
    assert relay.connections == 1
    (line,) = logs
    assert line["error"].startswith("our sender: 535")
    assert line["remedy"] == OUR_SENDER.remedy


async def test_a_relay_through_which_every_domain_refuses_us_is_left_alone(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = ["554 5.7.1 Relay access denied"] * MANY_PEOPLE
        with capture_logs() as logs:
            for number in range(MANY_PEOPLE):
                await sent(pool, domain=f"{number}.example")

        assert pool.room(now=NOON) == 0
        assert pool.hold("0.example", now=NOON) is None
    (line,) = logs
    assert (line["event"], line["remedy"]) == ("relay left alone", SHUNNED.remedy)


async def test_a_relay_that_asks_every_domain_s_mail_to_wait_may_mean_each_address(
    clock,
):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY] * (2 * MANY_PEOPLE)
        await sent_around(pool, 2 * MANY_PEOPLE)

        assert pool.room(now=NOON) == 2


async def test_one_domain_that_minds_says_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY] * (2 * MANY_PEOPLE)
        await sent(pool, 2 * MANY_PEOPLE)

        assert pool.room(now=NOON) == 2


async def test_a_few_domains_that_refuse_us_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        for number in range(2 * MANY_PEOPLE):
            relay.script["RCPT"] = [BLOCKED]
            await sent(pool, domain=f"{number}.example")
            if number % 3 == 0:
                await sent(pool, domain="small.example")

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.CLOSED


async def test_people_who_are_gone_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [*["550 5.1.1 Nobody"] * (MANY_PEOPLE - 1), None] * 2
        await sent_around(pool, 2 * MANY_PEOPLE)

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.CLOSED


async def test_full_mailboxes_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = ["552 5.2.2 Full"] * (2 * MANY_PEOPLE)
        await sent_around(pool, 2 * MANY_PEOPLE)

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.CLOSED


@pytest.mark.parametrize(
    "answer",
    [
        "550 5.1.1 Nobody",
        "553 No",
        "550 5.1.2 No such domain",
        "554 Transaction failed",
    ],
)
async def test_a_relay_that_refuses_everybody_is_not_believed_for_long(answer, clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [answer] * MANY_PEOPLE
        with capture_logs() as logs:
            await sent_around(pool, MANY_PEOPLE)

        assert pool.room(now=NOON) == 0
    (line,) = logs
    assert (line["event"], line["remedy"]) == ("relay left alone", ASTRAY.remedy)


async def test_what_came_too_late_says_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["MAIL"] = [Mishap.HANG_UP] * (AWAY.in_a_row - 1)
        await sent(pool, AWAY.in_a_row - 1)
        relay.script["RCPT"] = [Mishap.SAY_NOTHING]
        sending = asyncio.create_task(pool.send(envelope()))
        await relay.heard("RCPT")
        clock.move(LATER)
        relay.hang_up()

        assert isinstance(await sending, Unsent)
        assert pool.room(now=clock.now()) == 2


async def test_who_is_asked_to_stop_waits_only_for_what_is_on_a_connection(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [Mishap.SAY_NOTHING]
        begun, waiting = (asyncio.create_task(pool.send(envelope())) for _ in range(2))
        await relay.heard("RCPT")
        pool.stop()

        assert [await waiting, *await sent(pool)] == [CLOSING, CLOSING]
        assert not begun.done()
        assert pool.manners.relays[0].breaker == CLOSED
        relay.hang_up()
        assert isinstance(await begun, Unsent)


async def test_who_is_asked_to_stop_does_not_wait_for_a_turn(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=0.001), clock=clock) as pool,
    ):
        await sent(pool)
        waiting = asyncio.create_task(pool.send(envelope()))
        pool.stop()

        assert await waiting == CLOSING
        assert pool.manners.relays[0].breaker == CLOSED


async def test_who_is_asked_to_stop_does_not_wait_for_a_relay_to_greet_it(clock):
    async with Relay() as relay:
        relay.script["EHLO"] = [Mishap.SAY_NOTHING]
        async with relays(plain(relay.port, connections=2), clock=clock) as pool:
            sending = asyncio.create_task(pool.send(envelope()))
            await relay.heard("EHLO")
            pool.stop()
            assert await sending == CLOSING


async def test_each_relay_is_probed_when_a_worker_starts(clock):
    async with Relay() as one, Relay() as two:
        async with relays(plain(one.port), plain(two.port), clock=clock) as pool:
            await pool.probe()

        assert (one.connections, two.connections) == (1, 1)


async def test_a_relay_that_refuses_us_stops_no_worker_while_another_lets_us_in(clock):
    async with Relay() as relay:
        refusing = plain(relay.port, tls="starttls")
        async with relays(plain(relay.port), refusing, clock=clock) as pool:
            with pytest.raises(TryLater, match="STARTTLS"):
                await pool.probe()
        async with relays(refusing, plain(1), clock=clock) as pool:
            with pytest.raises(Misconfigured, match="STARTTLS"):
                await pool.probe()


async def test_while_every_relay_is_away_there_is_only_waiting(clock):
    async with Relay() as relay:
        away = plain(relay.port)
    async with relays(away, away, clock=clock) as pool:
        with pytest.raises(TryLater, match=r"no connection.*; no connection"):
            await pool.probe()


# --- How fast a relay is given mail --------------------------------------------


async def test_a_relay_is_given_no_more_than_its_rate(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=50, connections=8), clock=clock) as pool,
    ):
        loop = asyncio.get_running_loop()
        started = loop.time()
        await asyncio.gather(*(pool.send(envelope()) for _ in range(15)))
        took = loop.time() - started

    # The first five are what a tenth of a second may bring; the clock stands still.
    assert took >= 10 / 50
    assert len(relay.envelopes) == 15


async def test_workers_share_a_rate(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=60), clock=clock) as pool,
    ):
        assert pool.manners.relays[0].rate(now=NOON) == 60
        await sent(pool)
        assert pool.room(now=NOON) == 2
        pool.share(200)
        assert pool.manners.relays[0].rate(now=NOON) == 0.3
        await sent(pool)
        assert pool.room(now=NOON) == 1


async def test_two_lanes_keep_one_pace(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=0.1), clock=clock) as evening,
        Relays(
            SmtpSettings.model_validate(plain(relay.port, rate=0.1)),
            REFUSALS,
            clock=clock,
            lane=Lane.PRIORITY,
            manners=evening.manners,
        ) as express,
    ):
        await sent(evening)

        assert evening.room(now=NOON) == express.room(now=NOON) == 0


async def test_only_what_has_its_turn_soon_is_begun(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=1, connections=9), clock=clock) as pool,
    ):
        assert pool.room(now=NOON) == 6
        await sent(pool)
        assert pool.room(now=NOON) == 5


async def test_a_message_whose_turn_comes_after_its_deadline_is_not_sent(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port, rate=0.01), clock=clock) as pool,
    ):
        await sent(pool)
        late = await pool.send(envelope(within=timedelta(seconds=90)))

    assert late == Unsent(reason="no turn before its deadline")
    assert len(relay.envelopes) == 1


async def test_who_waits_for_a_relay_that_is_given_up_meanwhile_is_not_sent(clock):
    async with Relay() as relay:
        port = relay.port
    async with relays(plain(port, rate=20, connections=3), clock=clock) as pool:
        outcomes = await asyncio.gather(*(pool.send(envelope()) for _ in range(5)))

    assert outcomes[-1] == Unsent(reason="the relay was left alone meanwhile")


async def test_a_new_relay_warms_up_beside_an_old_one_that_takes_the_rest(clock):
    today = NOON.date().isoformat()
    async with (
        Relay() as new,
        Relay() as old,
        relays(plain(new.port, warm_up=today), plain(old.port), clock=clock) as pool,
    ):
        await sent(pool, 10)
        assert pool.manners.relays[0].rate(now=NOON) < 0.01
        clock.move(timedelta(days=40))
        assert pool.manners.relays[0].rate(now=clock.now()) == float("inf")
    assert (len(new.envelopes), len(old.envelopes)) == (1, 9)


# --- Recipient domains ---------------------------------------------------------


def going(pool: Relays, domain: str, count: int, clock: StoppedClock) -> int:
    """How many of so many messages to a domain may go now."""
    return sum(pool.hold(domain, now=clock.now()) is None for _ in range(count))


async def test_a_domain_that_minds_is_written_to_more_slowly_and_others_are_not(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        assert going(pool, "big.example", 100, clock) == 100
        relay.script["RCPT"] = [SLOWLY]
        (outcome,) = await sent(pool, domain="big.example")
        assert isinstance(outcome, Refused)

        # It was sent 10 a second over the last ten seconds; now it gets 5.
        clock.move(timedelta(seconds=5))
        assert going(pool, "Big.example", 100, clock) in {24, 25}
        slot = pool.hold("big.example", now=clock.now())
        assert slot
        assert slot > clock.now() + timedelta(seconds=10)
        assert going(pool, "small.example", 100, clock) == 100


async def test_a_domain_that_minds_no_more_is_soon_unlimited_again(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY]
        await sent(pool, domain="big.example")
        assert going(pool, "big.example", 100, clock) == 0
        for _ in range(RECOVERY // ROUND):
            clock.move(ROUND)
            await sent(pool, domain="big.example")

        assert going(pool, "big.example", 100, clock) == 100


async def test_a_domain_that_minds_for_an_hour_still_gets_a_message_now_and_then(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY] * 1000
        passed = 0
        for _ in range(360):
            clock.move(ROUND)
            passed += going(pool, "big.example", 10, clock)
            await sent(pool, domain="big.example")

        assert passed >= 360 * ROUND.total_seconds() * SLOWEST * 0.99
        slot = pool.hold("big.example", now=clock.now())
        assert slot
        assert slot <= clock.now() + LONGEST_HOLD


async def test_no_domain_gets_more_than_its_setting_and_workers_share_it(clock):
    async with (
        Relay() as relay,
        relays(plain(relay.port), clock=clock, domain_rate=4) as pool,
    ):
        assert going(pool, "big.example", 100, clock) == 20
        await sent(pool, domain="big.example")
        await sent(pool, domain="small.example")
        assert going(pool, "big.example", 100, clock) == 0
        pool.share(1)
        assert going(pool, "big.example", 100, clock) == 0
        pool.share(2)
        assert going(pool, "big.example", 100, clock) == 10
        clock.move(timedelta(seconds=1))
        assert going(pool, "big.example", 100, clock) == 2


async def test_a_domain_that_minds_gets_no_more_than_a_fair_part_when_it_recovers(
    clock,
):
    async with (
        Relay() as relay,
        relays(plain(relay.port), clock=clock, domain_rate=4) as pool,
    ):
        assert going(pool, "big.example", 1, clock) == 1
        relay.script["RCPT"] = [SLOWLY, SLOWLY]
        await sent(pool, domain="big.example")
        clock.move(ROUND)
        await sent(pool, domain="big.example")
        pool.share(2)
        clock.move(LOOK)
        assert going(pool, "big.example", 100, clock) == 5
        for _ in range(RECOVERY // ROUND):
            clock.move(ROUND)
            await sent(pool, domain="big.example")

        assert going(pool, "big.example", 100, clock) == 10


async def test_a_domain_that_refuses_us_by_policy_pauses_alone(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [BLOCKED] * POLICY.in_a_row
        with capture_logs() as logs:
            await sent(pool, POLICY.in_a_row, domain="big.example")

        assert pool.hold("big.example", now=NOON) == NOON + POLICY.first_wait
        assert pool.hold("small.example", now=NOON) is None
        assert pool.room(now=NOON) == 2
    (line,) = logs
    assert (line["domain"], line["answer"]) == ("big.example", "550 5.7.1")
    assert line["remedy"] == POLICY.remedy
    assert "ann" not in str(line)


async def test_one_mailbox_that_takes_mail_from_few_does_not_pause_its_domain(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        for _ in range(10):
            relay.script["RCPT"] = [BLOCKED]
            await sent(pool, 2, domain="big.example")

        assert pool.hold("big.example", now=NOON) is None


async def test_one_person_who_is_refused_again_and_again_pauses_no_domain(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        for _ in range(POLICY.in_a_row + 1):
            relay.script["RCPT"] = [BLOCKED]
            await pool.send(envelope("big.example", who="ann"))

        assert pool.hold("big.example", now=NOON) is None


async def test_a_paused_domain_is_tried_with_one_message_and_then_slowly(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [BLOCKED] * (POLICY.in_a_row + 1)
        await sent(pool, POLICY.in_a_row, domain="big.example")

        clock.move(POLICY.first_wait)
        now = clock.now()
        assert pool.hold("big.example", now=now) is None
        assert pool.hold("big.example", now=now) == now + ASK_AGAIN
        await sent(pool, domain="big.example")
        assert pool.hold("big.example", now=now) == now + 2 * POLICY.first_wait

        clock.move(2 * POLICY.first_wait)
        assert pool.hold("big.example", now=clock.now()) is None
        with capture_logs() as logs:
            await sent(pool, domain="big.example")
        assert pool.hold("0.example", now=NOON) is None
        assert going(pool, "big.example", 10, clock) == 0
    assert [line["event"] for line in logs] == ["domain takes mail again"]


async def test_a_message_that_told_nothing_of_a_paused_domain_is_followed_by_another(
    clock,
):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [BLOCKED] * POLICY.in_a_row
        await sent(pool, POLICY.in_a_row, domain="big.example")
        clock.move(POLICY.first_wait)
        assert pool.hold("big.example", now=clock.now()) is None
        relay.script["MAIL"] = [Mishap.HANG_UP]
        await sent(pool, domain="big.example")

        clock.move(timedelta(seconds=1 / SLOWEST))
        assert pool.hold("big.example", now=clock.now()) is None


def test_what_is_known_of_domains_is_bounded():
    domains = Domains(LEAST_FULL)

    def held(name: str) -> bool:
        return domains.hold(name, may_probe=True, now=NOON) is not None

    assert not held("first.example")
    for _ in range(10):
        held("first.example")
    assert held("first.example")
    for number in range(MOST):
        held(f"{number}.example")

    assert not held("first.example")


# --- Strangers ------------------------------------------------------------------


@asynccontextmanager
async def both_lanes(
    port: int, clock: StoppedClock, **named: object
) -> AsyncIterator[tuple[Relays, Relays]]:
    """The two lanes of a worker: reminders, and what anybody may ask for."""
    settings = SmtpSettings.model_validate(plain(port) | named)
    async with lanes(settings, REFUSALS, clock) as used:
        yield used[Lane.EVENING], used[Lane.PRIORITY]


@pytest.mark.parametrize(
    "answer",
    [
        "501 What address is that?",
        "550 5.5.0 Requested action not taken: mailbox unavailable",
        "503 5.5.1 Bad sequence",
        "530 5.7.0 Authentication required",
        BLOCKED,
        SLOWLY,
        "421 4.7.0 Too many errors",
        Mishap.HANG_UP,
    ],
)
async def test_whatever_is_said_to_strangers_says_nothing_about_us(answer, clock):
    async with Relay() as relay, both_lanes(relay.port, clock) as (evening, express):
        relay.script["RCPT"] = [answer] * 40
        for _ in range(4):
            await sent_around(express, 10)
            await sent(express, domain="big.example")

        assert evening.gates(now=NOON) == ((f"{HOST}:{relay.port}", Gate.CLOSED),)
        assert evening.hold("big.example", now=NOON) is None
        assert evening.room(now=NOON) == 2
        assert isinstance((await sent(evening))[0], Accepted)


async def test_strangers_neither_end_a_streak_nor_are_the_ones_to_try_again(clock):
    async with Relay() as relay, both_lanes(relay.port, clock) as (evening, express):
        for number in range(MANY_PEOPLE):
            relay.script["RCPT"] = ["550 5.1.1 Nobody"]
            await sent(evening, domain=f"{number}.example")
            await sent(express)
        assert evening.room(now=NOON) == express.room(now=NOON) == 0

        clock.move(ASTRAY.first_wait)
        assert (evening.room(now=clock.now()), express.room(now=clock.now())) == (1, 0)
        assert await sent(express) == [Unsent(reason="no relay takes mail at present")]


async def test_a_relay_that_lets_nobody_in_is_left_alone_whoever_knocks(clock):
    async with Relay() as relay, both_lanes(relay.port, clock) as (evening, express):
        relay.script["EHLO"] = [Mishap.HANG_UP] * 9
        await sent(express, AWAY.in_a_row - 1)
        relay.script["EHLO"] = []
        await sent(express)
        relay.script["MAIL"] = ["451 4.3.0 Not now"] * 9
        await sent(express, AWAY.in_a_row - 1)
        assert evening.room(now=NOON) == 2
        await sent(express)

        assert evening.room(now=NOON) == 0


async def test_a_stranger_s_odd_letters_are_not_the_relay_s_refusal_of_our_sender(
    clock,
):
    async with (
        Relay(enable_SMTPUTF8=True) as relay,
        both_lanes(relay.port, clock) as (evening, express),
    ):
        relay.script["MAIL"] = ["555 5.5.4 Unsupported option: SMTPUTF8"]
        outcome = await express.send(envelope(who="böb"))

    assert isinstance(outcome, Refused)
    assert evening.room(now=NOON) == 2


async def test_a_paused_domain_is_not_tried_again_with_a_stranger_s_mail(clock):
    async with Relay() as relay, both_lanes(relay.port, clock) as (evening, express):
        relay.script["RCPT"] = [BLOCKED] * POLICY.in_a_row
        await sent(evening, POLICY.in_a_row, domain="big.example")
        clock.move(POLICY.first_wait)
        now = clock.now()

        assert express.hold("big.example", now=now) is None
        relay.script["RCPT"] = [BLOCKED]
        await sent(express, domain="big.example")
        clock.move(timedelta(seconds=1 / SLOWEST))
        assert evening.hold("big.example", now=clock.now()) is None
        assert evening.hold("big.example", now=clock.now()) is not None


# --- Trying again ----------------------------------------------------------------


async def test_a_message_that_was_refused_before_never_tries_a_relay_again(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["MAIL"] = ["451 4.3.0 Not now"] * AWAY.in_a_row
        await sent(pool, AWAY.in_a_row)
        clock.move(AWAY.first_wait)
        poisoned = envelope(who="poisoned", is_retry=True)

        assert pool.are_tried_again(now=clock.now())
        assert pool.room(now=clock.now()) == 1
        again = await pool.send(poisoned)
        assert again == Unsent(reason="no relay takes mail at present")
        assert isinstance(await pool.send(envelope(who="another")), Accepted)
        assert not pool.are_tried_again(now=clock.now())
        assert isinstance(await pool.send(poisoned), Accepted)


async def test_those_who_are_refused_again_and_again_keep_nobody_waiting(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        for n in range(5 * MANY_PEOPLE):
            relay.script["RCPT"] = ["550 5.7.1 Not you"]
            domain = f"{n % (MANY_DOMAINS + 1)}.example"
            await pool.send(envelope(domain, who=f"{n}", is_retry=True))

        assert not pool.are_away(now=clock.now())


async def test_where_no_mail_is_due_a_relay_is_tried_without_a_recipient(clock):
    async with Relay() as relay, both_lanes(relay.port, clock) as (evening, express):
        relay.script["MAIL"] = [Mishap.HANG_UP] * AWAY.in_a_row
        await sent(evening, AWAY.in_a_row)
        await evening.try_again()
        assert relay.commands.count("RSET") == 0

        clock.move(AWAY.first_wait)
        await express.try_again()
        assert relay.commands.count("RSET") == 0
        with capture_logs() as logs:
            await evening.try_again()
        assert relay.commands[-3:] == [
            "MAIL FROM:<tips@example.org>",
            "RSET",
            "QUIT",
        ]
        assert express.room(now=clock.now()) > 0
    assert [line["event"] for line in logs] == ["relay takes mail again"]
    assert not relay.envelopes


@pytest.mark.parametrize(
    ("stage", "says"),
    [
        ("MAIL", "550 5.1.8 Not that sender"),
        ("MAIL", "451 4.3.0 Not now"),
        ("EHLO", Mishap.HANG_UP),
    ],
)
async def test_a_relay_that_is_tried_in_vain_is_left_alone_for_longer(
    clock, stage, says
):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["MAIL"] = [Mishap.HANG_UP] * AWAY.in_a_row
        await sent(pool, AWAY.in_a_row)
        clock.move(AWAY.first_wait)
        relay.script[stage] = [says]
        await pool.try_again()

        assert pool.room(now=clock.now() + AWAY.first_wait) == 0
        assert pool.are_away(now=clock.now() + AWAY.first_wait)


async def test_a_relay_that_does_not_let_us_in_any_more_is_left_alone_for_longer(clock):
    def refuse(_server, _session, _envelope, _mechanism, _given):
        return AuthResult(success=False, handled=False)

    async with (
        Relay(authenticator=refuse, auth_require_tls=False) as relay,
        relays(
            plain(relay.port, username="ann", password="hunter2"), clock=clock
        ) as pool,
    ):
        await sent(pool)
        clock.move(OUR_SENDER.first_wait)
        await pool.try_again()

        assert pool.room(now=clock.now() + OUR_SENDER.first_wait) == 0
        assert pool.room(now=clock.now() + 2 * OUR_SENDER.first_wait) == 1


async def test_a_relay_that_refused_everybody_is_not_believed_for_its_greeting(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = ["550 5.1.1 Nobody"] * (MANY_PEOPLE + 1)
        await sent_around(pool, MANY_PEOPLE)
        clock.move(ASTRAY.first_wait)
        await pool.try_again()
        assert pool.room(now=clock.now()) == 2

        await sent(pool)
        assert pool.room(now=clock.now()) == 0


async def test_an_address_that_a_relay_has_no_letters_for_goes_to_the_next(clock):
    async with (
        Relay(enable_SMTPUTF8=False) as old,
        Relay(enable_SMTPUTF8=True) as new,
        relays(plain(old.port, weight=9), plain(new.port), clock=clock) as pool,
    ):
        with capture_logs() as logs:
            outcomes = [await pool.send(envelope(who=who)) for who in ("böb", "zoë")]

        assert pool.room(now=NOON) == 4
    assert [type(outcome) for outcome in outcomes] == [Accepted, Accepted]
    (line,) = logs
    assert line["event"] == "relay takes no addresses outside ASCII"
    assert "SMTPUTF8" in line["remedy"]
