"""All looks at once, each within its time; one that breaks stops no other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from functools import partial

from service.commands.doctor import (
    bounces,
    configuration,
    database,
    pages,
    records,
    relays,
    ring,
    tips,
)
from service.commands.doctor.patient import Patient, failed
from service.domain.errors import ServiceError
from service.domain.finding import Finding, Sheet

SECONDS = 45.0
#: The embedded database may have to be made first.
DATABASE_SECONDS = 180.0
REPORT = "This is a fault of Eventide: report it, with the line above"


@dataclass(frozen=True, slots=True, kw_only=True)
class Area:
    """Something to look at, and how long that may take."""

    name: str
    look: Callable[[Sheet, Patient], Awaitable[None]]
    seconds: float = SECONDS


def areas(patient: Patient) -> tuple[Area, ...]:
    """Everything there is to look at, in the order it is told."""
    smtp = patient.settings.smtp
    return (
        Area(name="settings", look=configuration.look),
        Area(name="keys", look=ring.look),
        Area(name="database", look=database.look, seconds=DATABASE_SECONDS),
        *(
            Area(name="relay", look=partial(relays.look, relay=relay))
            for relay in (smtp, *smtp.others)
        ),
        Area(name="dns", look=records.look),
        Area(name="pages", look=pages.look),
        Area(name="bounces", look=bounces.look),
        Area(name="tips", look=tips.look),
    )


async def examined(
    patient: Patient, areas: Sequence[Area], *, done: Callable[[], None]
) -> tuple[Finding, ...]:
    """What every area found, in their order; `done` is called as each is finished."""
    sheets = [Sheet(area.name) for area in areas]
    await asyncio.gather(
        *(
            _looked(area, sheet, patient, done)
            for area, sheet in zip(areas, sheets, strict=True)
        )
    )
    return tuple(finding for sheet in sheets for finding in sheet.findings)


async def _looked(
    area: Area, sheet: Sheet, patient: Patient, done: Callable[[], None]
) -> None:
    try:
        async with asyncio.timeout(area.seconds):
            await area.look(sheet, patient)
    except TimeoutError:
        says = f"not known: it takes longer than {area.seconds:,.0f} seconds"
        remedy = "See what it waits for: the network, a server, or a very busy machine"
        sheet.warning(area.name, says, remedy)
    except ServiceError as error:
        failed(sheet, area.name, error, remedy="Try again in a moment")
    except Exception as error:  # noqa: BLE001 - the top of a look: the others go on
        # Not the error's own words: they may hold what is private.
        sheet.fault(area.name, f"the look broke ({type(error).__name__})", REPORT)
    finally:
        done()
