"""A person who tries the service once: signs up, confirms, waits for the evening.

Works through the pages and the mails as they are: it fills in the forms it is shown
and follows the link it is mailed.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urljoin

import httpx

from service.domain.errors import ServiceError
from service.embedded.catcher import Catcher, CaughtMail

ADDRESS = "ada@example.org"
ANSWERS: Mapping[str, Sequence[str]] = {
    "adult": "yes",
    "red_flags": "none",
    "causes": ["fatigue", "dehydration"],
    "conditions": "none",
    "pregnancy": "no",
    "medicines": "none",
    "alcohol": "alc_low",
    "severe": "no",
    "country": "GB",
    "zone": "Europe/London",
    "time": "19:00",
    "frequency": "every",
    "stretching": "standing",
    "email": ADDRESS,
    "consent_health": "yes",
    "consent_mail": "yes",
    "consent_general": "yes",
}
#: A confirmation takes two seconds; this is for a machine that is very busy.
PATIENCE_SECONDS = 60
KIND = re.compile(r"<(\w+)\.")


class Disappointed(ServiceError):
    """The visitor did not get what the page promised."""


async def visit(
    base_url: str,
    catcher: Catcher,
    out: Path,
    *,
    tell: Callable[[str], None],
    patience_seconds: float = PATIENCE_SECONDS,
) -> None:
    """Go the whole way; each mail is left in the folder as NN-kind.eml.

    Raises Disappointed where the way ended.
    """
    post = _Post(catcher, out, patience_seconds)
    async with httpx.AsyncClient(base_url=base_url, timeout=patience_seconds) as client:
        try:
            tell("Signing up on the form ...")
            await _submit(client, "/", "/signup", ANSWERS)
            tell("Waiting for the confirmation mail ...")
            confirmation = await post.mail(1)
            tell("Confirming from the mailed link ...")
            link = _link(confirmation, f"{base_url}/confirm")
            await _submit(client, link, "/confirm", {})
            tell("Moving the clock to the next evening ...")
            await _submit(client, "/inbox", "/inbox/next-evening", {})
            tell("Waiting for the reminder ...")
            reminder = await post.mail(2)
            _link(reminder, f"{base_url}/unsubscribe")
        except httpx.HTTPError as error:
            raise Disappointed(f"the site does not answer ({error})") from error
    tell(f"The reminder arrived. Both mails are in {out}")


async def _submit(
    client: httpx.AsyncClient,
    page: str,
    action: str,
    answers: Mapping[str, Sequence[str]],
) -> None:
    """Open a page, fill in its form for `action`, send it."""
    shown = _good(await client.get(page))
    form = _Forms.on(shown.text).get(action)
    if form is None:
        raise Disappointed(f"there is no form for {action} on {shown.url.path}")
    target = urljoin(str(shown.url), action)
    _good(await client.post(target, data={**form, **answers}, follow_redirects=True))


def _good(response: httpx.Response) -> httpx.Response:
    if not response.is_success:
        raise Disappointed(f"{response.url.path} answered {response.status_code}")
    return response


@dataclass(frozen=True, slots=True)
class _Post:
    """The visitor's mail: what the catcher holds, copied into a folder."""

    catcher: Catcher
    out: Path
    patience_seconds: float

    async def mail(self, number: int) -> EmailMessage:
        """The mail with this number, once it has come."""
        try:
            await self.catcher.wait_for(number, self.patience_seconds)
        except TimeoutError:
            raise Disappointed(f"mail {number} did not come") from None
        caught: CaughtMail = self.catcher.mails[number - 1]
        mail = message_from_bytes(caught.data, policy=policy.default)
        kind = KIND.match(mail["Message-ID"] or "")
        name = kind[1] if kind else "mail"
        (self.out / f"{number:02}-{name}.eml").write_bytes(caught.data)
        if ADDRESS not in caught.recipients:
            raise Disappointed(f"mail {number} is for somebody else")
        return mail


def _link(mail: EmailMessage, page: str) -> str:
    """The link to this page in the text part of a mail."""
    body = mail.get_body(("plain",))
    text = "" if body is None else body.get_content()
    found = re.search(re.escape(page) + r"\?token=\S+", text)
    if found is None:
        raise Disappointed(f"there is no link to {page} in the mail")
    return found[0]


class _Forms(HTMLParser):
    """The hidden fields of each POST form on a page, by the path it is sent to."""

    def __init__(self) -> None:
        super().__init__()
        self.forms: dict[str, dict[str, str]] = {}
        self._current: dict[str, str] = {}

    @classmethod
    def on(cls, html: str) -> dict[str, dict[str, str]]:
        parser = cls()
        parser.feed(html)
        return parser.forms

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._current = self.forms.setdefault(named.get("action", ""), {})
        if tag == "input" and named.get("type") == "hidden":
            self._current[named["name"]] = named.get("value", "")
