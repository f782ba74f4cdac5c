"""What came back: who complained gets no mail any more, and the operator may read the rest.

A person is changed in the order of `signup` and `subscribers`: the sign-up, then the
schedule row, then the subscriber. So whoever confirms or is planned at this moment is
seen to be.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.store.outbox import Outbox
from service.store.sealing import Sealer
from service.store.suppression import Reason, Suppression

#: Messages that could not be used: so many are kept, so much of each, for so long.
MOST_KEPT = 2000
KEPT_BYTES = 64 * 1024
KEPT_FOR = timedelta(days=30)
#: The first release counted bounces in `soft_bounce`, which the next one drops.
COUNTED_FOR = timedelta(days=60)

ADDRESS_KEY = text(
    """
    SELECT address_key FROM subscriber WHERE id = :id
    UNION ALL SELECT address_key FROM signup WHERE id = :id LIMIT 1
    """
)
FORGET_SIGNUPS = text("DELETE FROM signup WHERE address_key = :key RETURNING id")
LOCK_SCHEDULE = text(
    """
    SELECT FROM schedule
    WHERE subscriber_id IN (SELECT id FROM subscriber WHERE address_key = :key)
    FOR UPDATE
    """
)
# With `stopped_at` the answers are erased two weeks later, as after an unsubscribe.
STOP = text(
    """
    UPDATE subscriber
    SET status = 'suppressed', stopped_at = coalesce(stopped_at, :now),
        paused_until = NULL, changed_at = :now
    WHERE address_key = :key AND status <> 'suppressed'
    RETURNING id
    """
)
UNSCHEDULE = text("DELETE FROM schedule WHERE subscriber_id = ANY(:ids)")

KEEP = text(
    """
    INSERT INTO feedback (digest, sealed, key_id, received_at, why, has_token)
    VALUES (:digest, :sealed, :key_id, :now, :why, :has_token)
    ON CONFLICT DO NOTHING
    """
)
# First those of strangers, who can send as many as they like, then the oldest.
DROP_EXCESS = text(
    """
    DELETE FROM feedback WHERE digest IN (
        SELECT digest FROM feedback
        ORDER BY has_token DESC, received_at DESC, digest OFFSET :most
    )
    """
)
KEPT = text(
    """
    SELECT digest, sealed, key_id, received_at, why FROM feedback
    ORDER BY received_at, digest LIMIT :limit
    """
)
LISTED = text(
    """
    SELECT digest, received_at, why FROM feedback
    ORDER BY received_at DESC, digest LIMIT :limit
    """
)
ONE = text(
    "SELECT digest, sealed, key_id, received_at, why FROM feedback WHERE digest = :digest"
)
DROP_ONE = text("DELETE FROM feedback WHERE digest = :digest")
DROP_KEPT = text("DELETE FROM feedback WHERE received_at < :before")
DROP_COUNTED = text("DELETE FROM soft_bounce WHERE night < :before")


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A message that could not be used: its first 64 KB, and why not."""

    digest: bytes
    received_at: datetime
    why: str
    raw: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Listed:
    """The same, unopened."""

    digest: bytes
    received_at: datetime
    why: str


class Feedback:
    """Complaints, by the person's number, and mail that could not be used."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer
        self._suppression = Suppression(connection, sealer)
        self._outbox = Outbox(connection, sealer)

    async def theirs(
        self, subscriber_id: int, addresses: tuple[str, ...]
    ) -> frozenset[str] | None:
        """Those of the addresses that are this person's; None if there is no such one.

        Somebody who has not confirmed yet counts too.
        """
        key = await self._address_key(subscriber_id)
        if key is None:
            return None
        return frozenset(a for a in addresses if self._sealer.address_key(a) == key)

    async def complained(self, subscriber_id: int, *, now: datetime) -> None:
        """No mail to this person's address any more, for good. Safe to do twice."""
        key = await self._address_key(subscriber_id)
        if key is None:
            return
        values: dict[str, object] = {"key": key, "now": now}
        signups = (await self._connection.execute(FORGET_SIGNUPS, values)).scalars()
        await self._connection.execute(LOCK_SCHEDULE, values)
        stopped = (await self._connection.execute(STOP, values)).scalars()
        ids = [*signups, *stopped]
        await self._connection.execute(UNSCHEDULE, {"ids": ids})
        await self._outbox.hold_back(ids, reason=Reason.COMPLAINT, now=now)
        await self._suppression.add(key, Reason.COMPLAINT, now=now)

    async def keep(
        self, raw: bytes, *, why: str, has_token: bool, now: datetime
    ) -> None:
        """Keep a message for the operator, once; where there are too many, others go.

        `has_token`: it has the token of a mail that is not too old to be believed.
        """
        digest = hashlib.sha256(raw).digest()
        sealed, key_id = self._sealer.seal(raw[:KEPT_BYTES], about=_about(digest))
        values = {
            "digest": digest,
            "sealed": sealed,
            "key_id": key_id,
            "now": now,
            "why": why,
            "has_token": has_token,
        }
        await self._connection.execute(KEEP, values)
        await self._connection.execute(DROP_EXCESS, {"most": MOST_KEPT})

    async def kept(self) -> tuple[Kept, ...]:
        """The messages that were kept, oldest first."""
        found = await self._connection.execute(KEPT, {"limit": MOST_KEPT})
        return tuple(self._kept(row) for row in found)

    async def listed(self, *, limit: int) -> tuple[Listed, ...]:
        """Up to `limit` of them, newest first, none of them opened."""
        found = await self._connection.execute(LISTED, {"limit": limit})
        return tuple(
            Listed(digest=row.digest, received_at=row.received_at, why=row.why)
            for row in found
        )

    async def one(self, digest: bytes) -> Kept | None:
        """The one with this digest, None if it is not kept any more."""
        row = (await self._connection.execute(ONE, {"digest": digest})).one_or_none()
        return None if row is None else self._kept(row)

    async def drop(self, digest: bytes) -> None:
        """Forget the one with this digest."""
        await self._connection.execute(DROP_ONE, {"digest": digest})

    def _kept(self, row: Row[Any]) -> Kept:
        return Kept(
            digest=row.digest,
            received_at=row.received_at,
            why=row.why,
            raw=self._sealer.open(row.sealed, row.key_id, about=_about(row.digest)),
        )

    async def drop_old(self, *, now: datetime) -> None:
        """Forget what was kept long enough."""
        await self._connection.execute(DROP_KEPT, {"before": now - KEPT_FOR})
        counted = {"before": now.date() - COUNTED_FOR}
        await self._connection.execute(DROP_COUNTED, counted)

    async def _address_key(self, subscriber_id: int) -> bytes | None:
        key: bytes | None = await self._connection.scalar(
            ADDRESS_KEY, {"id": subscriber_id}
        )
        return key


def _about(digest: bytes) -> str:
    return f"feedback:{digest.hex()}"
