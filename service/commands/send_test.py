"""`eventide send-test`: one real mail through each relay, and what each answered."""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

import typer

from service import app as composition
from service.clock import SystemClock
from service.content.refusals import load_refusals
from service.content.templating import Templates
from service.domain.breaker import AWAY, OUR_MAIL, OUR_SENDER, POLICY
from service.domain.errors import Misconfigured, TryLater, VisitorError
from service.domain.outbox import Accepted, Outcome, Refused, Unknown, Unsent
from service.domain.refusals import Meaning, Refusals, Stage
from service.domain.tokens import Links
from service.domain.verp import Verp
from service.mail.addresses import on_the_wire
from service.mail.envelope import Envelope
from service.mail.examination import Examined
from service.mail.smtp import Mailer
from service.mail.trial import Trial
from service.settings import RelaySettings, Settings  # noqa: TID251 - all sections name a part of the mail

#: What is said to a relay, in this order, and how we call it.
NAMES = MappingProxyType(
    {
        Stage.CONNECT: "connection",
        Stage.MAIL: "sender",
        Stage.RCPT: "recipient",
        Stage.DATA: "data",
        Stage.MESSAGE: "message",
    }
)
ANOTHER = "Look at the address, or send the test to another one"
AGAIN = "Wait some minutes and try again"
REMEDIES: Mapping[Meaning, str] = MappingProxyType(
    {
        Meaning.LATER: AGAIN,
        Meaning.SLOWER: f"{AGAIN}; if it stays so, lower EVENTIDE_SMTP__RATE",
        Meaning.RELAY_BUSY: AGAIN,
        Meaning.MAILBOX_BUSY: AGAIN,
        Meaning.MAILBOX_FULL: ANOTHER,
        Meaning.NO_SUCH_ADDRESS: ANOTHER,
        Meaning.BAD_ADDRESS: ANOTHER,
        Meaning.NO_ROUTE: ANOTHER,
        Meaning.UNCLEAR: "See the relay's log for why",
        Meaning.POLICY: POLICY.remedy,
        Meaning.OUR_SENDER: OUR_SENDER.remedy,
        Meaning.OUR_SIZE: OUR_MAIL.remedy,
        Meaning.OUR_PROTOCOL: OUR_MAIL.remedy,
        Meaning.OUR_MESSAGE: OUR_MAIL.remedy,
        Meaning.OUR_RELAY: "Switch SMTPUTF8 on there (RFC 6531), or use another relay",
    }
)


def send_test(
    to: Annotated[str, typer.Option(help="Where to; an address of your own.")],
) -> None:
    """Send one harmless test mail through each relay, and tell what each one said.

    Exit code 1 where one did not take it. `eventide check` looks at the rest.
    """
    if not asyncio.run(_sent(to)):
        raise typer.Exit(1)


async def _sent(to: str) -> bool:
    """Whether every relay took it."""
    settings, clock = composition.settings(), SystemClock()
    await _require_wanted(to)
    trial = _trial(settings)
    refusals = load_refusals(settings.content.config)
    is_taken = True
    for relay in (settings.smtp, *settings.smtp.others):
        name = f"{relay.host}:{relay.port}"
        typer.echo(f"relay {name}")
        envelope = trial.write(to, relay=name, now=clock.now())
        is_taken &= await _offered(relay, refusals, envelope, clock)
    return is_taken


def _trial(settings: Settings) -> Trial:
    """What writes test mails."""
    links = Links(keys=composition.keys(settings).link, base_url=settings.web.base_url)
    return Trial(
        templates=Templates(settings.content.templates),
        links=links,
        verp=Verp(keys=links.keys, address=settings.bounces.address),
        sender_line=settings.smtp.sender,
        operator_name=settings.operator.name,
        postal_address=settings.operator.postal_address,
    )


async def _require_wanted(to: str) -> None:
    """Raises Misconfigured for what is no address, or for one that gets no mail."""
    try:
        on_the_wire(to)
    except VisitorError as error:
        raise Misconfigured(
            what=f"'{to}' is not an address",
            where="--to",
            remedy="Write it as you@example.org",
        ) from error
    async with composition.records() as store, store.transaction() as tx:
        reason = await tx.suppression.reason(to)
    if reason:
        raise Misconfigured(
            what=f"this address gets no mail: it is on the suppression list ({reason})",
            where="--to",
            remedy=ANOTHER,
        )


async def _offered(
    relay: RelaySettings, refusals: Refusals, envelope: Envelope, clock: SystemClock
) -> bool:
    """Whether this relay took it; each step is told as it is made."""
    async with Mailer(relay, refusals, clock=clock) as mailer:
        try:
            found = await mailer.examine(envelope.sender)
        except Misconfigured as error:
            _tell("connection", error.what, error.remedy)
            return False
        except TryLater as error:
            _tell("connection", str(error), AWAY.remedy)
            return False
        _tell("connection", f"to {found.address}, {_encryption(found)}")
        if found.is_signed_in:
            _tell("sign-in", f"as {relay.username}")
        outcome = await mailer.send(envelope)
    _tell_outcome(envelope, outcome)
    return isinstance(outcome, Accepted)


def _encryption(found: Examined) -> str:
    if found.encrypted is None:
        return "not encrypted"
    ends = found.encrypted.certificate_ends
    return f"{found.encrypted.version}, certificate valid until {ends:%Y-%m-%d}"


def _tell_outcome(envelope: Envelope, outcome: Outcome) -> None:
    """Every stage up to the one that decided."""
    said = {Stage.MAIL: envelope.sender, Stage.RCPT: envelope.recipient}
    match outcome:
        case Accepted(reply=reply):
            _tell("sender", f"{envelope.sender} taken")
            _tell("recipient", f"{envelope.recipient} taken")
            _tell("message", f"accepted: {reply}")
        case Refused(stage=stage, code=code, reply=reply):
            what = outcome.ruling.about
            for before in (Stage.MAIL, Stage.RCPT):
                if stage not in (Stage.CONNECT, Stage.MAIL, before):
                    _tell(NAMES[before], f"{said[before]} taken")
            refused = f"{said.get(stage, '')} refused: {code} {reply} ({what})"
            _tell(NAMES[stage], refused.strip(), REMEDIES[what])
        case Unsent(reason=reason):
            _tell("message", f"not handed over: {reason}", AGAIN)
        case Unknown(reason=reason):
            remedy = "See whether it arrives, and what the relay's log says"
            _tell("message", f"perhaps taken: {reason}", remedy)


def _tell(stage: str, says: str, remedy: str = "") -> None:
    typer.echo(f"  {stage:<11} {says}")
    if remedy:
        typer.echo(f"              -> {remedy}.")
