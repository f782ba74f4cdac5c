"""How each mailbox provider takes our mail, and the workers that send it."""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.operators import May, Operator
from service.flows import deliverability
from service.flows.deliverability import Deliverability
from service.web.operator.access import Access
from service.web.operator.kept import Kept
from service.web.operator.words import reason

PAGE = "/operator/deliverability"


def routes(access: Access) -> APIRouter:
    """`/operator/deliverability`."""
    router = APIRouter()
    site = access.site

    async def count(_: str, now: datetime) -> Deliverability:
        return await deliverability.deliverability(site.store, now=now)

    figures = Kept(count, site.clock)

    async def show(request: Request, operator: Operator) -> Response:
        report = await figures.get("")
        context = {
            "report": report,
            "refusals": _refusals(report),
            "held": [(reason(one.reason), one.messages) for one in report.held],
        }
        return access.page(request, operator, "deliverability.html", context)

    access.get(router, PAGE, show, may=May.SEE_FIGURES)
    return router


def _refusals(report: Deliverability) -> list[tuple[str, str, int]]:
    """Each reason and provider, the costliest first."""
    found = [
        (reason(why), one.provider, messages)
        for one in report.together
        for why, messages in one.refused.items()
    ]
    return sorted(found, key=lambda row: -row[2])
