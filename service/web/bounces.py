"""Bounces by HTTP: the mail server, or a provider, posts the raw message with a key."""

import hmac

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.domain.feedback import in_short
from service.flows.bounces import Desk
from service.web.figures import Figures

PATH = "/bounces"

log = structlog.get_logger()


def routes(desk: Desk, key: str, figures: Figures) -> APIRouter:
    """`/bounces`, for who sends `Authorization: Bearer KEY`; nothing without a key."""
    router = APIRouter()
    expected = f"Bearer {key}".encode()

    async def take(request: Request) -> Response:
        given = request.headers.get("Authorization", "").encode()
        if not hmac.compare_digest(given, expected):
            log.warning("wrong key for bounces", action="bounces")
            wanted = {"WWW-Authenticate": "Bearer"}
            return PlainTextResponse("wrong key\n", 401, wanted)
        figures.came_back(in_short(await desk.receive(await request.body())))
        return PlainTextResponse("taken\n")

    if key:
        router.add_route(PATH, take, methods=["POST"])
    return router
