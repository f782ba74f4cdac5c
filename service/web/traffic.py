"""Counts every answer by the page it was for and how it went, and by nothing nearer."""

from time import perf_counter

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.web.figures import Figures


class Traffic:
    """Stands before an app and counts."""

    def __init__(self, app: ASGIApp, *, figures: Figures) -> None:
        """Stand before `app`."""
        self._app = app
        self._figures = figures

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, and count how it was answered."""
        begun = perf_counter()

        async def send_counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                seconds = perf_counter() - begun
                path, status = scope["path"], message["status"]
                self._figures.answered(path, status, seconds=seconds)
            await send(message)

        await self._app(scope, receive, send_counted)
