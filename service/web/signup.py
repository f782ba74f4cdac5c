"""The first page with its form, and the link in the confirmation mail."""

from dataclasses import dataclass

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from service.content.zones import evenings_in_words
from service.domain.choice import SEEK_CARE
from service.domain.errors import TryLater, VisitorError
from service.domain.night import local
from service.domain.tokens import BadLink
from service.domain.zones import WhichClock
from service.flows import requests, signup
from service.web import errors, forms
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
        return await _sign_up(site, await forms.entered(request))

    async def confirmation(request: Request) -> Response:
        token, now = request.query_params.get("token", ""), site.clock.now()
        try:
            found = await signup.waiting(site.store, site.links, token, now=now)
        except BadLink:
            site.figures.step(Step.LINK_BAD)
            return bad_link(site)
        site.figures.step(Step.LINK_OPENED)
        context = {
            "token": token,
            "consents": found.consents,
            "habit": evenings_in_words(found.evening),
            "clock": f"{local(found.evening.zone, at=now):%H:%M}",
        }
        return site.page("confirm.html", context)

    async def confirm(request: Request) -> Response:
        form = await forms.entered(request)
        return await _confirm(site, form.one("token"))

    router.add_route("/", home, methods=["GET"])
    router.add_route("/signup", to_form, methods=["GET"])
    router.add_route("/signup", sign_up, methods=["POST"])
    router.add_route("/confirm", confirmation, methods=["GET"])
    router.add_route("/confirm", confirm, methods=["POST"])
    return router


async def _sign_up(site: Site, form: Entered) -> Response:
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
        return await _take(site, form)
    except VisitorError as error:
        step(Step.INVALID)
        return _form_page(site, form, problems=error.problems, status=422)
    except TryLater:
        step(Step.PUT_OFF)
        return errors.later(_form_page(site, form, is_away=True, status=503))


async def _take(site: Site, form: Entered) -> Response:
    """Take the form, show it again, or ask what only the person can say of their clock."""
    if form.has("back", YES):
        return _form_page(site, forms.before_the_clock(form), is_again=True)
    step, now = site.figures.step, site.clock.now()
    asked = forms.sign_up(form, site.library.countries_by_code, now=now)
    if isinstance(asked, WhichClock):
        step(Step.CLOCK_ASKED)
        return clock_page(site, form, asked, action="/signup")
    if form.one(forms.TRAP):
        step(Step.TRAPPED)
    else:
        await requests.take(site.store, asked, now=now)
        step(Step.ASKED)
    return site.page("check_inbox.html", {"address": asked.address})


async def _confirm(site: Site, token: str) -> Response:
    now = site.clock.now()
    try:
        welcome = await signup.confirm(site.store, site.links, token, now=now)
    except BadLink:
        site.figures.step(Step.LINK_BAD)
        return bad_link(site)
    site.figures.step(Step.CONFIRMED)
    first = in_words(welcome.first_at, welcome.evening, now=now)
    context = {"first": first, "was_refused": welcome.was_refused}
    return site.page("welcome.html", context)


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
