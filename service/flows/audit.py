"""The audit log, read: a page of it, or all of it to see that nobody altered it."""

from dataclasses import dataclass
from datetime import datetime

from service.domain.audit import Act, Entry, Reading
from service.store.engine import Store

PAGE = 50
#: Above every number that an entry has.
NEWEST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Entries, newest first; `older` is what to ask for next, None at the end."""

    entries: tuple[Entry, ...]
    older: int | None
    names: tuple[str, ...]


async def page(store: Store, *, operator: str, before: int) -> Page:
    """The newest entries below the number `before`; `operator` "" for everybody's."""
    async with store.transaction() as tx:
        found = await tx.audit.newest(operator=operator, before=before, limit=PAGE + 1)
        names = await tx.audit.names()
    shown = found[:PAGE]
    older = shown[-1].number if len(found) > PAGE else None
    return Page(entries=shown, older=older, names=names)


async def verify(store: Store) -> Reading:
    """Read the whole log, and see whether it is the one that the marks know."""
    async with store.transaction() as tx:
        return await tx.audit.verify()


async def is_guarded(store: Store) -> bool:
    """Whether the service's own role can only add to the log."""
    async with store.transaction() as tx:
        return await tx.audit.is_guarded()


async def has(store: Store, number: int, digest: bytes) -> bool:
    """Whether the entry of this number has this digest."""
    async with store.transaction() as tx:
        found = await tx.audit.newest(operator="", before=number + 1, limit=1)
    return [(entry.number, entry.digest) for entry in found] == [(number, digest)]


async def anchor(store: Store, *, by: str, now: datetime) -> str:
    """Take the log as it is for whole, and keep that and what was wrong with it.

    Returns what was wrong, "" for nothing. An entry that breaks the chain goes on to.
    """
    problem = (await verify(store)).problem
    async with store.transaction() as tx:
        await tx.audit.anchor(now=now)
        await tx.audit.add(by, Act.LOG_ANCHORED, details=problem, now=now)
    return problem
