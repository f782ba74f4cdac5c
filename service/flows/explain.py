"""Why a mail said what it said on a night, or why there was none."""

import json
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from service.domain.audit import Act
from service.domain.outbox import Kind
from service.store.engine import Store, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """A night of one subscriber: what was chosen and what became of the mail.

    `choice` has the shape of choice.json, None where nothing was planned. `outcome`
    is a sentence.
    """

    choice: dict[str, Any] | None
    catalogue_version: str | None
    outcome: str


async def shown(
    store: Store, subscriber_id: int, night: date, *, by: str, now: datetime
) -> Explanation:
    """The same for an operator: the reasons tell what was answered, so it is noted."""
    async with store.transaction() as tx:
        found = await _explained(tx, subscriber_id, night)
        await tx.audit.add(
            by,
            Act.ANSWERS_SEEN,
            subscriber_id=subscriber_id,
            details=f"night {night}",
            now=now,
        )
    return found


async def explain(store: Store, subscriber_id: int, night: date) -> Explanation:
    """What the records say of that night, the reasons included."""
    async with store.transaction() as tx:
        return await _explained(tx, subscriber_id, night)


async def _explained(tx: Transaction, subscriber_id: int, night: date) -> Explanation:
    record = await tx.nights.get(subscriber_id, night)
    states = await tx.outbox.state_of(subscriber_id, night)
    known = await tx.subscribers.get(subscriber_id)
    rows = [row for row in states if row.kind is Kind.REMINDER]
    if rows:
        why = f" ({rows[0].reason})" if rows[0].reason else ""
        outcome = f"the reminder is {rows[0].state}{why}"
    elif record is not None and record.outcome is not None:
        outcome = f"the reminder was {record.outcome}"
    elif known is None:
        outcome = "no such subscriber: never confirmed, or erased"
    else:
        outcome = f"no reminder was planned; the subscriber is {known.status} now"
    return Explanation(
        choice=None if record is None else json.loads(record.choice),
        catalogue_version=None if record is None else record.catalogue_version,
        outcome=outcome,
    )
