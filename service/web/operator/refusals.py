"""Whom refusals ended and how that is undone; who has not been reached for a while."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.operators import May, Operator
from service.domain.provider import Provider
from service.flows import refusals
from service.flows.refusals import Missed
from service.web import forms
from service.web.forms import Entered
from service.web.operator.access import Access
from service.web.operator.words import VERDICTS, ended

UNDO, MISSED = "/operator/bounces/undo", "/operator/bounces/missed"
#: Where an undo is told that was done.
DONE = "/operator/bounces?undone"
#: What a `datetime-local` field sends; it is meant as UTC.
MINUTE = "%Y-%m-%dT%H:%M"
SPAN = "Give both as a day and a time, UTC."
A_DAY, A_MINUTE = timedelta(days=1), timedelta(minutes=1)


def routes(access: Access) -> APIRouter:
    """`/operator/bounces/undo`, and `/operator/bounces/missed`."""
    router = APIRouter()
    board = _Board(access)
    access.get(router, UNDO, board.ask, may=May.CHANGE_PEOPLE)
    access.post(router, UNDO, board.undo, may=May.CHANGE_PEOPLE)
    access.get(router, MISSED, board.missed, may=May.FIND_PEOPLE)
    access.post(router, MISSED, board.read, may=May.SEE_ANSWERS)
    return router


class _Board:
    """The pages, and what is done there."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site

    async def ask(self, request: Request, operator: Operator) -> Response:
        """The span of the last day, to begin with."""
        return self._page(request, operator, _last_day(self._site.clock.now()))

    async def undo(self, request: Request, operator: Operator) -> Response:
        """First who it would be; on the second press they are brought back."""
        form, now = await forms.entered(request), self._site.clock.now()
        since, until = _instant(form, "since"), _instant(form, "until")
        at = form.one("provider")
        if since is None or until is None or at not in {"", *Provider}:
            context = {**_last_day(now), "problem": SPAN}
            return self._page(request, operator, context, 422)
        store = self._site.store
        if form.one("sure"):
            done = await refusals.undo(
                store, since=since, until=until, at=at, by=operator.name, now=now
            )
            return self._site.to(f"{DONE}={done.people}")
        ahead = await refusals.undoable(store, since=since, until=until, at=at, now=now)
        found = {"people": ahead.people, "ends": ended(ahead.ends)}
        context = {"since": since, "until": until, "at": at, "found": found}
        return self._page(request, operator, context)

    async def missed(self, request: Request, operator: Operator) -> Response:
        """Who was not reached, by number."""
        found = await refusals.missed(self._site.store, now=self._site.clock.now())
        return self._missed(request, operator, found, {})

    async def read(self, request: Request, operator: Operator) -> Response:
        """The same with the last words of their providers; it is noted."""
        found, words = await refusals.last_words(
            self._site.store, by=operator.name, now=self._site.clock.now()
        )
        return self._missed(request, operator, found, words)

    def _missed(
        self,
        request: Request,
        operator: Operator,
        found: tuple[Missed, ...],
        words: Mapping[int, str],
    ) -> Response:
        rows = [
            {
                "number": one.subscriber_id,
                "sends": len(one.sends),
                "since": one.since,
                "verdict": VERDICTS[one.verdict],
                "words": words.get(one.subscriber_id, ""),
            }
            for one in found
        ]
        may_read = operator.may(May.SEE_ANSWERS)
        context = {"rows": rows, "is_open": bool(words), "may_read": may_read}
        return self._access.page(request, operator, "missed.html", context)

    def _page(
        self,
        request: Request,
        operator: Operator,
        context: Mapping[str, object],
        status: int = 200,
    ) -> Response:
        plain = {"at": "", "found": None, "problem": "", "providers": list(Provider)}
        shown = {**plain, **context}
        return self._access.page(request, operator, "undo.html", shown, status)


def _last_day(now: datetime) -> Mapping[str, object]:
    """Up to this minute, and with it: the fields have no seconds."""
    return {"since": now - A_DAY, "until": now + A_MINUTE}


def _instant(form: Entered, name: str) -> datetime | None:
    try:
        return datetime.strptime(form.one(name), MINUTE).replace(tzinfo=UTC)
    except ValueError:
        return None
