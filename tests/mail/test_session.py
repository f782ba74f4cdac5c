"""What is said to a relay about a message, and what is known of it afterwards."""

import asyncio
from datetime import timedelta

import pytest
import uvloop

from service.domain.outbox import Accepted, Outcome, Refused, Unknown, Unsent
from service.domain.refusals import Stage
from service.mail.session import MOST_ERRORS, Patience
from tests.builders import NOON, relay_refused
from tests.fakes import StoppedClock
from tests.mail.raw import IN_TURN, PIPELINING, Raw, Trick
from tests.mail.relay import Mishap
from tests.mail.sending import BIG, DATA, SOON, envelope, mailing, send, send_all

OK = Accepted(reply="2.0.0 Ok: queued as 4Xy1")
WIRE = b"From: a@example.org\r\nSubject: x\r\n\r\n..one dot\r\n...\r\nend\r\n.\r\n"
STAGES = [Stage.MAIL, Stage.RCPT, Stage.DATA, Stage.MESSAGE]

both_ways = pytest.mark.parametrize(
    "offers", [IN_TURN, PIPELINING], ids=["in turn", "pipelined"]
)
before_the_message = pytest.mark.parametrize("stage", STAGES[:3])
at_each_stage = pytest.mark.parametrize("stage", STAGES)


def opening(recipient: str) -> bytes:
    """The commands that open a message, as one write."""
    return f"MAIL FROM:<tips@example.org>\r\nRCPT TO:<{recipient}>\r\nDATA\r\n".encode()


async def test_a_message_takes_two_writes_where_the_relay_pipelines():
    async with Raw() as relay, mailing(relay.port) as mailer:
        assert await send(mailer, "ann@example.com") == OK
    assert relay.chunks[1:] == [opening("ann@example.com"), WIRE, b"QUIT\r\n"]
    assert [mail.data for mail in relay.accepted] == [WIRE[:-3]]


async def test_a_message_takes_its_commands_in_turn_where_it_does_not():
    async with Raw(IN_TURN) as relay, mailing(relay.port) as mailer:
        assert await send_all(mailer, "a@example.com", "b@example.com") == [OK, OK]
    turns = []
    for to in ("a@example.com", "b@example.com"):
        turns += [*opening(to).splitlines(keepends=True), WIRE]
    assert relay.chunks[1:] == [*turns, b"QUIT\r\n"]


async def test_a_message_takes_one_write_while_another_waits():
    async with Raw() as relay, mailing(relay.port) as mailer:
        outcomes = await send_all(mailer, "a@x.example", "b@x.example", "c@x.example")
    assert outcomes == [OK, OK, OK]
    assert relay.chunks[1:] == [
        opening("a@x.example"),
        WIRE + opening("b@x.example"),
        WIRE + opening("c@x.example"),
        WIRE,
        b"QUIT\r\n",
    ]


@both_ways
@at_each_stage
@pytest.mark.parametrize(
    ("code", "enhanced"), [(450, "4.2.1"), (550, "5.1.1"), (554, "")]
)
async def test_a_refusal_says_its_stage_and_the_next_message_goes_through(
    offers, stage, code, enhanced
):
    words = f"{enhanced} Sorry".strip()
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script[stage.upper()] = [f"{code} {words}"]
        outcomes = [await send(mailer), await send(mailer)]
    assert outcomes == [relay_refused(stage, code, enhanced, words), OK]
    assert relay.connections == 1
    assert relay.commands.count("RSET") == 1


@both_ways
async def test_a_refusal_in_many_lines_is_one_line_of_plain_words(offers):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["RCPT"] = ["554-Go\r\n554 \taway\x01"]
        outcome = await send(mailer)
    assert outcome == relay_refused(Stage.RCPT, 554, "", "Go away?")


@both_ways
@at_each_stage
async def test_a_relay_that_closes_down_is_believed_and_left(offers, stage):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script[stage.upper()] = ["421 4.3.2 Closing"]
        outcomes = [await send(mailer), await send(mailer)]
    assert outcomes == [relay_refused(stage, 421, "4.3.2", "4.3.2 Closing"), OK]
    assert relay.connections == 2


