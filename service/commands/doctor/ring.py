"""The keys: there, well-formed, each of its own, and not too old."""

import re
from collections.abc import Iterable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from service import app as composition
from service.commands.doctor.patient import Patient
from service.domain.finding import Sheet
from service.embedded import postgres
from service.keys import Keys

#: How `eventide keys` names those that it makes.
MONTH = re.compile(r"(\d{4})-(0[1-9]|1[0-2])")
ROTATED_AFTER = timedelta(days=365)
HOW_TO_ROTATE = (
    "Run `eventide keys`, put its seal and link lines above the old ones (keep those, "
    "and the look-up key), then restart web and workers"
)


async def look(sheet: Sheet, patient: Patient) -> None:
    """Keys present, of the right form, different, and their age."""
    settings = patient.settings
    own = postgres.data_directory(settings.database.dir) / composition.KEY_FILE
    is_own = not (settings.secrets.keys.get_secret_value() or settings.database.url)
    if is_own and not own.exists():
        sheet.ok("keys", f"will be made in {own} by the first start")
        return
    keys = composition.keys(settings)
    says = f"one to look up, {len(keys.seal)} to seal, {len(keys.link)} to sign"
    if keys.ended:
        says += f"; {len(keys.ended)} ended, which open unsubscribe alone"
    sheet.ok("keys", says)
    _different(sheet, keys)
    made = _made(own) if is_own else None
    today = patient.clock.now().date()
    _age(sheet, "seal", keys.seal, made, today=today)
    _age(sheet, "link", keys.link_names, made, today=today)


def _different(sheet: Sheet, keys: Keys) -> None:
    every = [keys.lookup, *keys.seal.values(), *keys.link, *keys.ended]
    if len(set(every)) < len(every):
        says = "two of them are the same: who learns one of them knows the other"
        sheet.fault("different keys", says, HOW_TO_ROTATE)
    else:
        sheet.ok("different keys", "each is of its own")


def _age(
    sheet: Sheet, purpose: str, names: Iterable[str], made: date | None, *, today: date
) -> None:
    """The newest comes first, and is the one in use."""
    newest = next(iter(names))
    check = f"age of {purpose}.{newest}"
    since = _month(newest) or made
    if since is None:
        says = "not known: its name is no month, as in `seal.2026-11`"
        sheet.warning(check, says, f"Name the next one by its month. {HOW_TO_ROTATE}")
    elif today - since > ROTATED_AFTER:
        says = f"in use since {since:%Y-%m}, for more than a year"
        sheet.warning(check, says, HOW_TO_ROTATE)
    else:
        sheet.ok(check, f"in use since {since:%Y-%m}")


def _month(name: str) -> date | None:
    found = MONTH.match(name)
    return date(int(found[1]), int(found[2]), 1) if found else None


def _made(path: Path) -> date:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC).date()
