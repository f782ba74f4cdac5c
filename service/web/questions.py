"""The one question that a link from a reminder can answer."""

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.errors import VisitorError
from service.domain.tokens import BadLink
from service.flows import questions
from service.web import forms
from service.web.forms import NOTHING_ENTERED, PREFER_NOT, Entered
from service.web.pages import bad_link
from service.web.site import Site

#: What the answers of the page mean.
SAID = {**forms.YES_NO, PREFER_NOT: None}


def routes(site: Site) -> APIRouter:
    """`/manage/question`. To look at the page changes nothing."""
    router = APIRouter()

    async def question(request: Request) -> Response:
        token = request.query_params.get("token", "")
        return await _show(site, token, NOTHING_ENTERED, {})

    async def answer(request: Request) -> Response:
        return await _answer(site, await forms.entered(request))

    router.add_route("/manage/question", question, methods=["GET"])
    router.add_route("/manage/question", answer, methods=["POST"])
    return router


async def _answer(site: Site, form: Entered) -> Response:
    token, said = form.one("token"), form.one("answer")
    if said not in SAID:
        return await _show(site, token, form, {"answer": forms.CHOOSE_ONE})
    questionnaire, now = site.library.catalogue.questionnaire, site.clock.now()
    try:
        is_new = await questions.answer(
            site.store, site.links, questionnaire, token, SAID[said], now=now
        )
    except BadLink:
        return bad_link(site)
    except VisitorError as error:
        return await _show(site, token, form, error.problems)
    return site.page("question_done.html", {"done": "answered" if is_new else "before"})


async def _show(
    site: Site, token: str, form: Entered, problems: dict[str, str]
) -> Response:
    questionnaire, now = site.library.catalogue.questionnaire, site.clock.now()
    try:
        tag = await questions.show(
            site.store, site.links, questionnaire, token, now=now
        )
    except BadLink:
        return bad_link(site)
    if tag is None:
        return site.page("question_done.html", {"done": "before"})
    context = {
        "question": site.library.questions.answers[tag].alone,
        "token": token,
        "form": form,
        "problems": problems,
    }
    return site.page("question.html", context, 422 if problems else 200)
