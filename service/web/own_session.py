"""The cookie of a subscriber's session: who may see and change their own answers."""

from starlette.requests import Request
from starlette.responses import Response

from service.domain.access import SESSION
from service.web import cookies
from service.web.site import Site

NAME = "eventide-page"


def session_of(site: Site, request: Request) -> str:
    """What the browser shows of its session, "" for nothing."""
    return cookies.kept(site, request, NAME)


def keep_session(site: Site, answer: Response, session: str) -> None:
    """Let the browser keep a session; "" ends it there."""
    seconds = int(SESSION.total_seconds()) if session else 0
    cookies.keep(site, answer, NAME, session, seconds=seconds)
