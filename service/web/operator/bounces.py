"""What was not sent, who is on the suppression list, and mail that came back unused."""

from datetime import datetime

from fastapi import APIRouter
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import VisitorError
from service.domain.operators import May, Operator
from service.flows import refusals, silence
from service.flows.refusals import Reached
from service.flows.silence import Silence
from service.store.suppression import Entry
from service.web import forms
from service.web.operator.access import Access
from service.web.operator.kept import Kept
from service.web.operator.words import LASTS, STATES, SUPPRESSED, ended, reason

PAGE, KEPT = "/operator/bounces", "/operator/bounces/kept"


def routes(access: Access) -> APIRouter:
    """`/operator/bounces`, and what was kept of what came back."""
    router = APIRouter()
    desk = _Desk(access)
    access.get(router, PAGE, desk.show, may=May.SEE_FIGURES)
    access.post(router, PAGE, desk.look_up, may=May.FIND_PEOPLE)
    access.post(router, f"{KEPT}/read", desk.read, may=May.SEE_ANSWERS)
    access.post(router, f"{KEPT}/forget", desk.forget, may=May.SEE_ANSWERS)
    return router


class _Desk:
    """The page, the question it takes, and what can be done with a kept message."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._figures = Kept(self._count, access.site.clock)
        self._reached = Kept(self._reach, access.site.clock)

    async def show(self, request: Request, operator: Operator) -> Response:
        return await self._page(request, operator)

    async def look_up(self, request: Request, operator: Operator) -> Response:
        form, now = await forms.entered(request), self._site.clock.now()
        typed = form.one("email")
        try:
            address = forms.address(form)
        except VisitorError as error:
            problem = error.problems["email"]
            return await self._page(request, operator, typed=typed, problem=problem)
        entry = await silence.look_up(
            self._site.store, address, by=operator.name, now=now
        )
        return await self._page(request, operator, typed=typed, answer=_answer(entry))

    async def read(self, request: Request, operator: Operator) -> Response:
        form, now = await forms.entered(request), self._site.clock.now()
        digest = _digest(form.one("digest"))
        message = await silence.read(
            self._site.store, digest, by=operator.name, now=now
        )
        if message is None:
            raise HTTPException(404)
        text = message.raw.decode("utf-8", "replace")
        context = {"message": message, "text": text}
        return self._access.page(request, operator, "kept.html", context)

    async def forget(self, request: Request, operator: Operator) -> Response:
        form, now = await forms.entered(request), self._site.clock.now()
        digest = _digest(form.one("digest"))
        await silence.forget(self._site.store, digest, by=operator.name, now=now)
        return self._site.to(f"{PAGE}#kept")

    async def _count(self, _: str, now: datetime) -> Silence:
        return await silence.silence(self._site.store, now=now)

    async def _reach(self, _: str, now: datetime) -> Reached:
        return await refusals.standing(self._site.store, now=now)

    async def _page(
        self, request: Request, operator: Operator, **asked: str
    ) -> Response:
        counted = await self._figures.get("")
        reached = await self._reached.get("")
        context = {
            "silence": counted,
            "not_sent": _not_sent(counted),
            "suppressed": _suppressed(counted),
            "ended": ended(reached.ends),
            "held": reached.held,
            "may_undo": operator.may(May.CHANGE_PEOPLE),
            "undone": request.query_params.get("undone", ""),
            "kept": await silence.kept(self._site.store),
            "may_find": operator.may(May.FIND_PEOPLE),
            "may_open": operator.may(May.SEE_ANSWERS),
            "typed": "",
            "problem": "",
            "answer": "",
            **asked,
        }
        status = 422 if asked.get("problem") else 200
        return self._access.page(request, operator, "bounces.html", context, status)


def _not_sent(counted: Silence) -> list[tuple[str, str, int]]:
    rows = sorted(counted.not_sent, key=lambda row: -row.messages)
    return [(STATES[row.state], reason(row.reason), row.messages) for row in rows]


def _suppressed(counted: Silence) -> list[dict[str, object]]:
    return [
        {"words": SUPPRESSED[one.reason], "lasts": LASTS[one.reason], "counts": one}
        for one in counted.suppressed
    ]


def _answer(entry: Entry | None) -> str:
    if entry is None:
        return "It is not on the list."
    return (
        f"It is on the list: it {SUPPRESSED[entry.reason]}, "
        f"{entry.since:%d %b %Y, %H:%M} UTC. That lasts {LASTS[entry.reason]}."
    )


def _digest(typed: str) -> bytes:
    try:
        return bytes.fromhex(typed)
    except ValueError:
        raise HTTPException(400) from None
