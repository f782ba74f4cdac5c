"""Delivery: claim a few messages, commit, speak SMTP, commit what became of them."""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from service.domain.outbox import Lane, Message, Settled, State, settle
from service.mail.letters import Letters
from service.mail.smtp import Mailer
from service.store.engine import Store

#: Longer than a relay may take over one message (RFC 5321 4.5.3.2: 10 min and more).
LEASE = timedelta(minutes=20)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Courier:
    """What delivery works with; `worker` is unique to one start of one process."""

    store: Store
    letters: Letters
    mailer: Mailer
    worker: str


async def deliver(courier: Courier, lane: Lane, *, limit: int, now: datetime) -> int:
    """Send up to `limit` messages of a lane; returns how many were claimed.

    Safe on any number of workers: a message is claimed by one. No transaction is open
    while SMTP is spoken. A process that dies leaves `claimed` rows, which go back to
    `due` when the lease ends, or `sending` rows, which become `unknown`.
    """
    store, worker = courier.store, courier.worker
    async with store.transaction() as tx:
        claimed = await tx.outbox.claim(
            lane, limit=limit, worker=worker, lease=LEASE, now=now
        )
    if not claimed:
        return 0
    async with store.transaction() as tx:
        ours = await tx.outbox.begin(claimed, worker=worker, lease=LEASE, now=now)
    settled = await asyncio.gather(*(_send(courier, m, now=now) for m in ours))
    async with store.transaction() as tx:
        await tx.outbox.record(settled, worker=worker, now=now)
    return len(claimed)


async def _send(courier: Courier, message: Message, *, now: datetime) -> Settled:
    try:
        envelope = courier.letters.write(message, now=now)
    except Exception as error:  # noqa: BLE001  # one bad row must not stop the others
        # Only its type: the words of an error can hold what somebody answered.
        fault = type(error).__name__
        log.error("cannot be written", action="deliver", error=fault, **_ids(message))
        why = f"cannot be written ({fault})"
        return Settled(message=message, state=State.FAILED, reason=why, not_before=now)
    outcome = await courier.mailer.send(envelope)
    settled = settle(message, outcome, now=now)
    say = log.info if settled.state is State.SENT else log.warning
    reason = "" if settled.state is State.SENT else settled.reason
    say(
        "settled", action="deliver", state=settled.state, reason=reason, **_ids(message)
    )
    return settled


def _ids(message: Message) -> dict[str, object]:
    return {
        "subscriber": message.subscriber_id,
        "night": message.night.isoformat(),
        "kind": message.kind,
    }
