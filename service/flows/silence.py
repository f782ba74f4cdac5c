"""Who gets no mail and why: not sent, suppressed, and what came back unread."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from service.domain.audit import Act
from service.store.engine import Store
from service.store.feedback import Kept, Listed
from service.store.figures import Suppressed
from service.store.outbox import NotSent
from service.store.suppression import Entry

#: The nights that the queue still has, in any zone.
LAST_NIGHTS = timedelta(days=3)
#: So many of the kept messages are listed; the rest follows as those are dealt with.
LISTED = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What was not sent since that night, and who is not to be sent anything."""

    since: date
    not_sent: tuple[NotSent, ...]
    suppressed: tuple[Suppressed, ...]


async def silence(store: Store, *, now: datetime) -> Silence:
    """The figures of the last nights; walks the suppression list once."""
    since = now.date() - LAST_NIGHTS
    async with store.transaction() as tx:
        return Silence(
            since=since,
            not_sent=await tx.outbox.not_sent(since=since),
            suppressed=await tx.figures.suppressed(now=now),
        )


async def kept(store: Store) -> tuple[Listed, ...]:
    """The messages that came back and could not be used, newest first, unopened."""
    async with store.transaction() as tx:
        return await tx.feedback.listed(limit=LISTED)


async def look_up(
    store: Store, address: str, *, by: str, now: datetime
) -> Entry | None:
    """Why and since when an address gets no mail, None if it may have some.

    The look is noted, the address is not.
    """
    async with store.transaction() as tx:
        await tx.audit.add(
            by, Act.PERSON_LOOKED_UP, details="suppression list", now=now
        )
        return await tx.suppression.entry(address)


async def read(store: Store, digest: bytes, *, by: str, now: datetime) -> Kept | None:
    """A message that was kept, opened; None if it is gone. The look is noted."""
    async with store.transaction() as tx:
        found = await tx.feedback.one(digest)
        if found is not None:
            await tx.audit.add(
                by, Act.RETURNED_MAIL_READ, details=_name(digest), now=now
            )
        return found


async def forget(store: Store, digest: bytes, *, by: str, now: datetime) -> None:
    """Delete a message that was kept. Safe to do twice."""
    async with store.transaction() as tx:
        await tx.feedback.drop(digest)
        await tx.audit.add(
            by, Act.RETURNED_MAIL_DELETED, details=_name(digest), now=now
        )


def _name(digest: bytes) -> str:
    """The beginning of it, as the page shows it."""
    return digest.hex()[:12]
