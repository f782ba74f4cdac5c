"""Signing in to the console, and out."""

from datetime import timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.throttle import WINDOW, Browsers, Throttle, network_of
from service.flows import sign_in
from service.flows.sign_in import Attempt, No, SignedIn
from service.web import forms
from service.web.operator.access import (
    HOME,
    LOGIN,
    Access,
    login_page,
    safe_next,
)

#: How long whoever is refused should wait before they try again.
WAITS = {
    No.WRONG: timedelta(0),
    No.TOO_OFTEN: WINDOW,
    No.CROWDED: timedelta(minutes=1),
}


def routes(access: Access) -> APIRouter:
    """`/operator/login` and `/operator/logout`."""
    router = APIRouter()
    desk = _Desk(access)
    router.add_route(LOGIN, desk.show, methods=["GET"])
    router.add_route(LOGIN, desk.sign_in, methods=["POST"])
    router.add_route("/operator/logout", desk.sign_out, methods=["POST"])
    return router


class _Desk:
    """The pages, and how often somebody tried."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._browsers = Browsers(keys=access.site.links.keys)
        self._throttle = Throttle()

    async def show(self, request: Request) -> Response:
        following = safe_next(request.query_params.get("next", ""))
        if await self._access.operator(request):
            return self._site.to(following)
        return login_page(self._site, following)

    async def sign_in(self, request: Request) -> Response:
        form = await forms.entered(request)
        following = safe_next(form.one("next"))
        if not self._access.is_from_here(request):
            return login_page(self._site, following, problem="elsewhere", status=403)
        name = form.one("name").lower()
        mark = self._access.mark(request)
        attempt = Attempt(
            name=name,
            password=next(iter(form.many("password")), ""),
            code=form.one("code"),
            network=network_of(request.client.host if request.client else ""),
            is_known=self._browsers.is_known(mark, name=name),
            token=self._access.token(request),
        )
        site = self._site
        match await sign_in.sign_in(
            site.store, site.passwords, self._throttle, attempt, now=site.clock.now()
        ):
            case SignedIn(name=name, token=token):
                site.figures.signed_in("taken")
                mark = self._browsers.mark(name)
                return self._access.to_page(following, token=token, mark=mark)
            case why:
                site.figures.signed_in(why)
                return self._refused(why, following, name)

    async def sign_out(self, request: Request) -> Response:
        if not self._access.is_from_here(request):
            # Not even the cookie is taken away by another site.
            return self._site.to(HOME)
        token, now = self._access.token(request), self._site.clock.now()
        await sign_in.sign_out(self._site.store, token, now=now)
        return self._access.to_login()

    def _refused(self, why: No, following: str, name: str) -> Response:
        wait = WAITS[why]
        answer = login_page(
            self._site, following, name=name, problem=why, status=429 if wait else 403
        )
        if wait:
            answer.headers["Retry-After"] = str(int(wait.total_seconds()))
        return answer
