"""How the evening goes: may mail leave, who sends it, what waits, who is not reached."""

from datetime import datetime

from service.domain.fence import NIGHTS_EXCUSED
from service.domain.finding import Sheet
from service.domain.hours import BEHIND_AFTER, STUCK_AFTER
from service.domain.outbox import State
from service.flows import census, refusals
from service.flows.crew import Outlook, left_alone, outlook
from service.flows.refusals import Reached
from service.store.census import Waits
from service.store.deployment import Standing
from service.store.engine import Store
from service.store.outbox import NotSent

START = "Start one with `eventide worker`"
MORE = "Start more workers, or raise EVENTIDE_SMTP__CONNECTIONS or EVENTIDE_SMTP__RATE"
LOOK = (
    "See what the log of the workers says, and the relay: docs/runbook/evening-late.md"
)
AGAIN = "Look again once the first of them are sent"
ALONE = "See why it refused us: docs/runbook/relay-left-alone.md"
HELD = "See why we are refused: docs/runbook/verdicts-held.md"
WHY = "docs/relays.md and docs/bounces.md say what each reason means"


async def look(sheet: Sheet, store: Store, *, now: datetime) -> None:
    """Sending, workers, backlog, forecast, and what was not sent since yesterday."""
    stands, waits = await census.waits(store, now=now)
    _sending(sheet, stands)
    evening = await outlook(store, now=now)
    _workers(sheet, evening)
    if stands is Standing.SENDS:
        _backlog(sheet, waits)
        _asked(sheet, waits)
    _forecast(sheet, evening)
    for one in evening.not_sent:
        _not_sent(sheet, one)
    for relay, since in (await left_alone(store)).items():
        minutes = (now - since).total_seconds() // 60
        says = f"{relay} gets no mail, for {minutes:,.0f} minutes: {since:%H:%M} UTC"
        sheet.warning("relays", says, ALONE)
    _refusals(sheet, await refusals.standing(store, now=now))


def _sending(sheet: Sheet, stands: Standing) -> None:
    match stands:
        case Standing.SENDS:
            sheet.ok("sending", "mail may leave")
        case Standing.PAUSED:
            remedy = "`eventide resume` lets it go on"
            sheet.warning("sending", "an operator has paused all mail", remedy)
        case Standing.FENCED:
            says = "this database is a restored copy, and sends nothing"
            remedy = "If it is to be the one that sends from now on: `eventide adopt`"
            sheet.fault("sending", says, remedy)
        case Standing.PROMOTED:
            says = (
                "this server was promoted; what the one before sent last is not known"
            )
            remedy = "Once that one is stopped: `eventide adopt` (docs/availability.md)"
            sheet.fault("sending", says, remedy)
        case Standing.ALONE:
            says = "reminders wait: no commit waits for a standby"
            remedy = "Attach the standby, or see docs/availability.md to go on without"
            sheet.fault("sending", says, remedy)


def _workers(sheet: Sheet, evening: Outlook) -> None:
    alive, due = evening.crew.workers, evening.forecast.due
    if alive:
        sheet.ok("workers", f"{alive} alive")
    elif due:
        says = f"none is alive, and {due:,} reminders are due in the next hours"
        sheet.fault("workers", says, START)
    else:
        sheet.warning("workers", "none is alive", START)


def _backlog(sheet: Sheet, waits: Waits) -> None:
    minutes = waits.reminder_for.total_seconds() // 60
    says = f"a reminder has waited for {minutes:,.0f} minutes"
    if waits.reminder_for > STUCK_AFTER:
        sheet.fault("backlog", says, LOOK)
    elif waits.reminder_for > BEHIND_AFTER:
        sheet.warning("backlog", says, LOOK)
    else:
        sheet.ok("backlog", says if minutes else "no reminder waits for long")


def _asked(sheet: Sheet, waits: Waits) -> None:
    minutes = waits.waited_for_for.total_seconds() // 60
    says = f"the oldest has waited for {minutes:,.0f} minutes for its first try"
    if waits.waited_for_for > BEHIND_AFTER:
        sheet.warning("confirmations", says, LOOK)
    else:
        sheet.ok("confirmations", says if minutes else "none waits for long")


def _refusals(sheet: Sheet, found: Reached) -> None:
    """Whom refusals ended, and where most of a night was refused."""
    for one in found.ends:
        says = f"{one.people:,} ended in the last 7 days: {one.verdict}, {one.provider}"
        sheet.ok("refusals", says)
    if not found.ends:
        sheet.ok("refusals", "nobody's reminders were ended by them in the last 7 days")
    for row in found.held:
        where = f"{row.provider or 'all providers'} through {row.relay}"
        arrived = f"{row.tally.delivered:,} of {row.tally.known:,} arrived at {where}"
        if row.nights_down < NIGHTS_EXCUSED:
            says = f"held, on {row.night}: {arrived}"
        else:
            says = f"count all the same, after {row.nights_down} such nights: {arrived}"
        sheet.warning("fence", says, HELD)


def _forecast(sheet: Sheet, evening: Outlook) -> None:
    ahead = evening.forecast
    if ahead.too_late:
        sheet.warning("forecast", str(ahead), MORE)
    elif ahead.due and not ahead.per_second:
        sheet.warning("forecast", f"not known: {ahead}", AGAIN)
    else:
        sheet.ok("forecast", str(ahead))


def _not_sent(sheet: Sheet, one: NotSent) -> None:
    says = f"{one.messages:,} {one.state} since yesterday: {one.reason}"
    if one.state is State.SUPPRESSED:
        # Somebody wished it so.
        sheet.ok("not sent", says)
    else:
        sheet.warning("not sent", says, WHY)
