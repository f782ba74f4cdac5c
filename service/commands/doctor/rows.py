"""What is sealed: by which key, and whether its length tells anything."""

from collections import Counter
from collections.abc import Mapping

from service.domain.finding import Sheet
from service.keys import Keys
from service.store.engine import Store
from service.store.sealing import SETTING

HOW_TO_RESEAL = "Run `eventide keys reseal`; the service may go on meanwhile"


async def look(sheet: Sheet, store: Store, keys: Keys) -> None:
    """How many rows each key sealed, and whether one of the keys may go."""
    async with store.transaction() as tx:
        others = await tx.resealing.others()
        counted = await tx.resealing.count()
    rows: dict[str, Counter[str]] = {name: Counter() for name in keys.seal}
    for one in counted:
        rows.setdefault(one.key_id, Counter())[one.table] += one.rows
    current = next(iter(keys.seal))
    _processes(sheet, current, others)
    for name, tables in rows.items():
        if name == current:
            sheet.ok(f"rows of seal.{name}", _told(tables))
        elif name not in keys.seal:
            says = f"{_told(tables)}, and the key is missing: nobody can read them"
            sheet.fault(f"rows of seal.{name}", says, f"Put it back into {SETTING}")
        else:
            _older(sheet, name, tables, may_go=not others)
    if bare := sum(one.bare for one in counted):
        says = f"{bare:,} rows are not padded: their length tells of what is in them"
        sheet.warning("padding", says, HOW_TO_RESEAL)
    else:
        sheet.ok("padding", "the length of a row tells nothing of what is in it")


def _processes(sheet: Sheet, current: str, others: tuple[str, ...]) -> None:
    if others:
        says = f"{', '.join(others)} seal with another key than seal.{current}"
        sheet.warning("sealing", says, "Restart them with the keys that are here")
    else:
        sheet.ok("sealing", f"every process seals with seal.{current}")


def _older(sheet: Sheet, name: str, tables: Mapping[str, int], *, may_go: bool) -> None:
    """One that seals nothing any more, and still opens what it sealed."""
    check = f"rows of seal.{name}"
    if any(tables.values()):
        says = f"{_told(tables)}: it is needed"
        sheet.warning(check, says, f"{HOW_TO_RESEAL}. Then it may go")
    elif may_go:
        sheet.ok(check, "none: it may go, and is kept with the backups made before")
    else:
        says = "none at present, but not every process seals with the newest key"
        sheet.warning(check, says, "Restart those; until then it is needed")


def _told(tables: Mapping[str, int]) -> str:
    total = f"{sum(tables.values()):,}"
    by_table = ", ".join(f"{many:,} {table}" for table, many in tables.items())
    return f"{total} ({by_table})" if by_table else total
