"""Sign-ups that wait for their confirmation, apart from the people who confirmed."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.records import person_from_json, person_to_json
from service.domain.subscriber import Evening, Frequency, Person
from service.store.sealing import Sealer

#: One address asks a few times a day, and each waits for a week.
MOST_WAITING = 100

NEW_ID = text("SELECT nextval('person_id')")
NEW_IDS = text("SELECT nextval('person_id') FROM generate_series(1, :count)")
ADD = text(
    """
    INSERT INTO signup (
        id, address_key, sealed, key_id, zone, minute, frequency, language, consents,
        requested_at, expires_at, zone_confirmed
    ) VALUES (
        :id, :address_key, :sealed, :key_id, :zone, :minute, :frequency, :language,
        :consents, :requested_at, :expires_at, :zone_confirmed
    )
    """
)
SELECT_ALL = """
    SELECT id, sealed, key_id, zone, minute, frequency, language, consents,
        requested_at, expires_at, zone_confirmed
    FROM signup
"""
SELECT = f"{SELECT_ALL} WHERE id = :id"
GET = text(SELECT)
TAKE = text(f"{SELECT} FOR UPDATE")
RECENT = text(
    """
    SELECT count(*) FROM signup
    WHERE address_key = :address_key AND requested_at >= :since
    """
)
ONE_BY_ONE = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(encode(:address_key, 'hex'), 0))
    """
)
FORGET = text("DELETE FROM signup WHERE address_key = :address_key RETURNING id")
OF = text(f"{SELECT_ALL} WHERE address_key = :address_key ORDER BY id LIMIT :limit")
DROP_EXPIRED = text("DELETE FROM signup WHERE expires_at <= :now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A sign-up that nobody has confirmed yet; its id becomes the subscriber's."""

    id: int
    person: Person
    evening: Evening
    language: str
    consents: tuple[str, ...]
    requested_at: datetime
    expires_at: datetime


class Signups:
    """The pending sign-ups."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def new_id(self) -> int:
        """A person's number that nobody else has or had."""
        return int((await self._connection.execute(NEW_ID)).scalar_one())

    async def new_ids(self, count: int) -> tuple[int, ...]:
        """So many numbers that nobody else has or had."""
        found = await self._connection.execute(NEW_IDS, {"count": count})
        return tuple(found.scalars())

    async def add(self, pending: Pending) -> None:
        """Keep a sign-up until it is confirmed or expires."""
        plain = person_to_json(pending.person).encode()
        sealed, key_id = self._sealer.seal(plain, about=_about(pending.id))
        values = {
            "id": pending.id,
            "address_key": self._sealer.address_key(pending.person.address),
            "sealed": sealed,
            "key_id": key_id,
            "zone": pending.evening.zone,
            "minute": pending.evening.minute,
            "frequency": pending.evening.frequency,
            "language": pending.language,
            "consents": list(pending.consents),
            "requested_at": pending.requested_at,
            "expires_at": pending.expires_at,
            "zone_confirmed": pending.evening.is_zone_confirmed,
        }
        await self._connection.execute(ADD, values)

    async def get(self, signup_id: int) -> Pending | None:
        """The sign-up, None if it was confirmed, expired or never there."""
        row = (await self._connection.execute(GET, {"id": signup_id})).one_or_none()
        return None if row is None else self._pending(row)

    async def take(self, signup_id: int) -> Pending | None:
        """The same, and nobody else can take it until this transaction ends."""
        row = (await self._connection.execute(TAKE, {"id": signup_id})).one_or_none()
        return None if row is None else self._pending(row)

    async def recent(self, address: str, *, since: datetime) -> int:
        """How often somebody has signed this address up since then.

        Until this transaction ends nobody else can ask the same: two forms sent at
        once are counted one after the other.
        """
        values = {"address_key": self._sealer.address_key(address), "since": since}
        key = {"address_key": values["address_key"]}
        await self._connection.execute(ONE_BY_ONE, key)
        return int((await self._connection.execute(RECENT, values)).scalar_one())

    async def of(self, address: str) -> tuple[Pending, ...]:
        """The sign-ups of this address that wait, oldest first."""
        values = {
            "address_key": self._sealer.address_key(address),
            "limit": MOST_WAITING,
        }
        found = await self._connection.execute(OF, values)
        return tuple(self._pending(row) for row in found)

    async def forget(self, address: str) -> tuple[int, ...]:
        """Delete every sign-up of this address; the numbers that they had."""
        values = {"address_key": self._sealer.address_key(address)}
        found = await self._connection.execute(FORGET, values)
        return tuple(found.scalars())

    async def drop_expired(self, *, now: datetime) -> int:
        """Delete the sign-ups that nobody confirmed in time; returns how many."""
        return (await self._connection.execute(DROP_EXPIRED, {"now": now})).rowcount

    def _pending(self, row: Row[Any]) -> Pending:
        plain = self._sealer.open(row.sealed, row.key_id, about=_about(row.id))
        return Pending(
            id=row.id,
            person=person_from_json(plain.decode()),
            evening=Evening(
                zone=row.zone,
                minute=row.minute,
                frequency=Frequency(row.frequency),
                is_zone_confirmed=row.zone_confirmed,
            ),
            language=row.language,
            consents=tuple(row.consents),
            requested_at=row.requested_at,
            expires_at=row.expires_at,
        )


def _about(signup_id: int) -> str:
    return f"signup:{signup_id}"
