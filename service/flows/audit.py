"""The audit log, read: a page of it, or all of it to see that nobody altered it."""

from dataclasses import dataclass

from service.domain.audit import Entry, Verification
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


async def verify(store: Store) -> Verification:
    """Read the whole log; tells where the chain breaks, if it does."""
    async with store.transaction() as tx:
        return await tx.audit.verify()


async def has(store: Store, number: int, digest: bytes) -> bool:
    """Whether the entry of this number has this digest."""
    async with store.transaction() as tx:
        found = await tx.audit.newest(operator="", before=number + 1, limit=1)
    return [(entry.number, entry.digest) for entry in found] == [(number, digest)]
