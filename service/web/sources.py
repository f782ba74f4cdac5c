"""What the tips lean on, who has checked them, and what is kept about people."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/sources` and `/privacy`."""
    router = APIRouter()

    async def sources(_: Request) -> Response:
        known = tuple(site.library.sources_by_id.values())
        return site.page("sources.html", {"sources": known})

    async def privacy(_: Request) -> Response:
        return site.page("privacy.html")

    router.add_route("/sources", sources, methods=["GET"])
    router.add_route("/privacy", privacy, methods=["GET"])
    return router
