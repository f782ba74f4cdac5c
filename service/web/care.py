"""The care page: which signs need help, how soon, and whom to call in a country."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.web.pages import care_page
from service.web.signs import Urgency
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/care`, for anyone; `?country=GB` names the numbers of that country."""
    router = APIRouter()

    async def care(request: Request) -> Response:
        country = request.query_params.get("country", "")
        return care_page(site, country, tuple(Urgency), answers="")

    router.add_route("/care", care, methods=["GET"])
    return router
