"""The audit log, for admins: newest first, everybody's or one operator's."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.operators import May, Operator
from service.flows import audit
from service.web.operator.access import Access

PATH = "/operator/audit"


def routes(access: Access) -> APIRouter:
    """`/operator/audit`, narrowed down by its query."""
    router = APIRouter()

    async def show(request: Request, operator: Operator) -> Response:
        chosen = request.query_params.get("operator", "")
        before = _number(request.query_params.get("before", ""))
        page = await audit.page(access.site.store, operator=chosen, before=before)
        context = {"page": page, "chosen": chosen, "is_newest": before == audit.NEWEST}
        return access.page(request, operator, "audit.html", context)

    access.get(router, PATH, show, may=May.SEE_AUDIT)
    return router


def _number(text: str) -> int:
    is_number = text.isascii() and text.isdigit()
    return min(int(text[:20]), audit.NEWEST) if is_number else audit.NEWEST
