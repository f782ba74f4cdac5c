"""The care page: which signs need help, how soon, and whom to call in a country."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.web.options import options
from service.web.signs import Urgency
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/care`, for anyone; `?country=GB` names the numbers of that country."""
    router = APIRouter()

    async def care(request: Request) -> Response:
        country = request.query_params.get("country", "")
        return care_page(site, country, tuple(Urgency), is_answer=False)

    router.add_route("/care", care, methods=["GET"])
    return router


def care_page(
    site: Site, country: str, urgencies: tuple[Urgency, ...], *, is_answer: bool
) -> Response:
    """What to do now. `is_answer`: instead of what the person had asked for."""
    lists = options(site.library, now=site.clock.now())
    context = {
        "country": site.library.country(country),
        "countries": lists.countries,
        "urgencies": urgencies,
        "is_answer": is_answer,
    }
    return site.page("care.html", context)
