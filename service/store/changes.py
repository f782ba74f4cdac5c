"""Changes of answers: the answers as they were before each, for as long as they matter.

A change can be undone for 14 days. One that was undone by a mail leaves doubt about what
is true: its answers are kept until the person has looked, and count meanwhile.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.records import answers_to_json, parse_answers
from service.domain.risk import Answers
from service.domain.subscriber import GivenBy, Subscriber
from service.domain.tokens import UNDO_WITHIN
from service.store.sealing import UNREADABLE, KeyMissing, Sealer

NEW_ID = text("SELECT nextval('answer_change_id')")
ADD = text(
    """
    INSERT INTO answer_change (
        id, subscriber_id, sealed, key_id, given_by, changed_at
    ) VALUES (:id, :subscriber_id, :sealed, :key_id, :given_by, :now)
    """
)
OF = text(
    """
    SELECT id, subscriber_id, sealed, key_id, given_by, changed_at, is_undone
    FROM answer_change
    WHERE subscriber_id = :subscriber_id ORDER BY id DESC LIMIT 100
    """
)
DOUBT = text(
    """
    UPDATE answer_change SET is_undone = true, is_doubted = true
    WHERE subscriber_id = :subscriber_id AND id >= :id
    """
)
SETTLE = text(
    """
    UPDATE answer_change SET is_doubted = false
    WHERE subscriber_id = :subscriber_id AND is_doubted
    """
)
DOUBTED = text(
    """
    SELECT id, subscriber_id, sealed, key_id, given_by, changed_at, is_undone
    FROM answer_change
    WHERE is_doubted AND subscriber_id = ANY(CAST(:ids AS bigint[])) ORDER BY id
    """
)
DROP_OLD = text(
    """
    DELETE FROM answer_change
    WHERE changed_at < CAST(:now AS timestamptz) - CAST(:within AS interval)
        AND NOT is_doubted
    """
)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A change of somebody's answers: when (UTC), what they were before it, and whose."""

    id: int
    before: Answers
    given_by: GivenBy
    changed_at: datetime
    is_undone: bool


class Changes:
    """What people's answers were before."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def add(self, before: Subscriber, *, now: datetime) -> int:
        """Note a change, and what the answers were before; returns its number."""
        number = int(await self._connection.scalar(NEW_ID) or 0)
        plain = json.dumps(answers_to_json(before.person.answers)).encode()
        sealed, key_id = self._sealer.seal(plain, about=_about(number))
        values = {
            "id": number,
            "subscriber_id": before.id,
            "sealed": sealed,
            "key_id": key_id,
            "given_by": before.given_by,
            "now": now,
        }
        await self._connection.execute(ADD, values)
        return number

    async def of(self, subscriber_id: int) -> tuple[Change, ...]:
        """The changes of a person that are still kept, newest first."""
        values = {"subscriber_id": subscriber_id}
        found = await self._connection.execute(OF, values)
        return tuple(self._change(row) for row in found)

    async def doubt(self, subscriber_id: int, *, since: int) -> None:
        """Note that this change and all later ones were undone, and are in doubt."""
        values = {"subscriber_id": subscriber_id, "id": since}
        await self._connection.execute(DOUBT, values)

    async def settle(self, subscriber_id: int) -> None:
        """Note that the person has looked: what they see is true."""
        await self._connection.execute(SETTLE, {"subscriber_id": subscriber_id})

    async def doubted(
        self, ids: Sequence[int]
    ) -> Mapping[int, tuple[Answers, ...] | None]:
        """The answers in doubt of those of these people who have any.

        None, and an alarm, for one of whom a row does not open.
        """
        found = await self._connection.execute(DOUBTED, {"ids": list(ids)})
        doubts: dict[int, tuple[Answers, ...] | None] = {}
        for row in found:
            others, own = doubts.get(row.subscriber_id, ()), self._readable(row)
            doubts[row.subscriber_id] = (
                None if others is None or own is None else (*others, own.before)
            )
        return doubts

    async def drop_old(self, *, now: datetime) -> None:
        """Forget what can be undone no more, and is not in doubt."""
        values = {"now": now, "within": UNDO_WITHIN}
        await self._connection.execute(DROP_OLD, values)

    def _readable(self, row: Row[Any]) -> Change | None:
        try:
            return self._change(row)
        except KeyMissing:
            raise
        except UNREADABLE as error:
            # Only its type: the words of an error can hold what somebody answered.
            fault, who = type(error).__name__, row.subscriber_id
            log.error("row does not open", action="open", subscriber=who, error=fault)
            return None

    def _change(self, row: Row[Any]) -> Change:
        plain = self._sealer.open(row.sealed, row.key_id, about=_about(row.id))
        answers = parse_answers(json.loads(plain), answered_on=date.min)
        return Change(
            id=row.id,
            before=answers,
            given_by=GivenBy(row.given_by),
            changed_at=row.changed_at,
            is_undone=row.is_undone,
        )


def _about(number: int) -> str:
    return f"answer_change:{number}"
