"""Whether mail that comes back finds its way here."""

from service.commands.doctor.patient import Patient
from service.domain.errors import TryLater
from service.domain.finding import Sheet
from service.settings import BouncesSettings
from service.worker import lmtp, mailbox

ADDRESS = "EVENTIDE_BOUNCES__ADDRESS"
WAYS = "EVENTIDE_BOUNCES__LISTEN, __IMAP_HOST or __HTTP_KEY; docs/bounces.md shows how"
TRY = "Write to an address that does not exist, and see it come back: docs/bounces.md"


async def look(sheet: Sheet, patient: Patient) -> None:
    """The address of bounces, and each way in, as far as it can be tried."""
    bounces = patient.settings.bounces
    is_posted = bool(bounces.http_key.get_secret_value())
    if not bounces.address:
        says = "none: bounces go to the sender, unread, and dead addresses stay"
        sheet.warning("address", says, f"Set {ADDRESS} and one of {WAYS}")
    elif not (bounces.listen or bounces.imap_host or is_posted):
        says = f"{bounces.address} is set, but there is no way in for what comes there"
        sheet.fault("way in", says, f"Set one of {WAYS}")
    else:
        sheet.ok("address", bounces.address)
    if bounces.listen:
        await _listener(sheet, bounces.listen)
    if bounces.imap_host:
        await _mailbox(sheet, bounces)
    if is_posted:
        says = "not known: whether anybody posts to /bounces cannot be seen from here"
        sheet.warning("posted", says, TRY)


async def _listener(sheet: Sheet, place: str) -> None:
    try:
        await lmtp.probe(place)
    except TryLater as error:
        remedy = "See that a worker runs there, or look from its machine (container)"
        sheet.warning("listener", f"not known: {error}", remedy)
    else:
        sheet.ok("listener", f"a worker takes bounces in at {place}")


async def _mailbox(sheet: Sheet, bounces: BouncesSettings) -> None:
    name = f"{bounces.imap_user} at {bounces.imap_host}:{bounces.imap_port}"
    try:
        await mailbox.probe(bounces)
    except (TryLater, OSError) as error:
        remedy = (
            "Correct EVENTIDE_BOUNCES__IMAP_HOST, __PORT, __TLS, __USER, __PASSWORD "
        )
        remedy += "or __FOLDER, or see that the server runs"
        sheet.fault("mailbox", f"{name}: {error}", remedy)
    else:
        sheet.ok("mailbox", f"{name} lets us in")
