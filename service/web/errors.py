"""When a page cannot be shown: kind words for the person, no personal data in the log."""

import traceback

import structlog
from fastapi import FastAPI
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.domain.errors import Misconfigured, TryLater
from service.web.site import Site

RETRY_SECONDS = "60"

log = structlog.get_logger()


def install(app: FastAPI, site: Site) -> None:
    """Every error of `app` becomes a page."""

    async def refused(_: Request, error: Exception) -> Response:
        status = error.status_code if isinstance(error, HTTPException) else 400
        return site.page("error.html", {"status": status}, status)

    async def try_later(_: Request, error: Exception) -> Response:
        log.warning("page put off", action="web", error=type(error).__name__)
        return later(site.page("error.html", {"status": 503}, 503))

    app.add_exception_handler(HTTPException, refused)
    app.add_exception_handler(TryLater, try_later)
    app.add_middleware(LastResort, site=site)


def later(response: Response) -> Response:
    """The same answer, telling programs when to ask again."""
    response.headers["Retry-After"] = RETRY_SECONDS
    return response


class LastResort:
    """Answers where a request failed by a fault of ours.

    The traceback is not logged: the text of an error may quote what a person typed.
    """

    def __init__(self, app: ASGIApp, *, site: Site) -> None:
        """Stand before `app`."""
        self._app = app
        self._site = site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        has_begun = False

        async def send_noted(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, send_noted)
        except ClientDisconnect:
            # Nobody is there to be answered, and nothing failed.
            return
        except Exception as error:  # noqa: BLE001 - the top of a request, as of a tick
            _log(error)
            if not has_begun:
                response = self._site.page("error.html", {"status": 500}, 500)
                await response(scope, receive, send)


def _log(error: Exception) -> None:
    place = traceback.extract_tb(error.__traceback__)[-1]
    log.error(
        "page failed",
        action="web",
        error=type(error).__name__,
        # Misconfigured speaks to the operator and quotes nobody.
        remedy=str(error) if isinstance(error, Misconfigured) else "",
        where=f"{place.filename}:{place.lineno}",
    )
