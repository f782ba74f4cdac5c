"""The mail that any invented profile would get on any night, and why."""

from collections.abc import Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.content.catalogue import Library
from service.domain.errors import VisitorError
from service.domain.operators import May, Operator
from service.domain.tonight import Role as Place
from service.flows import preview
from service.flows.preview import Look
from service.web import forms
from service.web.forms import Entered
from service.web.guard import content_policy
from service.web.operator.access import Access
from service.web.operator.words import ROLES
from service.web.options import options

PAGE = "/operator/preview"
#: The framed mail brings its own style, and the frame takes the page's policy over.
POLICY = content_policy(style_src="'self' 'unsafe-inline'")
#: As old as this, answers are fresh, old in pregnancy, and old for everybody.
AGES = {days: timedelta(days=int(days)) for days in ("0", "40", "100")}
#: Somebody with nothing to watch out for: a start that can be shown at once.
HEALTHY = {
    "causes": "not_sure",
    "conditions": "none",
    "pregnancy": "no",
    "pregnant_until": "",
    "medicines": "none",
    "alcohol": "alc_low",
    "severe": "no",
    "country": "GB",
    "stretching": "standing",
    "age": "0",
}


NOTHING_SHOWN: Mapping[str, object] = MappingProxyType({"look": None})
NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})


def routes(access: Access) -> APIRouter:
    """`/operator/preview`: a form, and beside it nothing that is kept."""
    router = APIRouter()
    desk = _Desk(access)
    access.get(router, PAGE, desk.ask, may=May.SEE_FIGURES)
    access.post(router, PAGE, desk.show, may=May.SEE_FIGURES)
    return router


class _Desk:
    """The form, and the mail of whoever is described in it."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._site = access.site
        self._library = access.site.library

    async def ask(self, request: Request, operator: Operator) -> Response:
        values = {name: (value,) for name, value in HEALTHY.items()}
        values["night"] = (self._site.clock.now().date().isoformat(),)
        values["language"] = (self._library.languages[0],)
        return self._page(request, operator, Entered(values=values))

    async def show(self, request: Request, operator: Operator) -> Response:
        form, library = await forms.entered(request), self._library
        try:
            night = _night(form)
            answered_on = night - AGES.get(form.one("age"), timedelta())
            answers = forms.profile(
                form, library.countries_by_code, answered_on=answered_on
            )
        except VisitorError as error:
            return self._page(request, operator, form, problems=error.problems)
        asked = form.one("language")
        language = asked if asked in library.languages else library.languages[0]
        look = preview.look(
            library, self._site.letters, answers, language=language, night=night
        )
        shown = _shown(library, look, night, language, answers.country)
        answer = self._page(request, operator, form, shown)
        answer.headers["Content-Security-Policy"] = POLICY
        return answer

    def _page(
        self,
        request: Request,
        operator: Operator,
        form: Entered,
        shown: Mapping[str, object] = NOTHING_SHOWN,
        problems: Mapping[str, str] = NO_PROBLEMS,
    ) -> Response:
        context = {
            "form": form,
            "problems": problems,
            "lists": options(self._library, now=self._site.clock.now()),
            "languages": self._library.languages,
            "ages": [
                (days, f"{days} days old" if age else "from that night")
                for days, age in AGES.items()
            ],
            **shown,
        }
        status = 422 if problems else 200
        return self._access.page(request, operator, "preview.html", context, status)


def _night(form: Entered) -> date:
    try:
        return date.fromisoformat(form.one("night"))
    except ValueError:
        raise VisitorError({"night": "Choose a day."}) from None


def _shown(
    library: Library, look: Look, night: date, language: str, country: str
) -> dict[str, object]:
    tips: Any = look.draft.choice["tips"]
    return {
        "look": look,
        "night": night,
        "asks": look.draft.choice["ask_answers"],
        "effects": look.effects,
        "refused": look.refused,
        "tips": [
            {
                **tip,
                "role": ROLES[tip["role"]],
                "is_drawn": tip["role"] is not Place.FIXED,
                "words": library.words(tip["id"], language=language, country=country),
            }
            for tip in tips
        ],
    }
