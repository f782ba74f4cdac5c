"""What the DNS says of the sender, and whether receivers will believe it."""

import asyncio
from collections.abc import Iterable

from service.commands.doctor.patient import Patient, is_reserved
from service.domain.errors import Misconfigured, TryLater
from service.domain.finding import Sheet
from service.domain.sender_records import SenderRecords

SELECTOR = "EVENTIDE_SMTP__DKIM_SELECTOR"
UNHEARD = "See that this machine can ask the DNS, or name a server with --nameserver"
#: No more of checkdmarc's advice than this in one line.
MOST_ADVICE = 2


async def look(sheet: Sheet, patient: Patient) -> None:
    """SPF, DKIM, DMARC, PTR, MX and alignment of sender and envelope."""
    try:
        domain, bounces = patient.sender_domain, patient.bounces_domain
    except Misconfigured as error:
        sheet.warning("records", "not looked at: there is no sender", error.remedy)
        return
    if is_reserved(domain):
        says = f"not looked at: nobody can own {domain}"
        sheet.warning("records", says, "Set EVENTIDE_SMTP__SENDER to a domain of yours")
        return
    selector = patient.settings.smtp.dkim_selector
    try:
        found = await asyncio.to_thread(
            _asked, patient.nameserver, domain, bounces, selector
        )
    except TryLater as error:
        sheet.warning("records", f"DNS is not reachable from here: {error}", UNHEARD)
        return
    judge(sheet, found)


def judge(sheet: Sheet, found: SenderRecords) -> None:
    """What receivers will make of these records."""
    _alignment(sheet, found)
    _spf(sheet, found)
    _dkim(sheet, found)
    _dmarc(sheet, found)
    _pointers(sheet, found)
    _exchanges(sheet, found)


def _asked(nameserver: str, domain: str, bounces: str, selector: str) -> SenderRecords:
    # Half a second and 30 MB that no other command should pay for.
    from service.mail.dns import Inquiry  # noqa: PLC0415

    return Inquiry(nameserver).sender_records(domain, bounces, selector)


def _alignment(sheet: Sheet, found: SenderRecords) -> None:
    says = f"From is {found.domain}, the envelope {found.bounces}"
    is_same = found.domain == found.bounces
    is_related = found.organisation == found.bounces_organisation
    if is_same or (is_related and not found.dmarc.is_spf_strict):
        sheet.ok("alignment", f"{says}: SPF counts for DMARC")
    else:
        remedy = (
            "Take a bounce address below the sender's own domain"
            if not is_related
            else "Take aspf=s out of the DMARC record, or use one domain for both"
        )
        # A signature of the sender's own domain is enough for DMARC, but then all
        # hangs on it; without a selector it is not known whether there is one.
        note = sheet.fault if found.dkim == "" else sheet.warning
        note("alignment", f"{says}: SPF does not count for DMARC", remedy)


def _spf(sheet: Sheet, found: SenderRecords) -> None:
    spf, check = found.spf, f"SPF of {found.bounces}"
    remedy = f'Give {found.bounces} one TXT record like "v=spf1 ip4:192.0.2.10 -all", '
    remedy += "with the address of the relay or what its provider tells you to include"
    if spf.error:
        sheet.fault(check, _plainly(spf.error, spf.record), remedy)
    elif spf.rest in ("pass", "neutral"):
        says = f"{spf.record}: anybody may send in your name"
        sheet.fault(check, says, "Let the record end in -all or ~all")
    elif spf.warnings:
        sheet.warning(check, f"{spf.record}: {_advice(spf.warnings)}", remedy)
    else:
        sheet.ok(check, spf.record)


def _dkim(sheet: Sheet, found: SenderRecords) -> None:
    name = f"<selector>._domainkey.{found.domain}"
    if found.dkim is None:
        says = "not known: no selector is set"
        remedy = (
            f"Set {SELECTOR} to the s= of the DKIM-Signature of a mail that arrived"
        )
        sheet.warning("DKIM key", says, remedy)
    elif not found.dkim:
        remedy = f"Publish the relay's key as TXT at {name}, or correct {SELECTOR}"
        sheet.fault("DKIM key", "there is none under this selector", remedy)
    elif "p=;" in f"{found.dkim.replace(' ', '')};":
        remedy = f"Let the relay sign with a new key, publish it, and set {SELECTOR}"
        sheet.fault("DKIM key", "it is revoked (p= is empty)", remedy)
    else:
        sheet.ok("DKIM key", f"{found.dkim[:40]}...")


def _dmarc(sheet: Sheet, found: SenderRecords) -> None:
    dmarc, check = found.dmarc, f"DMARC of {found.domain}"
    remedy = f'Give _dmarc.{found.organisation} a TXT record like "v=DMARC1; p=none; '
    remedy += f'rua=mailto:dmarc@{found.organisation}"; Gmail and Yahoo want one'
    if dmarc.error:
        sheet.fault(check, _plainly(dmarc.error, dmarc.record), remedy)
    elif dmarc.warnings:
        sheet.warning(check, f"{dmarc.record}: {_advice(dmarc.warnings)}", remedy)
    else:
        sheet.ok(check, dmarc.record)


def _pointers(sheet: Sheet, found: SenderRecords) -> None:
    """PTR of those addresses that are ours to name: who includes a provider trusts it."""
    for each in found.named:
        check = f"PTR of {each.address}"
        remedy = (
            "Let whoever gave you the address (hoster, provider) name it after the "
        )
        remedy += "relay, and give that name this address"
        # A host of an `a` or `mx` may take mail in and send none.
        note = sheet.fault if each.is_listed else sheet.warning
        if not each.names:
            note(check, "the address has no name", remedy)
        elif not each.leads_back:
            says = f"{', '.join(each.names)} does not lead back to it"
            note(check, says, remedy)
        else:
            sheet.ok(check, ", ".join(each.names))
    if not found.named:
        providers = ", ".join(found.spf.providers)
        if providers:
            says = f"not known: left to the providers in SPF ({providers})"
            remedy = "See that a mail which arrived came from an address with a name "
            remedy += "(its first Received line); if not, ask the provider"
            sheet.warning("PTR", says, remedy)
        else:
            remedy = "Name the relay's address in SPF, so that it can be looked at"
            sheet.warning("PTR", "not known: SPF names no address", remedy)


def _exchanges(sheet: Sheet, found: SenderRecords) -> None:
    for each in found.exchanges:
        check = f"MX of {each.domain}"
        if each.hosts:
            sheet.ok(check, ", ".join(each.hosts))
        elif each.domain == found.bounces:
            says = "there is none: mail that bounces cannot come back"
            remedy = (
                f"Give {each.domain} an MX record that leads to who takes bounces in"
            )
            sheet.fault(check, says, remedy)
        else:
            says = "there is none: nobody can answer a mail"
            remedy = f"Give {each.domain} an MX record, and read what comes"
            sheet.warning(check, says, remedy)


def _plainly(error: str, record: str) -> str:
    return f"{record}: {error}" if record else error


def _advice(warnings: Iterable[str]) -> str:
    return "; ".join([*warnings][:MOST_ADVICE])
