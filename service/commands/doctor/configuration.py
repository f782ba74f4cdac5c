"""The settings: fit for people outside this machine?"""

from service.commands.doctor.patient import Patient, is_reserved
from service.domain.errors import Misconfigured
from service.domain.finding import Sheet

BASE_URL = "EVENTIDE_WEB__BASE_URL"
SENDER = "EVENTIDE_SMTP__SENDER"
ADDRESS = "EVENTIDE_OPERATOR__POSTAL_ADDRESS"
#: In the example file: nobody lives there.
EXAMPLE_ADDRESS = "1 Example Street"


async def look(sheet: Sheet, patient: Patient) -> None:
    """Base URL, sender and postal address."""
    _base_url(sheet, patient)
    _sender(sheet, patient)
    _postal_address(sheet, patient)


def _base_url(sheet: Sheet, patient: Patient) -> None:
    url = patient.settings.web.base_url
    example = (
        f"Set {BASE_URL} to where people reach the pages, as https://tips.your.org"
    )
    if not patient.is_public:
        says = (
            f"{url} leads to this machine alone: nobody else can open a link in a mail"
        )
        sheet.warning("base URL", says, example)
    elif is_reserved(patient.host):
        sheet.fault("base URL", f"{url} is an example, and leads nowhere", example)
    elif not url.startswith("https://"):
        says = f"{url} is not https: answers about health would travel in the clear, "
        says += "and mail programs offer no one-click unsubscribe"
        remedy = (
            f"Put a proxy with a certificate in front, and https:// into {BASE_URL}"
        )
        sheet.fault("base URL", says, remedy)
    else:
        sheet.ok("base URL", url)


def _sender(sheet: Sheet, patient: Patient) -> None:
    remedy = f'Set {SENDER} to an address of yours, as "Eventide <tips@your.org>"'
    try:
        address = patient.sender
    except Misconfigured as error:
        sheet.fault("sender", error.what, error.remedy)
        return
    if not is_reserved(patient.sender_domain):
        sheet.ok("sender", patient.settings.smtp.sender)
        return
    says = f"no mail can come from {address}"
    note = sheet.fault if patient.is_public else sheet.warning
    note("sender", says, remedy)


def _postal_address(sheet: Sheet, patient: Patient) -> None:
    found = patient.settings.operator.postal_address
    if found and EXAMPLE_ADDRESS not in found:
        sheet.ok("postal address", found)
        return
    says = "there is none" if not found else f"{found!r} is an example"
    says += "; many laws want one in every mailing"
    note = sheet.fault if patient.is_public else sheet.warning
    note("postal address", says, f"Set {ADDRESS} to where you can be reached by post")
