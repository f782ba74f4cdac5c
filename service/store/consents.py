"""What people agreed to, in which wording and when; it goes when the person goes."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

ADD = text(
    """
    INSERT INTO consent (subscriber_id, what, given_at, wording_version, evidence)
    SELECT :subscriber_id, what, :now, :version, :evidence
    FROM unnest(CAST(:what AS text[])) what
    ON CONFLICT (subscriber_id, what, given_at) DO NOTHING
    """
)
WITHDRAW = text(
    """
    UPDATE consent SET withdrawn_at = :now
    WHERE subscriber_id = :subscriber_id AND withdrawn_at IS NULL
    """
)


OF = text(
    """
    SELECT what, given_at, wording_version, withdrawn_at, evidence FROM consent
    WHERE subscriber_id = :subscriber_id ORDER BY given_at, what
    """
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """Something that a person agreed to; `evidence` where not on our form."""

    what: str
    given_at: datetime
    wording_version: str
    withdrawn_at: datetime | None
    evidence: str | None


class Consents:
    """The log of consents, one row for each time one was given."""

    def __init__(self, connection: AsyncConnection) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection

    async def add(
        self,
        subscriber_id: int,
        what: Sequence[str],
        *,
        version: str,
        evidence: str | None = None,
        now: datetime,
    ) -> None:
        """Note that the person agreed to each of `what`, in this wording.

        `evidence` says where, if it was not on our form.
        """
        values = {
            "subscriber_id": subscriber_id,
            "what": list(what),
            "version": version,
            "evidence": evidence,
            "now": now,
        }
        await self._connection.execute(ADD, values)

    async def of(self, subscriber_id: int) -> tuple[Consent, ...]:
        """All that the person ever agreed to, oldest first."""
        found = await self._connection.execute(OF, {"subscriber_id": subscriber_id})
        return tuple(
            Consent(
                what=row.what,
                given_at=row.given_at,
                wording_version=row.wording_version,
                withdrawn_at=row.withdrawn_at,
                evidence=row.evidence,
            )
            for row in found
        )

    async def withdraw(self, subscriber_id: int, *, now: datetime) -> None:
        """Note that the person took back whatever they had agreed to."""
        values = {"subscriber_id": subscriber_id, "now": now}
        await self._connection.execute(WITHDRAW, values)