@both_ways
@before_the_message
@pytest.mark.parametrize("mishap", list(Mishap))
async def test_a_message_not_handed_over_was_not_sent(offers, stage, mishap):
    async with (
        Raw(offers) as relay,
        mailing(relay.port, patience=SOON) as mailer,
    ):
        relay.script[stage.upper()] = [mishap]
        outcome = await send(mailer)
        assert isinstance(outcome, Unsent)
        assert outcome.reason.startswith(f"connection lost at {stage}: ")
        assert relay.accepted == []
        assert await send(mailer) == OK
    assert relay.connections == 2


@both_ways
@pytest.mark.parametrize("mishap", list(Mishap))
async def test_of_a_message_handed_over_without_an_answer_nothing_is_known(
    offers, mishap
):
    async with (
        Raw(offers) as relay,
        mailing(relay.port, patience=SOON) as mailer,
    ):
        relay.script["MESSAGE"] = [mishap]
        outcome = await send(mailer)
        assert isinstance(outcome, Unknown)
        assert outcome.reason.startswith("connection lost after the message: ")
        assert await send(mailer) == OK
    assert relay.connections == 2


GARBAGE = [b"\x00\xff\x16\r\n", b"hello\r\n", b"x" * 9000, b"250-and\r\n" * 999]


@both_ways
@at_each_stage
@pytest.mark.parametrize("words", [*GARBAGE, b"150 What\r\n"])
async def test_an_odd_answer_ends_the_connection_and_harms_no_other_message(
    offers, stage, words
):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script[stage.upper()] = [words]
        outcome = await send(mailer)
        assert await send(mailer) == OK
    assert isinstance(outcome, Unknown if stage is Stage.MESSAGE else Unsent)
    assert relay.connections == 2


@both_ways
@before_the_message
async def test_an_answer_with_nonsense_behind_it_ends_the_connection(offers, stage):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        yes = b"354 Go" if stage is Stage.DATA else b"250 Ok"
        relay.script[stage.upper()] = [yes + b"\r\nhello\r\n"]
        assert isinstance(await send(mailer), Unsent)
        assert await send(mailer) == OK
    assert WIRE not in relay.chunks[:-2]
    assert relay.connections == 2


@both_ways
@pytest.mark.parametrize(
    ("stage", "line"), [("RCPT", "354 More"), ("DATA", "250 Fine"), ("MAIL", "354 Go")]
)
async def test_the_wrong_yes_is_none(offers, stage, line):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script[stage] = [line]
        outcomes = [await send(mailer), await send(mailer)]
    assert isinstance(outcomes[0], Unsent)
    assert outcomes[1] == OK
    assert len(relay.accepted) == 1
    assert relay.connections == 2


@pytest.mark.parametrize("refused_at", ["MAIL", "RCPT"])
async def test_a_message_let_in_for_nobody_is_ended_by_a_lone_dot(refused_at):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script[refused_at] = ["550 5.7.1 No"]
        relay.script["DATA"] = ["354 Go on"]
        outcome = await send(mailer)
        assert await send(mailer) == OK
    assert isinstance(outcome, Refused)
    assert outcome.stage is Stage(refused_at.lower())
    assert relay.chunks[2:4] == [b".\r\n", b"RSET\r\n"]
    assert relay.connections == 1


@pytest.mark.parametrize("mishap", ["421 4.3.2 Closing", *Mishap])
async def test_whatever_comes_of_a_lone_dot_the_refusal_stands(mishap):
    async with Raw() as relay, mailing(relay.port, patience=SOON) as mailer:
        relay.script["RCPT"] = ["550 5.1.1 No"]
        relay.script["DATA"] = ["354 Go on"]
        relay.script["LONE DOT"] = [mishap]
        outcome = await send(mailer)
        assert await send(mailer) == OK
    assert isinstance(outcome, Refused)
    assert outcome.code == 550
    assert relay.connections == 2


async def test_a_recipient_taken_without_a_sender_is_not_sent_an_empty_mail():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MAIL"] = ["550 5.7.1 No"]
        relay.script["NO MAIL"] = ["250 Why not"]
        relay.script["DATA"] = ["354 Go on"]
        outcome = await send(mailer)
        assert await send(mailer) == OK
    assert isinstance(outcome, Refused)
    assert outcome.stage is Stage.MAIL
    assert b".\r\n" not in relay.chunks
    assert relay.connections == 2


