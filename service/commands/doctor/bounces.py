"""Whether mail that comes back finds its way here."""

from service.commands.doctor.patient import Patient
from service.domain.errors import TryLater
from service.domain.finding import Sheet
from service.settings import BouncesSettings
from service.worker import mailbox

ADDRESS = "EVENTIDE_BOUNCES__ADDRESS"
WAYS = "EVENTIDE_BOUNCES__LISTEN, __IMAP_HOST or __HTTP_KEY; docs/bounces.md shows how"


async def look(sheet: Sheet, patient: Patient) -> None:
    """The address of bounces, the ways in, and the log-in to the mailbox."""
    bounces = patient.settings.bounces
    ways = _ways(bounces)
    if not bounces.address:
        says = "none: bounces go to the sender, unread, and dead addresses stay"
        sheet.warning("address", says, f"Set {ADDRESS} and one of {WAYS}")
    elif not ways:
        says = f"{bounces.address} is set, but there is no way in for what comes there"
        sheet.fault("way in", says, f"Set one of {WAYS}")
    else:
        sheet.ok("address", bounces.address)
        sheet.ok("way in", ", ".join(ways))
    if bounces.imap_host:
        await _mailbox(sheet, bounces)


def _ways(bounces: BouncesSettings) -> list[str]:
    ways = {
        f"LMTP at {bounces.listen} of a worker": bounces.listen,
        f"IMAP from {bounces.imap_host}": bounces.imap_host,
        "posted to /bounces": bounces.http_key.get_secret_value(),
    }
    return [way for way, is_set in ways.items() if is_set]


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
