"""Politeness, at real relays: who is asked, how fast, and who is left alone."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from json import dumps

import pytest
from aiosmtpd.smtp import AuthResult
from structlog.testing import capture_logs

from service.domain.breaker import (
    ASTRAY,
    AWAY,
    CLOSED,
    OUR_SENDER,
    POLICY,
    SHUNNED,
    THROTTLED,
    Gate,
)
from service.domain.errors import Misconfigured, TryLater
from service.domain.outbox import Accepted, Outcome, Refused, Stage, Unknown, Unsent
from service.domain.pace import LONGEST_HOLD, LOOK, RECOVERY, ROUND, SLOWEST
from service.mail.domains import ASK_AGAIN, LEAST_FULL, MOST, Domains
from service.mail.envelope import Envelope
from service.mail.queue import CLOSING
from service.mail.relay import TOO_MANY, TOO_MANY_BLAMED
from service.mail.relays import Relays
from service.settings import SmtpSettings
from tests.builders import NOON
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
    async with Relays(settings, clock=clock) as opened:
        yield opened


def envelope(domain: str = "example.com", *, within: timedelta = LATER) -> Envelope:
    return Envelope(
        sender="tips@example.org",
        recipient=f"ann@{domain}",
        data=b"Subject: x\r\n\r\nHello\r\n",
        envid="1",
        expires_at=NOON + within,
    )


async def sent(
    relays: Relays, count: int = 1, *, domain: str = "example.com"
) -> list[Outcome]:
    """What becomes of so many messages, one after another."""
    return [await relays.send(envelope(domain)) for _ in range(count)]


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
            clock=clock,
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
        relay.script["RCPT"] = ["554 5.7.1 Relay access denied"] * TOO_MANY
        with capture_logs() as logs:
            for number in range(TOO_MANY):
                await sent(pool, domain=f"{number}.example")

        assert pool.room(now=NOON) == 0
        assert pool.hold("0.example", now=NOON) is None
    (line,) = logs
    assert (line["event"], line["remedy"]) == ("relay left alone", SHUNNED.remedy)


async def test_a_relay_that_asks_every_domain_s_mail_to_wait_is_left_alone(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY] * (TOO_MANY + 1)
        with capture_logs() as logs:
            for number in range(TOO_MANY):
                assert pool.room(now=NOON) == 2
                await sent(pool, 1, domain=f"{number}.example")
        assert pool.room(now=NOON) == 0

        clock.move(THROTTLED.first_wait)
        await sent(pool)
        assert pool.room(now=clock.now() + THROTTLED.first_wait) == 0
        clock.move(2 * THROTTLED.first_wait)
        await sent(pool)
        assert pool.room(now=clock.now()) == 2
    (line,) = logs
    assert (line["event"], line["remedy"]) == ("relay left alone", THROTTLED.remedy)


async def test_one_domain_that_minds_says_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [SLOWLY] * (2 * TOO_MANY)
        await sent(pool, 2 * TOO_MANY)

        assert pool.room(now=NOON) == 2


async def test_a_few_domains_that_refuse_us_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        for number in range(2 * TOO_MANY):
            relay.script["RCPT"] = [BLOCKED]
            await sent(pool, domain=f"{number}.example")
            if number % 3 == 0:
                await sent(pool, domain="small.example")

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.CLOSED


async def test_people_who_are_gone_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = [*["550 5.1.1 Nobody"] * (TOO_MANY_BLAMED - 1), None] * 2
        await sent(pool, 2 * TOO_MANY_BLAMED)

        assert pool.manners.relays[0].breaker.gate(now=NOON) is Gate.CLOSED


async def test_full_mailboxes_say_nothing_about_the_relay(clock):
    async with Relay() as relay, relays(plain(relay.port), clock=clock) as pool:
        relay.script["RCPT"] = ["552 5.2.2 Full"] * (2 * TOO_MANY_BLAMED)
        await sent(pool, 2 * TOO_MANY_BLAMED)

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
        relay.script["RCPT"] = [answer] * TOO_MANY_BLAMED
        with capture_logs() as logs:
            await sent(pool, TOO_MANY_BLAMED)

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
            clock=clock,
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
    assert domains.hold("first.example", now=NOON) is None
    for _ in range(10):
        domains.hold("first.example", now=NOON)
    assert domains.hold("first.example", now=NOON) is not None
    for number in range(MOST):
        domains.hold(f"{number}.example", now=NOON)

    assert domains.hold("first.example", now=NOON) is None
