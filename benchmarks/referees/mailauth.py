"""Lets npm's mailauth judge a reminder that went through the relay of the compose file.

Needs root, Debian's postfix and opendkim, Node, and the package, which stays out of this
repository:

    mkdir /tmp/referee && cd /tmp/referee && npm install --no-save mailauth

Then, here: `.venv/bin/python -m benchmarks.referees.mailauth /tmp/referee`

The DNS that mailauth asks is what the relay tells its operator to publish, and nothing
else.
"""

import base64
import json
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.clock import SystemClock
from service.commands.loop import run
from service.domain.outbox import Accepted
from service.domain.records import parse_answers
from service.domain.refusals import Refusals
from service.flows.preview import draft
from service.mail.envelope import Envelope
from service.mail.smtp import Mailer
from service.settings import SmtpSettings
from tests.e2e.composed import (
    HOSTNAME,
    OPERATOR,
    SENDER_DOMAIN,
    composed,
    home,
    texts,
)
from tests.mail.relay import HOST, Relay

SCRIPT = Path(__file__).with_suffix(".mjs")
#: The relay's address in the world, and that of somebody who forges our mail.
OURS, ANOTHER = "192.0.2.10", "198.51.100.66"
SETTINGS = {k: v for k, v in OPERATOR.items() if k.startswith("EVENTIDE_")}
BOUNCES = SETTINGS["EVENTIDE_BOUNCES__ADDRESS"]
BOUNCE_DOMAIN = BOUNCES.partition("@")[2]
TOKEN = "1jq-rg18-6f1c0a9be2d34c57"  # noqa: S105  # in the shape of one
ONE_CLICK = {"list-unsubscribe", "list-unsubscribe-post"}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One mail as it reaches a mailbox provider, and what must be found."""

    name: str
    message: bytes
    ip: str = OURS
    spf: str = "pass"
    dkim: str = "pass"
    dmarc: str = "pass"


def main(
    modules: Annotated[Path, typer.Argument(help="Where mailauth is installed.")],
) -> None:
    """Print a line for each case; the exit code says whether all is well."""
    message, sender, records = run(_relayed())
    ours = Case(name="as it left the relay", message=message)
    changed = message.replace(b"=One-Click", b"=Two-Clicks")
    cases = (
        ours,
        replace(ours, name="passed on by another host", ip=ANOTHER, spf="fail"),
        replace(ours, name="one click changed", message=changed, dkim="fail"),
        replace(
            ours,
            name="changed and passed on",
            message=changed,
            ip=ANOTHER,
            spf="fail",
            dkim="fail",
            dmarc="fail",
        ),
    )
    verdicts = [_judged(case, sender, records, modules) for case in cases]
    raise typer.Exit(0 if all(verdicts) else 1)


async def _relayed() -> tuple[bytes, str, str]:
    """A reminder as the next host gets it, its envelope sender, and the records."""
    now = SystemClock().now()
    envelope = Envelope(
        sender=BOUNCES.replace("@", f"+{TOKEN}@"),
        recipient="ada@people.example",
        data=_reminder(now.date()),
        envid=TOKEN,
        expires_at=now + timedelta(hours=1),
    )
    with home() as folder:
        async with (
            Relay() as hop,
            composed(folder, next_hop=hop.port, worker=hop.port) as relay,
            Mailer(
                _submission(relay.submission), Refusals(()), clock=SystemClock()
            ) as mailer,
        ):
            outcome = await mailer.send(envelope)
            if not isinstance(outcome, Accepted):
                raise typer.BadParameter(f"the relay did not take it: {outcome}")
            await hop.heard("MESSAGE")
            (taken,) = hop.envelopes
            return taken.original_content or b"", taken.mail_from or "", relay.records


def _reminder(night: date) -> bytes:
    """One of ours, as a deployment with these settings would write it."""
    os.environ |= {**SETTINGS, "EVENTIDE_WEB__BASE_URL": "https://eventide.example.org"}
    studio = composition.studio()
    answers = parse_answers({"causes": ["fatigue"]}, answered_on=night)
    return draft(
        studio.library, studio.letters, answers, (), language="en", night=night
    ).letter.data


def _submission(port: int) -> SmtpSettings:
    return SmtpSettings(host=HOST, port=port, tls="none", hostname="worker")


def _judged(case: Case, sender: str, records: str, modules: Path) -> bool:
    """Whether mailauth finds what must be found, after a line that says so."""
    published: dict[str, dict[str, list[object]]] = {
        name.rstrip("."): {"TXT": [[text]]} for name, text in texts(records).items()
    }
    # The one record that the operator alone can know.
    published[HOSTNAME]["A"] = [OURS]
    asked = {
        "message": base64.b64encode(case.message).decode(),
        "ip": case.ip,
        "helo": HOSTNAME,
        "sender": sender,
        "dns": published,
    }
    done = subprocess.run(
        [shutil.which("node") or "node", SCRIPT],
        cwd=modules,
        check=True,
        stdout=subprocess.PIPE,
        input=json.dumps(asked).encode(),
    )
    found = json.loads(done.stdout)
    verdict = {name: found[name] for name in ("spf", "dkim", "dmarc")}
    aligned = [BOUNCE_DOMAIN] * (case.spf == "pass")
    aligned += [SENDER_DOMAIN] * (case.dkim == "pass")
    is_well = (
        verdict == {"spf": case.spf, "dkim": case.dkim, "dmarc": case.dmarc}
        and found["aligned"] == aligned
        and set(found["signed"]) >= ONE_CLICK
    )
    typer.echo(
        f"{case.name}: {verdict}, aligned {found['aligned']}, "
        f"signed {found['signed']}: {'well' if is_well else 'NOT WELL'}"
    )
    return is_well


if __name__ == "__main__":
    typer.run(main)
