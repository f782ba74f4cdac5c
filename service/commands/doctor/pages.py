"""The pages as a mail program meets them: over https, with one click to leave."""

import asyncio
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

import httpx

from service.commands.doctor.patient import CERTIFICATE_DAYS, Patient, skew
from service.domain.errors import TryLater
from service.domain.finding import Sheet
from service.mail.examination import Encrypted, encrypted

PATIENCE_SECONDS = 8
#: RFC 8058: what a mail program posts. Nobody has this token, so nobody is taken off.
ONE_CLICK = {"List-Unsubscribe": "One-Click"}
PATH = "/unsubscribe?token=check"
ANSWER = "This link does not work"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back; `date` is the header, "" where there is none."""

    status: int
    text: str
    date: str
    tls: Encrypted | None


async def look(sheet: Sheet, patient: Patient) -> None:
    """Whether the unsubscribe address answers as RFC 8058 wants, and its clock."""
    if not patient.is_public:
        says = f"not looked at: {patient.host} is for this machine alone"
        remedy = "Set EVENTIDE_WEB__BASE_URL to where people reach the pages"
        sheet.warning("one-click", says, remedy)
        return
    url = patient.settings.web.base_url
    try:
        answer = await _posted(patient)
    except (httpx.HTTPError, TryLater, OSError) as error:
        says = f"{url} is not reachable from here: {str(error) or type(error).__name__}"
        sheet.fault("reachable", says, _remedy(error))
        return
    now = patient.clock.now()
    sheet.ok("reachable", url)
    _certificate(sheet, answer, now=now)
    _one_click(sheet, answer)
    judge_clock(sheet, answer, now=now)


def _certificate(sheet: Sheet, answer: Answer, *, now: datetime) -> None:
    if answer.tls is None:
        says = "none: the pages are not encrypted"
        remedy = "Put a proxy with a certificate in front of web (Caddy gets one)"
        sheet.fault("certificate", says, remedy)
        return
    days = (answer.tls.certificate_ends - now).days
    says = f"valid for {days} days, {answer.tls.version}"
    if days < CERTIFICATE_DAYS:
        remedy = "Renew it, or see why the proxy does not (its log)"
        sheet.warning("certificate", says, remedy)
    else:
        sheet.ok("certificate", says)


def _one_click(sheet: Sheet, answer: Answer) -> None:
    is_ours = answer.text.startswith(ANSWER)
    if answer.status == httpx.codes.BAD_REQUEST and is_ours:
        sheet.ok("one-click", "a mail program can unsubscribe with one POST")
        return
    says = (
        f"a POST to /unsubscribe is answered by {answer.status}, not as Eventide does"
    )
    remedy = (
        "Let EVENTIDE_WEB__BASE_URL lead to web itself, without a redirect, a login "
    )
    remedy += "or another program before it"
    sheet.fault("one-click", says, remedy)


def judge_clock(sheet: Sheet, answer: Answer, *, now: datetime) -> None:
    """What the Date of the answer says of the clock there."""
    try:
        theirs = parsedate_to_datetime(answer.date)
    except ValueError:
        remedy = "Let the proxy pass on the Date header"
        sheet.warning("clock", "not known: the answer has no date", remedy)
    else:
        skew(sheet, "clock", theirs - now, "the pages")


async def _posted(patient: Patient) -> Answer:
    """The answer of whoever is there. A redirect is not followed: RFC 8058, 3.1."""
    base = patient.settings.web.base_url
    options: dict[str, object] = {}
    headers = {"User-Agent": "eventide check"}
    if patient.nameserver:
        address = await asyncio.to_thread(_address, patient.nameserver, patient.host)
        headers["Host"] = urlsplit(base).netloc
        options["sni_hostname"] = patient.host
        base = base.replace(patient.host, address, 1)
    async with (
        httpx.AsyncClient(
            verify=ssl.create_default_context(),
            timeout=PATIENCE_SECONDS,
            trust_env=False,
        ) as client,
        client.stream(
            "POST", base + PATH, data=ONE_CLICK, headers=headers, extensions=options
        ) as answer,
    ):
        tls = answer.extensions["network_stream"].get_extra_info("ssl_object")
        return Answer(
            status=answer.status_code,
            text=(await answer.aread()).decode(errors="replace"),
            date=answer.headers.get("Date", ""),
            tls=encrypted(tls),
        )


def _address(nameserver: str, host: str) -> str:
    # As in records.py: it costs half a second.
    from service.mail.dns import Inquiry  # noqa: PLC0415

    found = Inquiry(nameserver).addresses(host)
    if not found:
        raise TryLater(f"{host} has no address in the DNS")
    return found[0] if ":" not in found[0] else f"[{found[0]}]"


def _remedy(error: Exception) -> str:
    if "CERTIFICATE" in str(error):
        return (
            "Give the pages a certificate that is valid for this name (Caddy gets one)"
        )
    return (
        "See that web and its proxy run, that the name leads to them, and that the "
        "firewall lets port 443 through"
    )
