"""Leaving: a page with a button for people, one click for mail programs (RFC 8058)."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.domain.tokens import BadLink, Purpose
from service.flows import preferences
from service.web import forms
from service.web.figures import Step
from service.web.pages import bad_link
from service.web.site import Site

ONE_CLICK = ("List-Unsubscribe", "One-Click")


def routes(site: Site) -> APIRouter:
    """`/unsubscribe`."""
    router = APIRouter()

    async def leaving(request: Request) -> Response:
        token = request.query_params.get("token", "")
        try:
            site.links.subject(Purpose.UNSUBSCRIBE, token, now=site.clock.now())
        except BadLink:
            return bad_link(site)
        return site.page("unsubscribe.html", {"token": token})

    async def leave(request: Request) -> Response:
        form = await forms.entered(request)
        token = form.one("token") or request.query_params.get("token", "")
        is_one_click = form.has(*ONE_CLICK)
        try:
            await preferences.unsubscribe(
                site.store, site.links, token, now=site.clock.now()
            )
        except BadLink:
            if not is_one_click:
                return bad_link(site)
        else:
            left = Step.ONE_CLICK if is_one_click else Step.UNSUBSCRIBED
            site.figures.step(left)
        if is_one_click:
            # Whatever the token was: a mail program could do nothing about it.
            return PlainTextResponse("Unsubscribed.\n")
        return site.page("unsubscribed.html")

    router.add_route("/unsubscribe", leaving, methods=["GET"])
    router.add_route("/unsubscribe", leave, methods=["POST"])
    return router
