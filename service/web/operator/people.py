"""A person found by their address, and what can be done for them."""

import json

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import VisitorError
from service.domain.night import night_at
from service.domain.operators import May, Operator
from service.flows import people, privacy
from service.flows.people import Found, NoSuchPerson, NotPossible, Waiting
from service.flows.privacy import NothingKept
from service.store.suppression import Reason
from service.web import forms
from service.web.operator.access import Access, Handler
from service.web.operator.person import MAY_SUPPRESS, context_of, entry_in_words

PAGE = "/operator/people"
PERSON = PAGE + "/{number:int}"
#: PostgreSQL's largest bigint: no number of a person is larger.
LARGEST = 2**63 - 1
DONE = {
    "link": "Their link is on its way to them.",
    "link_before": "Nothing was sent: they were mailed their link today already.",
    "pause": "Their reminders are paused.",
    "resume": "Their reminders come back.",
    "suppress": "They get no more mail.",
    "erase": "They were erased.",
}


def routes(access: Access) -> APIRouter:
    """`/operator/people`, and a page for each person's number."""
    router = APIRouter()
    desk = _Desk(access)
    access.get(router, PAGE, desk.ask, may=May.FIND_PEOPLE)
    access.post(router, PAGE, desk.find, may=May.FIND_PEOPLE)
    access.get(router, f"{PAGE}/number", desk.go_to, may=May.FIND_PEOPLE)
    access.get(router, PERSON, desk.trying(desk.show), may=May.FIND_PEOPLE)
    asking = desk.trying(desk.ask_to_erase)
    access.get(router, f"{PERSON}/erase", asking, may=May.ERASE_PEOPLE)
    for act, (handler, may) in desk.acts.items():
        access.post(router, f"{PERSON}/{act}", desk.trying(handler), may=may)
    return router


