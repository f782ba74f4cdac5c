"""Send pipelined and chained messages to real Postfix and Exim: do they agree with us?

    python -m benchmarks.referees [--exim PATH/usr/sbin/exim4]

Needs root and Debian's postfix. Exim cannot be installed beside it, so it is unpacked:
`apt-get download exim4-daemon-light libidn12`, `dpkg -x` for both into one folder, and
`useradd --system Debian-exim`.
"""

import asyncio
import re
import tempfile
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from benchmarks.referees.relays import DOMAIN, HOST, Exim, Postfix, Relay
from service.clock import SystemClock
from service.commands.loop import run
from service.domain.outbox import Accepted, Outcome, Refused
from service.domain.refusals import Refusals, Stage
from service.mail.envelope import Envelope
from service.mail.smtp import Mailer
from service.settings import SmtpSettings

NUMBER = re.compile(rb"\n(\d{76})\r?\n")
#: Lines that a relay could take for the end of the message, or for a command.
TRAPS = ".\r\n..\r\nRSET\r\nQUIT\r\n.a\r\n"
BIG_EVERY, STRANGER_EVERY = 50, 20


def main(
    *,
    count: Annotated[int, typer.Option(help="How many messages.")] = 1000,
    connections: Annotated[int, typer.Option(help="Over so many.")] = 5,
    exim: Annotated[Path | None, typer.Option(help="Exim's program.")] = None,
) -> None:
    """Print a line for each relay; the exit code says whether all is well."""
    envelopes = [_envelope(number) for number in range(count)]
    wanted = {
        _number(envelope.data): envelope.data.partition(b"\r\n\r\n")[2]
        for envelope in envelopes
        if not envelope.recipient.startswith("stranger")
    }

    def judged(relay: Relay) -> bool:
        with relay.running():
            outcomes = run(_sent(envelopes, relay, connections=connections))
            found = relay.taken(len(wanted))
        return _judged(relay, outcomes, wanted=wanted, found=found)

    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        # Each relay works as a user of its own.
        folder = Path(name)
        folder.chmod(0o755)
        known: list[Relay] = [Postfix(folder / "postfix")]
        if exim is not None:
            known.append(Exim(folder / "exim", program=exim))
        verdicts = [judged(relay) for relay in known]
    raise typer.Exit(0 if all(verdicts) else 1)


def _envelope(number: int) -> Envelope:
    who = "stranger" if number % STRANGER_EVERY == 0 else "person"
    size = 3000 if number % BIG_EVERY == 1 else 250
    text = f"From: tips@eventide.example\r\nSubject: {number}\r\n\r\n"
    text += f"{TRAPS}{number:076}\r\n" + f"{'x' * 76}\r\n" * size + TRAPS
    return Envelope(
        sender="tips@eventide.example",
        recipient=f"{who}{number % 7}@{DOMAIN}",
        data=text.encode(),
        envid=f"{number}@eventide.example",
        expires_at=SystemClock().now() + timedelta(hours=1),
    )


async def _sent(
    envelopes: Sequence[Envelope], relay: Relay, *, connections: int
) -> list[Outcome]:
    """Their outcomes; all wait at the same time, so that each follows another."""
    settings = SmtpSettings(
        host=HOST,
        port=relay.port,
        tls="none",
        connections=connections,
        hostname="eventide.example",
    )
    async with Mailer(settings, Refusals(()), clock=SystemClock()) as mailer:
        return await asyncio.gather(*(mailer.send(each) for each in envelopes))


def _judged(
    relay: Relay,
    outcomes: Sequence[Outcome],
    *,
    wanted: Mapping[int, bytes],
    found: Sequence[bytes],
) -> bool:
    """Whether the relay and we agree, after a line that says so."""
    kinds = Counter(_kind(outcome) for outcome in outcomes)
    bodies = {number: body.replace(b"\r\n", b"\n") for number, body in wanted.items()}
    whole = Counter(
        number
        for data in found
        if (number := _number(data)) in bodies and data.endswith(bodies[number])
    )
    complaints = relay.complaints()
    is_well = (
        kinds == {"accepted": len(wanted), "stranger": len(outcomes) - len(wanted)}
        and whole == dict.fromkeys(wanted, 1)
        and len(found) == len(wanted)
        and not complaints
    )
    typer.echo(
        f"{relay.name}: {len(outcomes)} offered, {dict(kinds)}; "
        f"{len(found)} there, byte for byte as sent {whole.total()}; "
        f"{len(complaints)} complaints: {'well' if is_well else 'NOT WELL'}"
    )
    for line in complaints[:9]:
        typer.echo(f"    {line}")
    return is_well


def _kind(outcome: Outcome) -> str:
    match outcome:
        case Accepted():
            return "accepted"
        case Refused(stage=Stage.RCPT, code=550):
            return "stranger"
        case _:
            return repr(outcome)


def _number(data: bytes) -> int:
    """Which message this is; -1 of what cannot be ours."""
    found = NUMBER.search(data)
    return int(found.group(1)) if found else -1


if __name__ == "__main__":
    typer.run(main)