@both_ways
@pytest.mark.parametrize("reply", ["502 What?", Mishap.HANG_UP])
async def test_a_connection_that_cannot_be_reset_is_not_used_again(offers, reply):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["RCPT"] = ["550 5.1.1 No such person"]
        relay.script["RSET"] = [reply]
        outcomes = [await send(mailer), await send(mailer)]
    assert isinstance(outcomes[0], Refused)
    assert outcomes[1] == OK
    assert relay.connections == 2


@pytest.mark.parametrize(
    ("answer", "kind", "connections"),
    [
        (None, Accepted, 1),
        ("450 4.3.0 Later", Refused, 1),
        ("554 5.7.1 Spam", Refused, 1),
        ("421 4.3.2 Closing", Refused, 2),
        (Mishap.HANG_UP, Unknown, 2),
        (Mishap.SAY_NOTHING, Unknown, 2),
        ("354 More", Unknown, 2),
        (b"garbage\r\n", Unknown, 2),
    ],
)
async def test_only_the_message_before_is_in_doubt_not_the_one_chained_to_it(
    answer, kind, connections
):
    async with Raw() as relay, mailing(relay.port, patience=SOON) as mailer:
        relay.script["MESSAGE"] = [answer]
        first, second = await send_all(mailer, "a@x.example", "b@x.example")
    assert isinstance(first, kind)
    assert second == OK
    assert [mail.recipient for mail in relay.accepted].count("TO:<b@x.example>") == 1
    assert relay.chunks[2] == WIRE + opening("b@x.example")
    assert relay.connections == connections


@at_each_stage
@pytest.mark.parametrize("line", ["450 4.2.1 Busy", "550 5.1.1 Unknown"])
async def test_a_refused_message_in_a_chain_is_the_only_one_refused(stage, line):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script[stage.upper()] = [None, line]
        outcomes = await send_all(mailer, *(f"{n}@x.example" for n in "abcd"))
    assert [type(outcome) for outcome in outcomes] == [
        Accepted,
        Refused,
        Accepted,
        Accepted,
    ]
    assert len(relay.accepted) == 3
    assert relay.connections == 1


async def test_what_was_chained_to_a_lost_message_is_unsent_if_the_relay_is_gone():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MESSAGE"] = [Mishap.HANG_UP]
        relay.script["GREETING"] = [None, Mishap.HANG_UP]
        outcomes = await send_all(mailer, *(f"{n}@x.example" for n in "abc"))
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unsent, Unsent]
    assert relay.accepted == []


@both_ways
async def test_a_relay_that_takes_so_many_a_connection_gets_them_all(offers):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["MAIL"] = [None, None, "421 4.7.0 Enough"] * 4
        outcomes = await send_all(mailer, *(f"{n}@x.example" for n in "abcdefg"))
    assert outcomes == [OK] * 7
    assert len(relay.accepted) == 7
    assert relay.connections == 4
    # Once the limit is known, nothing is chained to the last one under it.
    assert relay.chunks.count(WIRE) == (3 if offers else 7)


@both_ways
@pytest.mark.parametrize("stage", [Stage.MAIL, Stage.RCPT])
async def test_a_relay_that_has_enough_of_our_errors_gets_the_next_on_another_connection(
    offers, stage
):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["MAIL"] = [None]
        relay.script["RCPT"] = ["550 5.1.1 Nobody"]
        relay.script[stage.upper()].append("421 4.7.0 Too many errors")
        refused_one, taken = await send(mailer), await send(mailer)

    assert isinstance(refused_one, Refused)
    assert taken == OK
    assert relay.connections == 2


@both_ways
async def test_a_connection_is_replaced_before_a_relay_has_enough_of_our_errors(offers):
    """Postfix answers a second late after ten, and hangs up after twenty."""
    recipients = [f"{n}@x.example" for n in range(20)]
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["RCPT"] = ["550 5.1.1 Nobody"] * len(recipients)
        outcomes = [await send(mailer, each) for each in recipients]
        assert await send(mailer) == OK

    assert all(isinstance(outcome, Refused) for outcome in outcomes)
    # Where commands are pipelined, DATA is one error more for each.
    each_connection = MOST_ERRORS // (2 if offers else 1)
    assert relay.connections == len(recipients) // each_connection + 1
    assert relay.commands.count("QUIT") == relay.connections