class _Desk:
    """The pages, and the acts by the name of their button."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        #: Whoever may do what, by the end of its address.
        self.acts: dict[str, tuple[Handler, May]] = {
            "open": (self._open, May.SEE_ANSWERS),
            "link": (self._link, May.CHANGE_PEOPLE),
            "pause": (self._pause, May.CHANGE_PEOPLE),
            "resume": (self._resume, May.CHANGE_PEOPLE),
            "suppress": (self._suppress, May.CHANGE_PEOPLE),
            "export": (self._export, May.EXPORT_PEOPLE),
            "erase": (self._erase, May.ERASE_PEOPLE),
        }

    def trying(self, handler: Handler) -> Handler:
        """The same act; where the person is gone or has changed, the page says so."""

        async def tried(request: Request, operator: Operator) -> Response:
            try:
                return await handler(request, operator)
            except (NoSuchPerson, NothingKept):
                raise HTTPException(404) from None
            except NotPossible as error:
                problem = error.problems["act"]
                return await self._person(
                    request, operator, status=409, problem=problem
                )

        return tried

    async def ask(self, request: Request, operator: Operator) -> Response:
        done = DONE.get(request.query_params.get("done", ""), "")
        return self._search(request, operator, done=done)

    async def find(self, request: Request, operator: Operator) -> Response:
        form = await forms.entered(request)
        typed = form.one("email")
        try:
            address = forms.address(form)
        except VisitorError as error:
            problem = error.problems["email"]
            return self._search(request, operator, typed=typed, problem=problem)
        found = await people.find(
            self._site.store, address, by=operator.name, now=self._site.clock.now()
        )
        if found.subscriber and not found.waiting:
            return self._site.to(f"{PAGE}/{found.subscriber}")
        return self._search(request, operator, typed=typed, found=found)

    async def go_to(self, request: Request, operator: Operator) -> Response:
        typed = request.query_params.get("number", "").strip()
        if not (typed.isascii() and typed.isdigit()):
            problem = "A number has digits only."
            return self._search(request, operator, number_problem=problem)
        return self._site.to(f"{PAGE}/{typed}")

    async def show(self, request: Request, operator: Operator) -> Response:
        done = DONE.get(request.query_params.get("done", ""), "")
        return await self._person(request, operator, done=done)

    async def ask_to_erase(self, request: Request, operator: Operator) -> Response:
        number = _number(request)
        await self._look(number)
        return self._access.page(request, operator, "erase.html", {"number": number})

    async def _open(self, request: Request, operator: Operator) -> Response:
        number, now = _number(request), self._site.clock.now()
        opened = await people.open_up(
            self._site.store, number, by=operator.name, now=now
        )
        return await self._person(request, operator, opened=opened)

    async def _link(self, request: Request, operator: Operator) -> Response:
        number, now = _number(request), self._site.clock.now()
        is_new = await people.send_link(
            self._site.store, number, by=operator.name, now=now
        )
        return self._done(f"{PAGE}/{number}", "link" if is_new else "link_before")

    async def _pause(self, request: Request, operator: Operator) -> Response:
        form, number = await forms.entered(request), _number(request)
        now = self._site.clock.now()
        person = await self._look(number)
        try:
            until = forms.pause_until(
                form, today=night_at(person.evening.zone, now=now)
            )
        except VisitorError as error:
            problem = error.problems["until"]
            return await self._person(
                request, operator, status=422, until_problem=problem
            )
        await people.pause(self._site.store, number, until, by=operator.name, now=now)
        return self._done(f"{PAGE}/{number}", "pause")

    async def _resume(self, request: Request, operator: Operator) -> Response:
        number, now = _number(request), self._site.clock.now()
        await people.resume(self._site.store, number, by=operator.name, now=now)
        return self._done(f"{PAGE}/{number}", "resume")

    async def _suppress(self, request: Request, operator: Operator) -> Response:
        form, number = await forms.entered(request), _number(request)
        now = self._site.clock.now()
        reason = form.one("reason")
        if reason not in MAY_SUPPRESS:
            raise HTTPException(400)
        await people.suppress(
            self._site.store, number, Reason(reason), by=operator.name, now=now
        )
        return self._done(f"{PAGE}/{number}", "suppress")

    async def _export(self, request: Request, operator: Operator) -> Response:
        site, number = self._site, _number(request)
        told = await privacy.export(
            site.store, site.library, number, by=operator.name, now=site.clock.now()
        )
        name = f'attachment; filename="eventide-person-{number}.json"'
        return Response(
            json.dumps(told, indent=2, ensure_ascii=False) + "\n",
            media_type="application/json",
            headers={"Content-Disposition": name},
        )

    async def _erase(self, request: Request, operator: Operator) -> Response:
        number, now = _number(request), self._site.clock.now()
        await privacy.erase(self._site.store, number, by=operator.name, now=now)
        return self._done(PAGE, "erase")

    async def _look(self, number: int) -> people.Known | Waiting:
        now = self._site.clock.now()
        return await people.look(self._site.store, number, now=now)

    async def _person(
        self,
        request: Request,
        operator: Operator,
        *,
        status: int = 200,
        opened: people.Opened | None = None,
        **told: str,
    ) -> Response:
        person = await self._look(_number(request))
        context = {
            **context_of(person, opened, self._site.library),
            "may_open": operator.may(May.SEE_ANSWERS),
            "may_act": operator.may(May.CHANGE_PEOPLE),
            "may_export": operator.may(May.EXPORT_PEOPLE),
            "may_erase": operator.may(May.ERASE_PEOPLE),
            "done": "",
            "problem": "",
            "until_problem": "",
            **told,
        }
        return self._access.page(request, operator, "person.html", context, status)

    def _search(
        self,
        request: Request,
        operator: Operator,
        *,
        found: Found | None = None,
        **told: str,
    ) -> Response:
        empty = {"typed": "", "problem": "", "number_problem": "", "done": ""}
        context = {
            "found": found,
            "suppressed": found and entry_in_words(found.suppressed),
            **empty,
            **told,
        }
        is_wrong = bool(told.get("problem") or told.get("number_problem"))
        status = 422 if is_wrong else 200
        return self._access.page(request, operator, "people.html", context, status)

    def _done(self, page: str, act: str) -> Response:
        return self._site.to(f"{page}?done={act}")


def _number(request: Request) -> int:
    number = int(request.path_params["number"])
    if number > LARGEST:
        raise HTTPException(404)
    return number
