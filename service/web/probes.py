"""What a worker answers to its operators' tools: is it alive, is it ready, how it does."""

from collections.abc import Callable

from fastapi import APIRouter, FastAPI
from prometheus_client import CONTENT_TYPE_LATEST
from starlette.requests import Request
from starlette.responses import Response

from service.web import health
from service.web.health import Trouble


def create_probes(trouble: Trouble, figures: Callable[[], bytes]) -> FastAPI:
    """`/health/live`, `/health/ready` and `/metrics` of a worker, and no other page."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.include_router(health.routes(trouble))
    app.include_router(_metrics(figures))
    return app


def _metrics(figures: Callable[[], bytes]) -> APIRouter:
    router = APIRouter()

    async def metrics(_: Request) -> Response:
        return Response(figures(), media_type=CONTENT_TYPE_LATEST)

    router.add_route("/metrics", metrics, methods=["GET"])
    return router
