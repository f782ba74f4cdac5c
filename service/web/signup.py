"""The first page with its form, and the link in the confirmation mail."""

from dataclasses import dataclass, replace

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.content.zones import evenings_in_words
from service.domain.choice import SEEK_CARE
from service.domain.claim import Proof
from service.domain.errors import TryLater, VisitorError
from service.domain.night import local
from service.domain.tokens import BadLink
from service.domain.zones import WhichClock
from service.flows import signup
from service.web import browser, errors, forms, limits
from service.web.answers import answers_in_words
from service.web.evenings import in_words
from service.web.figures import Step
from service.web.forms import YES, Entered
from service.web.options import options
from service.web.pages import bad_link, care_page, clock_page
from service.web.signs import urgencies
from service.web.site import Site

#: What everybody may be told (rule H27): nobody reading the page has answered yet.
SAMPLE = ("U4", "U11", "U5")


@dataclass(frozen=True, slots=True, kw_only=True)
class SampleTip:
    """A tip of the sample reminder, in words."""

    label: str
    words: str


def routes(site: Site) -> APIRouter:
    """`/`, `/signup` and `/confirm`."""
    router = APIRouter()

    async def home(_: Request) -> Response:
        site.figures.step(Step.SHOWN)
        return _form_page(site, forms.NOTHING_ENTERED)

    async def to_form(_: Request) -> Response:
        return RedirectResponse("/#form", 303)

    async def sign_up(request: Request) -> Response:
        return await _sign_up(site, request, await forms.entered(request))

    async def confirmation(request: Request) -> Response:
        token = request.query_params.get("token", "")
        shown = browser.proof(site, request, forms.NOTHING_ENTERED)
        try:
            return await _waiting(site, token, shown)
        except BadLink:
            site.figures.step(Step.LINK_BAD)
            return bad_link(site)

    async def confirm(request: Request) -> Response:
        form = await forms.entered(request)
        shown = browser.proof(site, request, form)
        act = _delete if form.one("action") == "delete" else _confirm
        try:
            return await act(site, form.one("token"), shown)
        except BadLink:
            site.figures.step(Step.LINK_BAD)
            return bad_link(site)

    router.add_route("/", home, methods=["GET"])
    router.add_route("/signup", to_form, methods=["GET"])
    router.add_route("/signup", sign_up, methods=["POST"])
    router.add_route("/confirm", confirmation, methods=["GET"])
    router.add_route("/confirm", confirm, methods=["POST"])
    return router


async def _sign_up(site: Site, request: Request, form: Entered) -> Response:
    step = site.figures.step
    signs = urgencies(form.many("red_flags"))
    if signs:
        step(Step.IN_NEED)
        country = form.one("country")
        return care_page(site, country, signs, answers="signup", form=form)
    if forms.is_under_age(form):
        step(Step.UNDER_AGE)
        return site.page("under_age.html")
    try:
        return await _take(site, request, form)
    except VisitorError as error:
        step(Step.INVALID)
        return _form_page(site, form, problems=error.problems, status=422)
    except TryLater:
        step(Step.PUT_OFF)
        return errors.later(_form_page(site, form, is_away=True, status=503))


async def _take(site: Site, request: Request, form: Entered) -> Response:
    """Take the form, show it again, or ask what only the person can say of their clock."""
    if form.has("back", YES):
        return _form_page(site, forms.before_the_clock(form), is_again=True)
    step, now = site.figures.step, site.clock.now()
    asked = forms.sign_up(form, site.library.countries_by_code, now=now)
    if isinstance(asked, WhichClock):
        step(Step.CLOCK_ASKED)
        return clock_page(site, form, asked, action="/signup")
    proof, secret = browser.new_proof(site, request)
    if form.one(forms.TRAP):
        step(Step.TRAPPED)
    else:
        zone = asked.evening.zone
        asked = replace(asked, proof=proof)
        answer = await limits.taken(site, request, form, asked, zone=zone)
        if answer is not None:
            return answer
        step(Step.ASKED)
    context = {"address": asked.address, "code": proof.code}
    page = site.page("check_inbox.html", context)
    browser.remember(site, page, secret)
    return page


async def _waiting(site: Site, token: str, shown: Proof) -> Response:
    now = site.clock.now()
    found = await signup.waiting(site.store, site.links, token, shown, now=now)
    site.figures.step(Step.LINK_OPENED)
    own = found.own
    context = {
        "token": token,
        "consents": found.consents,
        "habit": evenings_in_words(found.evening),
        "clock": f"{local(found.evening.zone, at=now):%H:%M}",
        "country": site.library.country(found.country).name,
        "claim": found.claim,
        "is_confirmed": found.is_confirmed,
        "may_be_deleted": found.may_be_deleted,
        "address": own.address if own else "",
        "answers": answers_in_words(own.answers, site.library) if own else (),
    }
    return site.page("confirm.html", context)


async def _confirm(site: Site, token: str, shown: Proof) -> Response:
    now = site.clock.now()
    welcome = await signup.confirm(site.store, site.links, token, shown, now=now)
    if not welcome.had_begun:
        site.figures.step(Step.CONFIRMED)
    first_at = welcome.first_at
    context = {
        "token": token,
        "first": in_words(first_at, welcome.evening, now=now) if first_at else "",
        "was_refused": welcome.was_refused,
        "claim": welcome.claim,
        "tries_left": welcome.tries_left,
        "had_begun": welcome.had_begun,
    }
    return site.page("welcome.html", context)


async def _delete(site: Site, token: str, shown: Proof) -> Response:
    now = site.clock.now()
    await signup.delete(site.store, site.links, token, shown, now=now)
    return site.page("signup_deleted.html")


def _form_page(
    site: Site,
    form: Entered,
    *,
    problems: dict[str, str] | None = None,
    is_away: bool = False,
    is_again: bool = False,
    status: int = 200,
) -> Response:
    context = {
        "form": form,
        "problems": problems or {},
        "is_away": is_away,
        "is_again": is_again or is_away or bool(problems),
        "lists": options(site.library, now=site.clock.now()),
        "sample": _sample(site),
        "seek_care": _words(site, SEEK_CARE),
    }
    return site.page("home.html", context, status)


def _sample(site: Site) -> tuple[SampleTip, ...]:
    catalogue = site.library.catalogue
    return tuple(
        SampleTip(
            label=catalogue.cadence[catalogue.tips[tip].theme].label,
            words=_words(site, tip),
        )
        for tip in SAMPLE
        if tip in catalogue.tips
    )


def _words(site: Site, tip: str) -> str:
    return site.library.words(tip, language=forms.LANGUAGE, country="")
