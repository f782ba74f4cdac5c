"""The web application: every page, behind the guard."""

from fastapi import APIRouter, FastAPI
from starlette.staticfiles import StaticFiles

from service.web import (
    access,
    care,
    errors,
    health,
    metrics,
    own_answers,
    preferences,
    questions,
    signup,
    sources,
    unsubscribe,
)
from service.web.guard import Guard
from service.web.operator import (
    account,
    audit,
    bounces,
    catalogue,
    deliverability,
    operators,
    people,
    preview,
    provider,
    refusals,
    sign_in,
    tonight,
)
from service.web.operator.access import Access
from service.web.origin import SameOrigin
from service.web.prefix import Prefix, checked
from service.web.site import Site
from service.web.traffic import Traffic

__all__ = ["Site", "create_app"]

#: The pages for everybody, and those that a link in a mail opens.
PUBLIC = (
    signup,
    preferences,
    access,
    own_answers,
    questions,
    unsubscribe,
    care,
    sources,
    metrics,
)
#: The pages behind the sign-in, and the sign-in itself.
CONSOLE = (
    sign_in,
    provider,
    account,
    tonight,
    bounces,
    refusals,
    deliverability,
    people,
    catalogue,
    preview,
    audit,
    operators,
)


def create_app(site: Site, *more: APIRouter) -> FastAPI:
    """The pages of `site`, and those of `more` (the demo's inbox)."""
    app = FastAPI(
        openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False
    )
    for pages in PUBLIC:
        app.include_router(pages.routes(site))
    app.include_router(health.routes(site.store.trouble))
    console = Access(site=site)
    for pages in CONSOLE:
        app.include_router(pages.routes(console))
    for router in more:
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=site.static))
    errors.install(app, site)
    app.add_middleware(SameOrigin, site=site)
    # Its headers stand on error pages too, and all that is answered is counted.
    app.add_middleware(Guard, base_url=site.base_url)
    app.add_middleware(Traffic, figures=site.figures)
    app.add_middleware(Prefix, prefix=checked(site.prefix))
    return app
