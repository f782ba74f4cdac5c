"""An operator's own account: the password, and a second factor."""

from dataclasses import replace

import segno
from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain import second_factor
from service.domain.errors import VisitorError
from service.domain.operators import May, Operator
from service.flows import account
from service.web import forms
from service.web.forms import Entered
from service.web.operator.access import ENROL, Access

PATH = "/operator/account"
DONE = {
    "password": "Your password is changed. You are signed out everywhere else.",
    "sessions": "What you ended is signed out.",
    "factor": (
        "The second factor is set up. If you did not see your recovery codes, make "
        "new ones below."
    ),
    "removed": "Signing in takes your password alone again. You are signed out everywhere else.",
}


def routes(access: Access) -> APIRouter:
    """`/operator/account`, and a page to set the second factor up."""
    router = APIRouter()
    desk = _Desk(access)
    access.get(router, PATH, desk.show, may=May.HAVE_AN_ACCOUNT)
    access.post(router, PATH, desk.act, may=May.HAVE_AN_ACCOUNT)
    access.get(router, ENROL, desk.show_factor, may=May.ENROL)
    access.post(router, ENROL, desk.set_factor_up, may=May.ENROL)
    return router


class _Desk:
    """The pages, and the acts by the name of their button."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._acts = {
            "password": self._change_password,
            "codes": self._renew_codes,
            "remove": self._remove_factor,
            "sessions": self._end_sessions,
        }

    async def show(self, request: Request, operator: Operator) -> Response:
        done = DONE.get(request.query_params.get("done", ""), "")
        return await self._page(request, operator, done=done)

    async def act(self, request: Request, operator: Operator) -> Response:
        form = await forms.entered(request)
        name = form.one("act")
        try:
            if act := self._acts.get(name):
                return await act(request, operator, form)
        except VisitorError as error:
            return await self._page(
                request, operator, act=name, problems=error.problems
            )
        return self._site.to(PATH)

    async def show_factor(self, request: Request, operator: Operator) -> Response:
        return await self._factor_page(request, operator, {})

    async def set_factor_up(self, request: Request, operator: Operator) -> Response:
        form, now = await forms.entered(request), self._site.clock.now()
        store = self._site.store
        try:
            if form.one("act") == "begin":
                proof = self._access.proof(operator, form)
                await account.begin_second_factor(store, proof, now=now)
                return self._site.to(ENROL)
            codes = await account.confirm_second_factor(
                store,
                operator.name,
                form.one("code"),
                token=self._access.token(request),
                now=now,
            )
        except VisitorError as error:
            return await self._factor_page(request, operator, error.problems)
        if not codes:
            # A second press: the codes were in the answer to the first, which the
            # browser no longer shows.
            return await self._factor_page(request, operator, {})
        page = self._codes_page(request, replace(operator, is_proven=True), codes)
        return await self._access.renewed(request, page)

    async def _change_password(
        self, request: Request, operator: Operator, form: Entered
    ) -> Response:
        new = next(iter(form.many("new_password")), "")
        if new != next(iter(form.many("again")), ""):
            raise VisitorError({"again": "The two are not the same."})
        await account.change_password(
            self._site.store,
            self._access.proof(operator, form),
            new,
            token=self._access.token(request),
            now=self._site.clock.now(),
        )
        answer = self._site.to(f"{PATH}?done=password")
        return await self._access.renewed(request, answer)

    async def _renew_codes(
        self, request: Request, operator: Operator, form: Entered
    ) -> Response:
        proof, now = self._access.proof(operator, form), self._site.clock.now()
        codes = await account.renew_recovery_codes(self._site.store, proof, now=now)
        return self._codes_page(request, operator, codes)

    async def _remove_factor(
        self, request: Request, operator: Operator, form: Entered
    ) -> Response:
        await account.remove_second_factor(
            self._site.store,
            self._access.proof(operator, form),
            token=self._access.token(request),
            now=self._site.clock.now(),
        )
        answer = self._site.to(f"{PATH}?done=removed")
        return await self._access.renewed(request, answer)

    async def _end_sessions(
        self, request: Request, operator: Operator, form: Entered
    ) -> Response:
        await account.end_sessions(
            self._site.store,
            self._access.proof(operator, form),
            form.one("session"),
            token=self._access.token(request),
            now=self._site.clock.now(),
        )
        return self._site.to(f"{PATH}?done=sessions")

    async def _page(
        self,
        request: Request,
        operator: Operator,
        *,
        done: str = "",
        act: str = "",
        problems: dict[str, str] | None = None,
    ) -> Response:
        store, name, now = self._site.store, operator.name, self._site.clock.now()
        token = self._access.token(request)
        context = {
            "account": await account.own(store, name),
            "codes_left": await account.codes_left(store, name),
            "sessions": await account.sessions(store, name, token=token, now=now),
            "done": done,
            "act": act,
            "problems": problems or {},
        }
        status = 422 if problems else 200
        return self._access.page(request, operator, "account.html", context, status)

    async def _factor_page(
        self, request: Request, operator: Operator, problems: dict[str, str]
    ) -> Response:
        mine = await account.own(self._site.store, operator.name)
        if mine.has_second_factor:
            return self._site.to(f"{PATH}?done=factor")
        status = 422 if problems else 200
        secret = mine.second_factor
        if not secret:
            context = {"account": mine, "problems": problems}
            return self._access.page(
                request, operator, "factor_begin.html", context, status
            )
        place = self._site.base_url.partition("://")[2]
        link = second_factor.address(secret, name=operator.name, place=place)
        context = {
            # Drawn into the page: the picture is a secret, and has no address.
            "picture": segno.make(link).svg_inline(omitsize=True, border=2),
            "secret": " ".join(secret[i : i + 4] for i in range(0, len(secret), 4)),
            "problems": problems,
        }
        return self._access.page(request, operator, "factor.html", context, status)

    def _codes_page(
        self, request: Request, operator: Operator, codes: tuple[str, ...]
    ) -> Response:
        """The codes, once: the page cannot be had again."""
        if not codes:
            return self._site.to(PATH)
        return self._access.page(request, operator, "codes.html", {"codes": codes})
