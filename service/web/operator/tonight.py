"""Tonight: the first page of the console, and the switch that pauses all mail."""

from datetime import date, datetime

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.domain.hours import LATE_AFTER, Night
from service.domain.operators import May, Operator
from service.flows import deployment, limits, tonight
from service.flows.tonight import Evening
from service.web.operator.access import Access
from service.web.operator.chart import chart
from service.web.operator.kept import Kept
from service.web.operator.words import STATES, reason
from service.web.site import Site

HOME, PAUSE, RESUME = "/operator", "/operator/pause", "/operator/resume"


def routes(access: Access) -> APIRouter:
    """`/operator`, and the switch: `/operator/pause` and `/operator/resume`."""
    router, site = APIRouter(), access.site

    async def count(night: date | None, now: datetime) -> Evening:
        return await tonight.evening(site.store, night, now=now)

    evenings = Kept(count, site.clock)

    async def show(request: Request, operator: Operator) -> Response:
        evening = await evenings.get(_night(request, today=site.clock.now().date()))
        standing = await deployment.standing(site.store)
        context = {
            "evening": evening,
            "concern": tonight.concern(evening, standing),
            "chart": chart(evening.night),
            "why": _why(evening.night),
            "late_minutes": LATE_AFTER.seconds // 60,
            **await _strangers(site),
            "may_switch": operator.may(May.PAUSE_ALL),
        }
        return access.page(request, operator, "tonight.html", context)

    async def ask(request: Request, operator: Operator) -> Response:
        context = {"standing": await deployment.standing(site.store)}
        return access.page(request, operator, "pause.html", context)

    async def pause(_: Request, operator: Operator) -> Response:
        await deployment.pause(site.store, by=operator.name, now=site.clock.now())
        return site.to(HOME)

    async def resume(_: Request, operator: Operator) -> Response:
        await deployment.resume(site.store, by=operator.name, now=site.clock.now())
        return site.to(HOME)

    access.get(router, HOME, show, may=May.SEE_FIGURES)
    access.get(router, PAUSE, ask, may=May.PAUSE_ALL)
    access.post(router, PAUSE, pause, may=May.PAUSE_ALL)
    access.post(router, RESUME, resume, may=May.PAUSE_ALL)
    return router


def _night(request: Request, *, today: date) -> date | None:
    """The night that is asked for, None for tonight; of those that there may be."""
    asked = request.query_params.get("night", "")
    if not asked:
        return None
    offered = {night.isoformat(): night for night in tonight.offered(today)}
    if asked not in offered:
        raise HTTPException(404)
    return offered[asked]


async def _strangers(site: Site) -> dict[str, object]:
    pressure = await limits.pressure(site.store, now=site.clock.now())
    return {
        "pressure": pressure,
        "is_proxy_unknown": site.is_public and pressure.is_proxy_unknown,
    }


def _why(night: Night) -> list[tuple[str, str, int]]:
    return [
        (STATES[state], reason(why), messages)
        for (state, why), messages in night.why.items()
    ]