@both_ways
async def test_a_message_that_is_taken_between_makes_up_for_errors(offers):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        for _ in range(9):
            relay.script["RCPT"] = ["550 5.1.1 Nobody"]
            assert isinstance(await send(mailer), Refused)
            assert await send(mailer) == OK
    assert relay.connections == 1


async def test_a_relay_that_forgets_what_follows_a_message_gets_one_at_a_time():
    async with Raw() as relay, mailing(relay.port, patience=SOON) as mailer:
        relay.script["MAIL"] = [None, Mishap.SAY_NOTHING]
        outcomes = await send_all(mailer, *(f"{n}@x.example" for n in "abcd"))
    assert outcomes == [OK] * 4
    assert len(relay.accepted) == 4
    assert relay.connections == 2
    assert relay.chunks.count(WIRE) == 3


async def test_a_message_is_tried_on_a_second_connection_but_not_on_a_third():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MAIL"] = [None, Mishap.HANG_UP, Mishap.HANG_UP]
        assert await send(mailer) == OK
        assert isinstance(await send(mailer), Unsent)
        assert await send(mailer) == OK
    assert relay.connections == 3
    assert len(relay.accepted) == 2


@both_ways
async def test_a_transaction_left_open_harms_no_other_message(offers):
    async with Raw(offers) as relay, mailing(relay.port) as mailer:
        relay.script["MAIL"] = [None, "503 5.5.1 Error: nested MAIL command"]
        assert [await send(mailer), await send(mailer)] == [OK, OK]
    assert relay.connections == 2


async def test_an_answer_before_the_message_is_its_answer():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["DATA"] = ["354 Go on\r\n421 4.3.2 No, we are closing"]
        outcomes = [await send(mailer), await send(mailer)]
    assert isinstance(outcomes[0], Refused)
    assert (outcomes[0].stage, outcomes[0].code) == (Stage.MESSAGE, 421)
    assert outcomes[1] == OK
    assert relay.chunks.count(WIRE) == 1
    assert relay.connections == 2


async def test_a_yes_before_the_message_is_none():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["DATA"] = ["354 Go on\r\n250 Already here"]
        outcomes = [await send(mailer), await send(mailer)]
    assert isinstance(outcomes[0], Unsent)
    assert outcomes[1] == OK
    assert relay.chunks.count(WIRE) == 1


@pytest.mark.parametrize("code", [421, 452, 552])
async def test_an_answer_half_way_through_the_message_ends_it(code):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["BODY"] = [f"{code} Not so much"]
        outcome = await mailer.send(envelope(data=BIG))
        assert await send(mailer) == OK
    assert isinstance(outcome, Refused)
    assert (outcome.stage, outcome.code) == (Stage.MESSAGE, code)
    assert len(relay.accepted) == 1
    assert relay.connections == 2


@pytest.mark.parametrize("data", [DATA, BIG], ids=["short", "long"])
async def test_a_message_arrives_whole_at_a_relay_that_reads_slowly(data):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["DATA"] = [Trick.STOP_READING]
        sent = asyncio.create_task(mailer.send(envelope(data=data)))
        await relay.has_heard("DATA")
        relay.read_on()
        assert await sent == OK
    assert relay.accepted[0].data.replace(b"\r\n..", b"\r\n.") == data


@pytest.mark.parametrize(("data", "kind"), [(DATA, Unknown), (BIG, Unsent)])
async def test_a_relay_that_stops_reading_is_left(data, kind):
    async with Raw() as relay, mailing(relay.port, patience=SOON) as mailer:
        relay.script["DATA"] = [Trick.STOP_READING]
        assert isinstance(await mailer.send(envelope(data=data)), kind)
        assert await send(mailer) == OK
    assert relay.connections == 2


