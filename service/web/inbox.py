"""The demo's inbox: every mail that was caught, and a button for the next evening."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from email import message_from_bytes
from email.policy import default
from typing import Protocol

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from service.web.guard import content_policy
from service.web.site import Site

#: The script looks for new mail; the mail itself stands in a frame.
INBOX_POLICY = content_policy(connect_src="'self'", frame_src="'self'")
#: A mail brings its own style and nothing else, and only our own page may frame it.
MAIL_POLICY = content_policy(
    style_src="'unsafe-inline'",
    script_src="'none'",
    form_action="'none'",
    frame_ancestors="'self'",
)
VIEWS = ("mail", "text", "headers")
MOVED = {True: "yes", False: "no"}


class CaughtMail(Protocol):
    """A mail as the catcher keeps it."""

    @property
    def number(self) -> int:
        """Its place in the order of arrival, from 1."""

    @property
    def recipients(self) -> Sequence[str]:
        """The addresses of its envelope."""

    @property
    def received_at(self) -> datetime:
        """When it came, by the demo's clock (UTC)."""

    @property
    def data(self) -> bytes:
        """The mail as it came over the wire."""


class Inbox(Protocol):
    """What the running demo gives: the caught mails, and a clock it can move."""

    def mails(self) -> Sequence[CaughtMail]:
        """The caught mails, oldest first."""

    def now(self) -> datetime:
        """The demo's time (UTC)."""

    def next_evening(self) -> Awaitable[datetime | None]:
        """Move the clock to the next reminder; None where nobody waits for one."""


class _Mail:
    """A caught mail, read."""

    def __init__(self, caught: CaughtMail) -> None:
        self.number = caught.number
        self.to = ", ".join(caught.recipients)
        self.received_at = f"{caught.received_at:%a %d %b, %H:%M}"
        self.raw = caught.data.decode("utf-8", "replace")
        self._message = message_from_bytes(caught.data, policy=default)
        self.subject = str(self._message["Subject"] or "(no subject)")
        self.sender = str(self._message["From"] or "")
        self.headers = [(name, str(text)) for name, text in self._message.items()]
        self.text = self._body("plain")

    @property
    def html(self) -> str:
        """The HTML part; its links open outside the frame."""
        body = self._body("html")
        return body.replace("<head>", '<head><base target="_top">', 1)

    def _body(self, kind: str) -> str:
        part = self._message.get_body((kind,))
        return "" if part is None else str(part.get_content())


def routes(inbox: Inbox, site: Site) -> APIRouter:
    """The pages under `/inbox`."""
    router = APIRouter()

    def page(name: str, context: dict[str, object]) -> Response:
        clock = f"{inbox.now():%A %d %B, %H:%M} UTC"
        answer = site.page(name, {"clock": clock, **context})
        answer.headers["Content-Security-Policy"] = INBOX_POLICY
        return answer

    async def listing(request: Request) -> Response:
        moved = request.query_params.get("moved", "")
        return page("inbox.html", {"mails": _newest_first(inbox), "moved": moved})

    async def mail(request: Request) -> Response:
        view = request.query_params.get("view", VIEWS[0])
        context = {"mail": _chosen(inbox, request), "view": view, "views": VIEWS}
        return page("inbox_mail.html", context)

    async def html(request: Request) -> Response:
        headers = {"Content-Security-Policy": MAIL_POLICY}
        return HTMLResponse(_chosen(inbox, request).html, headers=headers)

    async def next_evening(_: Request) -> Response:
        has_moved = await inbox.next_evening() is not None
        return site.to(f"/inbox?moved={MOVED[has_moved]}")

    router.add_route("/inbox", listing, methods=["GET"])
    router.add_route("/inbox/next-evening", next_evening, methods=["POST"])
    router.add_route("/inbox/{number:int}", mail, methods=["GET"])
    router.add_route("/inbox/{number:int}/html", html, methods=["GET"])
    return router


def _newest_first(inbox: Inbox) -> tuple[_Mail, ...]:
    return tuple(_Mail(caught) for caught in reversed(inbox.mails()))


def _chosen(inbox: Inbox, request: Request) -> _Mail:
    number = request.path_params["number"]
    for caught in inbox.mails():
        if caught.number == number:
            return _Mail(caught)
    raise HTTPException(404)
