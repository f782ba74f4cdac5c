"""Resealing: every sealed row under the current key, while the service goes on."""

from dataclasses import dataclass, replace

from service.domain.audit import Act
from service.store.engine import Store
from service.store.resealing import Resealed, Sealed, Stretch


@dataclass(frozen=True, slots=True, kw_only=True)
class Outset:
    """What a walk goes through, and who seals with another key as it begins."""

    stretches: tuple[Stretch, ...]
    others: tuple[str, ...]


async def begin(store: Store) -> Outset:
    """What there is to walk through now."""
    async with store.transaction() as tx:
        return Outset(
            # Asked first: one that ends meanwhile has left its rows for this walk.
            others=await tx.resealing.others(),
            stretches=await tx.resealing.stretches(),
        )


async def others(store: Store) -> tuple[str, ...]:
    """The processes that seal with another key than ours, by number and machine."""
    async with store.transaction() as tx:
        return await tx.resealing.others()


async def reseal(store: Store, stretch: Stretch) -> Resealed:
    """Seal the rows of a stretch anew that are not under the current key, or not padded.

    Safe to do twice: rows are told by the key and the length that they have.
    """
    async with store.transaction() as tx:
        return await tx.resealing.reseal(stretch)


async def left(store: Store) -> tuple[Sealed, ...]:
    """The rows that another key sealed, or that are not padded. Reads every table."""
    async with store.transaction() as tx:
        current = tx.resealing.current
        counted = await tx.resealing.count()
    bare = (
        replace(one, rows=one.bare) if one.key_id == current else one for one in counted
    )
    return tuple(one for one in bare if one.rows)


async def note(store: Store, *, rows: int, by: str) -> str:
    """Write into the audit log that it is done; the name of the key that it is now."""
    async with store.transaction() as tx:
        details = f"{rows} rows under seal.{tx.resealing.current}"
        now = (await tx.timekeeping.read()).instant
        await tx.audit.add(by, Act.ROWS_RESEALED, details=details, now=now)
        return tx.resealing.current
