"""The cookie of a subscriber's session: who may see and change their own answers."""

from starlette.requests import Request
from starlette.responses import Response

from service.domain.access import SESSION
from service.web.site import Site

NAME = "eventide-page"


def session_of(site: Site, request: Request) -> str:
    """What the browser shows of its session, "" for nothing."""
    return request.cookies.get(_name(site), "")


def keep_session(site: Site, answer: Response, session: str) -> None:
    """Let the browser keep a session; "" ends it there."""
    answer.set_cookie(
        _name(site),
        session,
        max_age=int(SESSION.total_seconds()) if session else 0,
        secure=_is_https(site),
        httponly=True,
        # The page is come back to from a mail, which is another site.
        samesite="lax",
    )
    if not session:
        answer.headers["Clear-Site-Data"] = '"cache"'


def _name(site: Site) -> str:
    # Browsers take this prefix to mean: from this very host, and over TLS.
    return f"__Host-{NAME}" if _is_https(site) else NAME


def _is_https(site: Site) -> bool:
    return site.base_url.startswith("https://")
