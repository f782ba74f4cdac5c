"""Whether a role is alive, and whether it can do its work: for load balancers."""

from collections.abc import Awaitable, Callable

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

#: Why the role cannot do its work now, in a line; "" while it can.
Trouble = Callable[[], Awaitable[str]]


def routes(trouble: Trouble) -> APIRouter:
    """`/health/live` and `/health/ready`; not ready is 503, and says why."""
    router = APIRouter()

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def ready(_: Request) -> Response:
        if why := await trouble():
            return PlainTextResponse(f"{why}\n", 503)
        return PlainTextResponse("ready\n")

    router.add_route("/health/live", live, methods=["GET"])
    router.add_route("/health/ready", ready, methods=["GET"])
    return router
