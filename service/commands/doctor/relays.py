"""Each relay: is it there, how is it spoken to, and does it take our mail?"""

from datetime import datetime

from service.commands.doctor.patient import CERTIFICATE_DAYS, Patient, failed
from service.domain.breaker import AWAY, OUR_SENDER
from service.domain.errors import Misconfigured, TryLater
from service.domain.finding import Sheet
from service.domain.outbox import Refused
from service.domain.refusals import Refusals
from service.mail.examination import Examined
from service.mail.smtp import Mailer
from service.settings import RelaySettings

#: A reminder has about 40 KB; a relay that takes less than this takes no mail of ours.
ENOUGH_BYTES = 200_000
ENCRYPT = "Set EVENTIDE_SMTP__TLS to starttls (or `tls` in EVENTIDE_SMTP__OTHERS)"


async def look(sheet: Sheet, patient: Patient, relay: RelaySettings) -> None:
    """One relay, through which nothing is sent."""
    name = f"{relay.host}:{relay.port}"
    try:
        sender = patient.settings.bounces.address or patient.sender
    except Misconfigured:
        # The settings say so themselves; a relay can be met without a sender.
        sender = ""
    # Nothing is sent, so there is nothing to rule on.
    async with Mailer(relay, Refusals(()), clock=patient.clock) as mailer:
        try:
            found = await mailer.examine(sender)
        except (Misconfigured, TryLater) as error:
            failed(sheet, name, error, remedy=AWAY.remedy)
            return
    judge(sheet, found, name, sender, now=patient.clock.now())


def judge(
    sheet: Sheet, found: Examined, name: str, sender: str, *, now: datetime
) -> None:
    """What to think of a relay that showed itself like this."""
    signed = ", and takes our password" if found.is_signed_in else ""
    sheet.ok(name, f"lets us in{signed}")
    _encryption(sheet, found, name, now=now)
    _offer(sheet, found, name)
    _sender(sheet, found.refused, name, sender)


def _encryption(sheet: Sheet, found: Examined, name: str, *, now: datetime) -> None:
    check = f"{name} TLS"
    if found.encrypted:
        days = (found.encrypted.certificate_ends - now).days
        says = f"{found.encrypted.version}, certificate valid for {days} days"
        if days < CERTIFICATE_DAYS:
            sheet.warning(check, says, "Renew the relay's certificate")
        else:
            sheet.ok(check, says)
    elif found.offers_tls:
        sheet.warning(check, "none, although the relay offers it", ENCRYPT)
    elif found.is_private:
        sheet.ok(check, f"none, to {found.address} on a private network")
    else:
        says = f"none: addresses, mails{' and the password' * found.is_signed_in} "
        says += "travel in the clear"
        sheet.fault(check, says, f"Use a relay that encrypts. {ENCRYPT}")


def _offer(sheet: Sheet, found: Examined, name: str) -> None:
    check, offer = f"{name} offers", found.offer
    words = (("PIPELINING", offer.pipelining), ("DSN", offer.dsn))
    said = [
        word
        for word, is_offered in (*words, ("SMTPUTF8", offer.smtputf8))
        if is_offered
    ]
    if offer.size:
        said.append(f"{offer.size / 1e6:,.1f} MB a message")
    says = ", ".join(said) or "nothing that we can use"
    if offer.size and offer.size < ENOUGH_BYTES:
        sheet.fault(check, says, "Let the relay take messages of 1 MB (SIZE)")
    elif not offer.pipelining:
        says = f"{says}; without PIPELINING a mail takes longer"
        sheet.ok(check, says)
    else:
        sheet.ok(check, says)


def _sender(sheet: Sheet, refused: Refused | None, name: str, sender: str) -> None:
    check = f"{name} sender"
    if refused:
        says = (
            f"{sender or 'an empty sender'} is refused: {refused.code} {refused.reply}"
        )
        sheet.fault(check, says, OUR_SENDER.remedy)
    else:
        sheet.ok(check, f"{sender or 'an empty sender'} is taken")
