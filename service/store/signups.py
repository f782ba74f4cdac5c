"""Sign-ups that wait for their confirmation, apart from the people who confirmed."""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.claim import NO_PROOF, Proof
from service.domain.records import person_from_json, person_to_json
from service.domain.subscriber import Evening, Frequency, Person
from service.store.sealing import UNREADABLE, KeyMissing, Sealer

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
        requested_at, expires_at, zone_confirmed, tries, subscriber_id
    FROM signup
"""
# The link of one that was replaced leads to the newest of its browser.
SELECT = f"""
    {SELECT_ALL}
    WHERE id = coalesce((SELECT replaced_by FROM signup WHERE id = :id), :id)
"""
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
OF = text(
    f"""
    {SELECT_ALL} WHERE address_key = :address_key AND replaced_by IS NULL
    ORDER BY id LIMIT :limit
    """
)
REPLACE = text(
    """
    UPDATE signup SET replaced_by = :by
    WHERE id = ANY(CAST(:ids AS bigint[])) OR replaced_by = ANY(CAST(:ids AS bigint[]))
    """
)
COUNT_TRY = text("UPDATE signup SET tries = tries + 1 WHERE id = :id")
WAIT = text(
    """
    UPDATE signup SET subscriber_id = :subscriber_id, expires_at = :until
    WHERE id = :id
    """
)
DROP = text(
    """
    DELETE FROM signup
    WHERE id = ANY(CAST(:ids AS bigint[])) OR replaced_by = ANY(CAST(:ids AS bigint[]))
    """
)
DROP_WAITING = text("DELETE FROM signup WHERE subscriber_id = :subscriber_id")
DROP_EXPIRED = text("DELETE FROM signup WHERE expires_at <= :now")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """A sign-up that waits; its id becomes the subscriber's.

    `proof` is what claims its answers, NO_PROOF where no browser gave them; `tries` wrong
    codes were typed. `subscriber_id` is set once its address is confirmed: from then on
    only the answers wait.
    """

    id: int
    person: Person
    evening: Evening
    language: str
    consents: tuple[str, ...]
    requested_at: datetime
    expires_at: datetime
    proof: Proof = NO_PROOF
    tries: int = 0
    subscriber_id: int | None = None


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
        plain = signup_to_json(pending.person, pending.proof).encode()
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
        """The sign-up, None if its answers were claimed, it expired or never was."""
        row = (await self._connection.execute(GET, {"id": signup_id})).one_or_none()
        return None if row is None else self._pending(row)

    async def take(self, signup_id: int) -> Pending | None:
        """The same, and nobody else can take it until this transaction ends."""
        row = (await self._connection.execute(TAKE, {"id": signup_id})).one_or_none()
        return None if row is None else self._pending(row)

    async def one_by_one(self, address: str) -> None:
        """Until this transaction ends nobody else can do the same for this address."""
        values = {"address_key": self._sealer.address_key(address)}
        await self._connection.execute(ONE_BY_ONE, values)

    async def recent(self, address: str, *, since: datetime) -> int:
        """How often somebody has signed this address up since then.

        Until this transaction ends nobody else can ask the same: two forms sent at
        once are counted one after the other.
        """
        await self.one_by_one(address)
        values = {"address_key": self._sealer.address_key(address), "since": since}
        return int((await self._connection.execute(RECENT, values)).scalar_one())

    async def of(self, address: str) -> tuple[Pending, ...]:
        """The sign-ups of this address that wait, oldest first.

        One whose row does not open is left out, and stops no other.
        """
        values = {
            "address_key": self._sealer.address_key(address),
            "limit": MOST_WAITING,
        }
        found = await self._connection.execute(OF, values)
        waiting = [self._readable(row) for row in found]
        return tuple(one for one in waiting if one is not None)

    async def replace(self, earlier: Sequence[int], *, by: int) -> None:
        """Let another sign-up of the same browser stand for these."""
        await self._connection.execute(REPLACE, {"ids": list(earlier), "by": by})

    async def count_try(self, signup_id: int) -> None:
        """Note that a wrong code was typed."""
        await self._connection.execute(COUNT_TRY, {"id": signup_id})

    async def wait(
        self, signup_id: int, *, subscriber_id: int, until: datetime
    ) -> None:
        """The address is confirmed; let the answers wait for whoever gave them."""
        values = {"id": signup_id, "subscriber_id": subscriber_id, "until": until}
        await self._connection.execute(WAIT, values)

    async def drop(self, ids: Sequence[int]) -> None:
        """Delete these sign-ups, and those that they replaced."""
        await self._connection.execute(DROP, {"ids": list(ids)})

    async def drop_waiting(self, subscriber_id: int) -> None:
        """Delete the answers that wait for this subscriber."""
        values = {"subscriber_id": subscriber_id}
        await self._connection.execute(DROP_WAITING, values)

    async def forget(self, address: str) -> tuple[int, ...]:
        """Delete every sign-up of this address; the numbers that they had."""
        values = {"address_key": self._sealer.address_key(address)}
        found = await self._connection.execute(FORGET, values)
        return tuple(found.scalars())

    async def drop_expired(self, *, now: datetime) -> int:
        """Delete the sign-ups that nobody confirmed in time; returns how many."""
        return (await self._connection.execute(DROP_EXPIRED, {"now": now})).rowcount

    def _readable(self, row: Row[Any]) -> Pending | None:
        try:
            return self._pending(row)
        except KeyMissing:
            raise
        except UNREADABLE as error:
            # Without the words of the error: they can hold what somebody answered.
            fault = type(error).__name__
            log.error("sign-up does not open", action="signup", error=fault)
            return None

    def _pending(self, row: Row[Any]) -> Pending:
        plain = self._sealer.open(row.sealed, row.key_id, about=_about(row.id)).decode()
        # A row of the release before has none.
        proof = json.loads(plain).get("proof", {})
        return Pending(
            id=row.id,
            person=person_from_json(plain),
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
            proof=Proof(**proof),
            tries=row.tries,
            subscriber_id=row.subscriber_id,
        )


def signup_to_json(person: Person, proof: Proof) -> str:
    """What is sealed in a pending sign-up's row."""
    return json.dumps({**json.loads(person_to_json(person)), "proof": asdict(proof)})


def _about(signup_id: int) -> str:
    return f"signup:{signup_id}"
