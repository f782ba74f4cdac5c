"""Signing in by an identity provider's word: there, and back again."""

import os
from typing import TYPE_CHECKING

import structlog
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.domain.errors import TryLater
from service.domain.operators import NotVouched
from service.domain.throttle import Browsers, Throttle
from service.flows import sign_in
from service.flows.sign_in import SignedIn
from service.web import cookies
from service.web.operator.access import HOME, Access, login_page

if TYPE_CHECKING:
    from service.oidc import Provider

START = "/operator/login/provider"
CALLBACK = "/operator/login/callback"
SEED = "eventide-provider"
#: So long may somebody take to sign in there.
SECONDS = 10 * 60

log = structlog.get_logger()


def routes(access: Access) -> APIRouter:
    """`/operator/login/provider` and `/operator/login/callback`; none without one."""
    router = APIRouter()
    if access.site.provider is not None:
        desk = _Desk(access, access.site.provider)
        router.add_route(START, desk.start, methods=["GET"])
        router.add_route(CALLBACK, desk.come_back, methods=["GET"])
    return router


class _Desk:
    """The two visits of a browser."""

    def __init__(self, access: Access, provider: "Provider") -> None:
        self._access = access
        self._provider = provider
        self._browsers = Browsers(keys=access.site.links.keys)
        self._throttle = Throttle()

    async def start(self, request: Request) -> Response:
        # Another site must not begin a session that nobody asked for.
        if request.headers.get("Sec-Fetch-Site", "none") not in {"same-origin", "none"}:
            return login_page(self._access.site, HOME, problem="elsewhere", status=403)
        seed = os.urandom(32).hex()
        try:
            # The one redirect that leads out of our pages.
            answer = RedirectResponse(await self._provider.door(seed), 303)
        except (TryLater, NotVouched) as error:
            return self._refused(error)
        cookies.keep(self._access.site, answer, SEED, seed, seconds=SECONDS)
        return answer

    async def come_back(self, request: Request) -> Response:
        site = self._access.site
        seed, now = cookies.kept(site, request, SEED), site.clock.now()
        try:
            vouched = await self._provider.vouched(seed, request.query_params, now=now)
        except (TryLater, NotVouched) as error:
            return self._refused(error)
        token = self._access.token(request)
        result = await sign_in.sign_in_as(
            site.store, self._throttle, vouched, token=token, now=now
        )
        if not isinstance(result, SignedIn):
            site.figures.signed_in(result)
            return self._refused(NotVouched("no such operator"))
        site.figures.signed_in("taken")
        mark = self._browsers.mark(result.name)
        answer = self._access.to_page(HOME, token=result.token, mark=mark)
        cookies.keep(site, answer, SEED, "", seconds=0)
        return answer

    def _refused(self, error: TryLater | NotVouched) -> Response:
        log.warning("not vouched for", action="sign_in", why=str(error))
        is_away = isinstance(error, TryLater)
        problem = "provider away" if is_away else "provider"
        status = 503 if is_away else 403
        return login_page(self._access.site, HOME, problem=problem, status=status)
