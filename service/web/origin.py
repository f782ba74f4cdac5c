"""Whether a form comes from one of our own pages (protection against CSRF).

`Sec-Fetch-Site` says so where it is sent (over https and on localhost, by every browser
since 2023), else `Origin`. Neither can be set by another site's page.
"""

from urllib.parse import urlsplit

import structlog
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from service.web.site import Site

log = structlog.get_logger()

#: What mail programs and mail servers post. The console has a page of its own for this.
EXEMPT = ("/unsubscribe", "/bounces")
CONSOLE = "/operator"


def is_from_here(headers: Headers, *, base_url: str) -> bool:
    """Whether the browser says that one of our own pages sent this form."""
    fetched_from = headers.get("Sec-Fetch-Site")
    if fetched_from is not None:
        # "none": by the person, as when a page is loaded again.
        return fetched_from in {"same-origin", "none"}
    origin = urlsplit(headers.get("Origin", "")).netloc
    # A proxy may ask by another name than the visitor did.
    ours = {headers.get("Host", ""), urlsplit(base_url).netloc}
    return origin != "" and origin in ours


class SameOrigin:
    """Refuses what a page of another site posts to the public pages.

    What says nothing of where it comes from is no browser of these years, and is let in:
    it carries no cookie that anything here believes.
    """

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        """Stand before `app`."""
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, or answer it."""
        app = self._app
        if scope["type"] == "http" and scope["method"] == "POST":
            headers = Headers(scope=scope)
            if not _is_exempt(scope["path"]) and not self._may(headers):
                log.warning("a form of another site is refused", action="web")
                app = self._site.page("elsewhere.html", status=403)
        await app(scope, receive, send)

    def _may(self, headers: Headers) -> bool:
        is_silent = "Sec-Fetch-Site" not in headers and "Origin" not in headers
        return is_silent or is_from_here(headers, base_url=self._site.base_url)


def _is_exempt(path: str) -> bool:
    return path in EXEMPT or path == CONSOLE or path.startswith(f"{CONSOLE}/")