async def test_the_final_dot_is_waited_for_longer_than_a_command():
    patience = Patience(command=0.05, data=0.05, final_dot=0.25)
    loop = asyncio.get_running_loop()
    async with Raw() as relay, mailing(relay.port, patience=patience) as mailer:
        relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
        started = loop.time()
        assert isinstance(await send(mailer), Unknown)
        assert loop.time() - started >= 0.25


async def test_a_late_answer_is_not_taken_for_another_one():
    async with Raw() as relay, mailing(relay.port, patience=SOON) as mailer:
        relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
        assert isinstance(await send(mailer), Unknown)
        relay.script["RCPT"] = ["550 5.1.1 No"]
        relay.say(b"250 2.0.0 Ok\r\n")
        assert isinstance(await send(mailer), Refused)


async def test_a_long_pause_between_messages_is_not_held_against_the_relay():
    soon = Patience(command=0.05, data=0.05, final_dot=0.05)
    async with (
        Raw() as relay,
        Raw() as silent,
        mailing(relay.port, patience=soon) as mailer,
        mailing(silent.port, patience=SOON) as waiting,
    ):
        assert await send(mailer) == OK
        silent.script["MESSAGE"] = [Mishap.SAY_NOTHING]
        assert isinstance(await send(waiting), Unknown)
        assert await send(mailer) == OK
    assert relay.connections == 1


@both_ways
@pytest.mark.parametrize(
    ("answer", "connections"), [(None, 1), ("421 4.4.2 Idle", 2), (b"hello\r\n", 2)]
)
async def test_a_connection_long_idle_is_asked_before_it_gets_a_message(
    offers, answer, connections
):
    async with (
        Raw(offers) as relay,
        mailing(relay.port, patience=Patience(idle=0)) as mailer,
    ):
        relay.script["NOOP"] = [answer]
        assert [await send(mailer), await send(mailer)] == [OK, OK]
    assert relay.commands.count("NOOP") == 1
    assert relay.connections == connections


@pytest.mark.parametrize("words", ["250 Twice", "421 4.4.2 Idle", "nonsense"])
async def test_what_is_said_unasked_costs_the_connection_and_no_message(words):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MESSAGE"] = [f"250 2.0.0 Ok: queued as 4Xy1\r\n{words}"]
        assert [await send(mailer), await send(mailer)] == [OK, OK]
        assert relay.connections == 2
        relay.say(f"{words}\r\n".encode())
        relay.hang_up()
        await relay.is_alone()
        assert await send(mailer) == OK


@pytest.mark.parametrize("words", ["250 Twice", "421 4.3.2 Closing"])
async def test_what_is_said_unasked_in_a_chain_costs_the_connection(words):
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MESSAGE"] = [f"250 2.0.0 Ok: queued as 4Xy1\r\n{words}"]
        first, *others = await send_all(mailer, *(f"{n}@x.example" for n in "abc"))
    assert first == OK
    assert [type(other) for other in others if other != OK] in ([], [Unsent])
    assert len(relay.accepted) == [first, *others].count(OK)


@both_ways
async def test_nothing_is_said_about_a_message_whose_deadline_has_passed(offers):
    clock = StoppedClock(NOON)
    async with Raw(offers) as relay, mailing(relay.port, clock=clock) as mailer:
        late = envelope(expires_at=NOON)
        assert await mailer.send(late) == Unsent(reason="the deadline has passed")
        assert await send(mailer) == OK
    assert len(relay.commands) == 5


@both_ways
async def test_a_message_whose_deadline_passes_half_way_is_not_handed_over(offers):
    clock = StoppedClock(NOON)
    async with Raw(offers) as relay, mailing(relay.port, clock=clock) as mailer:
        relay.script["DATA"] = [Mishap.SAY_NOTHING]
        sent = asyncio.create_task(send(mailer))
        await relay.has_heard("DATA")
        clock.move(timedelta(hours=2))
        relay.say(b"354 Go on\r\n")
        assert await sent == Unsent(reason="the deadline has passed")
        await relay.is_alone()
    assert relay.accepted == []
    assert "QUIT" not in relay.commands


async def test_a_message_too_big_for_the_relay_is_refused_without_a_word():
    async with Raw(("PIPELINING", "SIZE 100")) as relay, mailing(relay.port) as mailer:
        outcomes = await asyncio.gather(
            mailer.send(envelope(data=DATA * 9)), send(mailer)
        )
    assert isinstance(outcomes[0], Refused)
    assert (outcomes[0].code, outcomes[0].enhanced) == (552, "5.3.4")
    assert outcomes[1] == OK


