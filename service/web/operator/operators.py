"""Who may sign in to the console: for admins.

Each act asks for the admin's own password: a browser left open makes nobody an admin.
"""

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import VisitorError
from service.domain.operators import May, Operator, Role
from service.flows import account, operators
from service.flows.operators import NoSuchOperator
from service.web import forms
from service.web.forms import Entered
from service.web.operator.access import Access

PATH = "/operator/operators"
ONE = PATH + "/{name}"
DONE = {
    "added": "They may sign in now.",
    "role": "The role is changed, from their next page on.",
    "password": "The password is changed, and they are signed out everywhere.",
    "factor": "They are signed out, and sign in without a code until they set one up again.",
    "sessions": "They are signed out everywhere.",
    "disable": "They are signed out, and cannot sign in any more.",
    "enable": "They may sign in again.",
}


def routes(access: Access) -> APIRouter:
    """`/operator/operators`, and a page for each of them."""
    router = APIRouter()
    desk = _Desk(access)
    access.get(router, PATH, desk.show_all, may=May.MANAGE_OPERATORS)
    access.post(router, PATH, desk.add, may=May.MANAGE_OPERATORS)
    access.get(router, ONE, desk.show, may=May.MANAGE_OPERATORS)
    access.post(router, ONE, desk.act, may=May.MANAGE_OPERATORS)
    return router


class _Desk:
    """The pages, and what their buttons do."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site

    async def show_all(self, request: Request, operator: Operator) -> Response:
        return await self._list(request, operator, forms.NOTHING_ENTERED, {})

    async def add(self, request: Request, operator: Operator) -> Response:
        form = await forms.entered(request)
        new = (form.one("name"), _role(form), _typed(form, "new_password"))
        site, now = self._site, self._site.clock.now()
        try:
            proof = self._access.proof(operator, form)
            await account.prove(site.store, proof, now=now)
            name = await operators.add(
                site.store, site.passwords, new, by=operator.name, now=now
            )
        except VisitorError as error:
            return await self._list(request, operator, form, error.problems)
        return self._site.to(f"{PATH}/{name}?done=added")

    async def show(self, request: Request, operator: Operator) -> Response:
        done = DONE.get(request.query_params.get("done", ""), "")
        return await self._one(request, operator, done=done)

    async def act(self, request: Request, operator: Operator) -> Response:
        form, name = await forms.entered(request), request.path_params["name"]
        wanted, now = form.one("act"), self._site.clock.now()
        try:
            proof = self._access.proof(operator, form)
            await account.prove(self._site.store, proof, now=now)
            await self._do(wanted, name, form, by=operator.name)
        except NoSuchOperator:
            raise HTTPException(404) from None
        except VisitorError as error:
            return await self._one(
                request, operator, act=wanted, problems=error.problems
            )
        return self._site.to(f"{PATH}/{name}?done={wanted}")

    async def _do(self, wanted: str, name: str, form: Entered, *, by: str) -> None:
        store, now = self._site.store, self._site.clock.now()
        match wanted:
            case "role":
                await operators.set_role(store, name, _role(form), by=by, now=now)
            case "password":
                new, passwords = _typed(form, "new_password"), self._site.passwords
                await operators.set_password(
                    store, passwords, name, new, by=by, now=now
                )
            case "factor":
                await operators.reset_second_factor(store, name, by=by, now=now)
            case "sessions":
                await operators.end_sessions(store, name, by=by, now=now)
            case "disable":
                await operators.disable(store, name, by=by, now=now)
            case "enable":
                await operators.enable(store, name, by=by, now=now)
            case _:
                raise HTTPException(400)

    async def _list(
        self,
        request: Request,
        operator: Operator,
        form: Entered,
        problems: dict[str, str],
    ) -> Response:
        context = {
            "accounts": await operators.everybody(self._site.store),
            "form": form,
            "problems": problems,
        }
        status = 422 if problems else 200
        return self._access.page(request, operator, "operators.html", context, status)

    async def _one(
        self,
        request: Request,
        operator: Operator,
        *,
        done: str = "",
        act: str = "",
        problems: dict[str, str] | None = None,
    ) -> Response:
        name = request.path_params["name"]
        found = [
            a for a in await operators.everybody(self._site.store) if a.name == name
        ]
        if not found:
            raise HTTPException(404)
        context = {
            "account": found[0],
            "done": done,
            "act": act,
            "problems": problems or {},
        }
        status = 422 if problems else 200
        return self._access.page(
            request, operator, "one_operator.html", context, status
        )


def _role(form: Entered) -> Role:
    """The role that was chosen; whatever is none is the least."""
    chosen = form.one("role")
    return Role(chosen) if chosen in set(Role) else Role.VIEWER


def _typed(form: Entered, name: str) -> str:
    """A password as it was typed, spaces at its ends included."""
    return next(iter(form.many(name)), "")
