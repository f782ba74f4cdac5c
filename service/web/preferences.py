"""What the link of a reminder opens: time and days, a break, the way to the answers."""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.content.zones import evenings_in_words
from service.domain.access import TooManyLinks
from service.domain.errors import VisitorError
from service.domain.night import night_at
from service.domain.requests import OwnLink
from service.domain.subscriber import Subscriber
from service.domain.tokens import BadLink, Purpose
from service.domain.zones import is_in_doubt, one_per_clock
from service.flows import access, preferences
from service.web import forms, limits
from service.web.evenings import day_in_words, in_words
from service.web.forms import Entered
from service.web.options import options
from service.web.own_session import session_of
from service.web.pages import ClockTime, bad_link, clock_times
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/manage` and `/manage/link`."""
    router = APIRouter()

    async def settings(request: Request) -> Response:
        token = request.query_params.get("token", "")
        if not token:
            return _link_page(site, forms.NOTHING_ENTERED)
        try:
            return await _settings(site, token, await _signed_in(site, request))
        except BadLink:
            return await _no_settings(site, token)

    async def act(request: Request) -> Response:
        form, who = await forms.entered(request), await _signed_in(site, request)
        return await _act(site, form, who)

    async def send_link(request: Request) -> Response:
        return await _send_link(site, request, await forms.entered(request))

    router.add_route("/manage", settings, methods=["GET"])
    router.add_route("/manage", act, methods=["POST"])
    router.add_route("/manage/link", send_link, methods=["POST"])
    return router


async def _act(site: Site, form: Entered, who: int) -> Response:
    actions = {
        "evening": _evening,
        "zone": _zone,
        "pause": _pause,
        "resume": _resume,
        "fresh_link": _fresh_link,
    }
    token = form.one("token")
    act = actions.get(form.one("action"))
    try:
        if act is None:
            return await _settings(site, token, who)
        return await act(site, token, form)
    except BadLink:
        return bad_link(site)
    except VisitorError as error:
        return await _settings(site, token, who, form=form, problems=error.problems)


async def _signed_in(site: Site, request: Request) -> int:
    """The number of the person whose session the browser has, 0 for nobody."""
    session = session_of(site, request)
    if not session:
        return 0
    known = await access.holder(site.store, session, now=site.clock.now())
    return known.id if known else 0


async def _evening(site: Site, token: str, form: Entered) -> Response:
    now = site.clock.now()
    known = await preferences.show(site.store, site.links, token, now=now)
    evening = forms.evening(form, known.evening)
    upcoming = await preferences.set_evening(
        site.store, site.links, token, evening, now=now
    )
    first = in_words(upcoming, evening, now=now) if upcoming else ""
    return _done(site, "evening", token, first=first)


async def _fresh_link(site: Site, token: str, _: Entered) -> Response:
    try:
        await access.ask(site.store, site.links, token, now=site.clock.now())
    except TooManyLinks as error:
        return site.page("too_many_links.html", {"why": error.problems["link"]}, 429)
    return site.page("link_sent.html", {"address": ""})


async def _zone(site: Site, token: str, form: Entered) -> Response:
    """The clock that was pressed is theirs, whatever their country says."""
    now = site.clock.now()
    country, zone = forms.pressed_clock(form)
    if not zone:
        return await _settings(site, token, 0)
    known = await preferences.confirm_zone(
        site.store, site.links, token, country, zone, now=now
    )
    return _done(site, "zone", token, first=evenings_in_words(known.evening))


async def _pause(site: Site, token: str, form: Entered) -> Response:
    now = site.clock.now()
    known = await preferences.show(site.store, site.links, token, now=now)
    today = night_at(known.evening.zone, now=now)
    until = forms.pause_until(form, today=today)
    await preferences.pause(site.store, site.links, token, until, now=now)
    return _done(site, "paused", token, until=day_in_words(until, today=today))


async def _resume(site: Site, token: str, _: Entered) -> Response:
    now = site.clock.now()
    upcoming = await preferences.resume(site.store, site.links, token, now=now)
    known = await preferences.show(site.store, site.links, token, now=now)
    first = in_words(upcoming, known.evening, now=now)
    return _done(site, "resumed", token, first=first)


async def _settings(
    site: Site,
    token: str,
    who: int,
    *,
    form: Entered | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    """The page of a link; `who` is the person whose session the browser has."""
    now = site.clock.now()
    known = await preferences.show(site.store, site.links, token, now=now)
    leave = site.links.token(Purpose.UNSUBSCRIBE, known.id, now=now)
    today = night_at(known.evening.zone, now=now)
    shown = form if form and form.one("action") == "evening" else None
    context = {
        "clocks": _clocks(site, known, now=now),
        "form": shown or forms.evening_before(known),
        "country": known.person.answers.country,
        "problems": problems or {},
        "lists": options(site.library, now=now),
        "status": known.status,
        "was_refused": await preferences.was_refused(site.store, known.id),
        "paused_until": day_in_words(known.paused_until, today=today),
        "is_signed_in": who == known.id,
        "token": token,
        "unsubscribe_token": leave,
    }
    return site.page("manage.html", context, 422 if problems else 200)


async def _no_settings(site: Site, token: str) -> Response:
    """A link of an earlier release can ask for a fresh one, and nothing else."""
    try:
        await access.may_ask(site.store, site.links, token, now=site.clock.now())
    except BadLink:
        return bad_link(site)
    return site.page("former_link.html", {"token": token}, 410)


def _clocks(site: Site, known: Subscriber, *, now: datetime) -> tuple[ClockTime, ...]:
    """The clocks of the person's country and their own, where that is none of these."""
    code = known.person.answers.country
    country, today = site.library.country(code).zones, now.date()
    if not is_in_doubt(known.evening, country, today=today):
        return ()
    zones = one_per_clock((*country, known.evening.zone), today=today)
    return clock_times(zones, code, now=now)


async def _send_link(site: Site, request: Request, form: Entered) -> Response:
    try:
        address = forms.address(form)
    except VisitorError as error:
        return _link_page(site, form, problems=error.problems)
    if not form.one(forms.TRAP):
        asked = OwnLink(address=address)
        answer = await limits.taken(site, request, form, asked)
        if answer is not None:
            return answer
    return site.page("link_sent.html", {"address": address})


def _link_page(
    site: Site, form: Entered, *, problems: dict[str, str] | None = None
) -> Response:
    context = {"form": form, "problems": problems or {}}
    return site.page("ask_link.html", context, 422 if problems else 200)


def _done(
    site: Site, what: str, token: str, *, first: str = "", until: str = ""
) -> Response:
    back = f"/manage?token={token}"
    context = {"done": what, "back": back, "first": first, "until": until}
    return site.page("manage_done.html", context)