async def test_whoever_stops_waiting_takes_along_what_is_not_begun():
    async with Raw() as relay, mailing(relay.port) as mailer:
        relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
        sent = [asyncio.create_task(send(mailer, f"{n}@x.example")) for n in "abcd"]
        await relay.has_heard("MESSAGE")
        for task in sent[:3]:
            task.cancel()
        relay.say(b"250 2.0.0 Ok: queued as 4Xy1\r\n")
        assert await sent[3] == OK
    # The first had been handed over and the second chained to it; they are finished.
    assert [mail.recipient[4] for mail in relay.accepted] == ["a", "b", "d"]
    assert relay.connections == 1


async def test_closing_finishes_what_is_on_the_wire_and_turns_the_rest_away():
    async with Raw() as relay:
        async with mailing(relay.port) as mailer:
            relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
            sent = [asyncio.create_task(send(mailer, f"{n}@x.example")) for n in "abc"]
            await relay.has_heard("MESSAGE")
            relay.say(b"250 2.0.0 Ok: queued as 4Xy1\r\n")
        away = Unsent(reason="we are closing down")
        assert await asyncio.gather(*sent) == [OK, OK, away]
        assert await send(mailer) == away
    assert relay.commands[-1] == "QUIT"


async def test_closing_does_not_try_again():
    async with Raw() as relay:
        async with mailing(relay.port) as mailer:
            relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
            sent = [asyncio.create_task(send(mailer, f"{n}@x.example")) for n in "ab"]
            await relay.has_heard("MESSAGE")
            relay.hang_up()
        outcomes = await asyncio.gather(*sent)
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unsent]
    assert relay.connections == 1


async def test_breaking_off_says_of_each_message_what_is_true():
    async with Raw() as relay:

        async def work():
            async with mailing(relay.port) as mailer:
                sent.extend(
                    asyncio.create_task(send(mailer, f"{n}@x.example")) for n in "abc"
                )
                await relay.has_heard("MESSAGE")
            raise AssertionError  # pragma: no cover - it is cancelled while closing

        sent: list[asyncio.Task] = []
        relay.script["MESSAGE"] = [Mishap.SAY_NOTHING]
        working = asyncio.create_task(work())
        await relay.has_heard("MESSAGE")
        await asyncio.wait(sent[2:])
        working.cancel()
        with pytest.raises(asyncio.CancelledError):
            await working
        outcomes = await asyncio.gather(*sent)
    assert [type(outcome) for outcome in outcomes] == [Unknown, Unsent, Unsent]


#: How often a message may be with the relay after each outcome.
ALLOWED: dict[type, set[int]] = {
    Accepted: {1},
    Unknown: {0, 1},
    Unsent: {0},
    Refused: {0},
}


PEOPLE = [f"{n}@x.example" for n in "abc"]


@both_ways
@pytest.mark.parametrize("run", [asyncio.run, uvloop.run])
@pytest.mark.parametrize("side", ["hears", "says"])
def test_wherever_the_connection_is_cut_no_message_is_lost_or_doubled(
    offers, run, side
):
    async def sent(place: int | None) -> tuple[Raw, list[Outcome]]:
        relay = Raw(offers)
        setattr(relay, side, place)
        async with relay, mailing(relay.port) as mailer:
            return relay, await send_all(mailer, *PEOPLE)

    async def story() -> None:
        relay, outcomes = await sent(None)
        assert outcomes == [OK] * 3
        whole = relay.heard if side == "hears" else relay.said
        for place in range(1, whole + 1):
            relay, outcomes = await sent(place)
            for person, outcome in zip(PEOPLE, outcomes, strict=True):
                accepted = sum(m.recipient == f"TO:<{person}>" for m in relay.accepted)
                assert accepted in ALLOWED[type(outcome)], (place, person, outcome)
            # A cut costs one message; a new connection serves the others, if there
            # was one to begin with.
            assert outcomes.count(OK) >= 2 or relay.connections == 1, (place, outcomes)

    run(story())
