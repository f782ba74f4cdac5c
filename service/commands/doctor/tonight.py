"""How the evening goes: may mail leave, who sends it, and will it be in time."""

from datetime import datetime

from service.domain.finding import Sheet
from service.domain.outbox import State
from service.flows.crew import Outlook, outlook
from service.flows.deployment import standing
from service.store.deployment import Standing
from service.store.engine import Store
from service.store.outbox import NotSent

START = "Start one with `eventide worker`"
MORE = "Start more workers, or raise EVENTIDE_SMTP__CONNECTIONS or EVENTIDE_SMTP__RATE"
WHY = "docs/relays.md and docs/bounces.md say what each reason means"


async def look(sheet: Sheet, store: Store, *, now: datetime) -> None:
    """Sending, workers, forecast, and what was not sent since yesterday."""
    match await standing(store):
        case Standing.SENDS:
            sheet.ok("sending", "mail may leave")
        case Standing.PAUSED:
            remedy = "`eventide resume` lets it go on"
            sheet.warning("sending", "an operator has paused all mail", remedy)
        case Standing.FENCED:
            says = "this database is a restored copy, and sends nothing"
            remedy = "If it is to be the one that sends from now on: `eventide adopt`"
            sheet.fault("sending", says, remedy)
    evening = await outlook(store, now=now)
    _workers(sheet, evening)
    _forecast(sheet, evening)
    for one in evening.not_sent:
        _not_sent(sheet, one)


def _workers(sheet: Sheet, evening: Outlook) -> None:
    alive, due = evening.crew.workers, evening.forecast.due
    if alive:
        sheet.ok("workers", f"{alive} alive")
    elif due:
        says = f"none is alive, and {due:,} reminders are due in the next hours"
        sheet.fault("workers", says, START)
    else:
        sheet.warning("workers", "none is alive", START)


def _forecast(sheet: Sheet, evening: Outlook) -> None:
    if evening.forecast.too_late:
        sheet.warning("forecast", str(evening.forecast), MORE)
    else:
        sheet.ok("forecast", str(evening.forecast))


def _not_sent(sheet: Sheet, one: NotSent) -> None:
    says = f"{one.messages:,} {one.state} since yesterday: {one.reason}"
    if one.state is State.SUPPRESSED:
        # Somebody wished it so.
        sheet.ok("not sent", says)
    else:
        sheet.warning("not sent", says, WHY)
