"""Whether the web role is alive, and whether it can serve: for load balancers."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.domain.errors import ServiceError
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/health/live` and `/health/ready`."""
    router = APIRouter()

    async def live(_: Request) -> Response:
        return PlainTextResponse("alive\n")

    async def ready(_: Request) -> Response:
        try:
            await site.store.check()
        except ServiceError:
            return PlainTextResponse("the database does not answer\n", 503)
        return PlainTextResponse("ready\n")

    router.add_route("/health/live", live, methods=["GET"])
    router.add_route("/health/ready", ready, methods=["GET"])
    return router
