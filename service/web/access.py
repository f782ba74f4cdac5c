"""Fresh links and the undo of a change: to look at either page changes nothing."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.tokens import BadLink
from service.flows import access
from service.web import forms
from service.web.own_session import keep_session
from service.web.pages import bad_link
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/manage/open` and `/manage/undo`."""
    router = APIRouter()

    async def opening(request: Request) -> Response:
        return await _opening(site, request.query_params.get("token", ""))

    async def press(request: Request) -> Response:
        return await _press(site, (await forms.entered(request)).one("token"))

    async def undoing(request: Request) -> Response:
        return await _undoing(site, request.query_params.get("token", ""))

    async def undo(request: Request) -> Response:
        return await _undo(site, (await forms.entered(request)).one("token"))

    router.add_route("/manage/open", opening, methods=["GET"])
    router.add_route("/manage/open", press, methods=["POST"])
    router.add_route("/manage/undo", undoing, methods=["GET"])
    router.add_route("/manage/undo", undo, methods=["POST"])
    return router


async def _opening(site: Site, token: str) -> Response:
    try:
        await access.check(site.store, site.links, token, now=site.clock.now())
    except BadLink:
        return bad_link(site)
    return site.page("open.html", {"token": token})


async def _press(site: Site, token: str) -> Response:
    now = site.clock.now()
    try:
        session = await access.press(site.store, site.links, token, now=now)
    except BadLink:
        return bad_link(site)
    answer = site.to("/manage/answers")
    keep_session(site, answer, session)
    return answer


async def _undoing(site: Site, token: str) -> Response:
    now = site.clock.now()
    try:
        is_new = await access.is_undoable(site.store, site.links, token, now=now)
    except BadLink:
        return bad_link(site)
    return site.page("undo.html" if is_new else "undone.html", {"token": token})


async def _undo(site: Site, token: str) -> Response:
    try:
        await access.undo(site.store, site.links, token, now=site.clock.now())
    except BadLink:
        return bad_link(site)
    return site.page("undone.html")
