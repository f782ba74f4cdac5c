"""What a subscriber can do with their own link: change, pause, come back."""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.content.zones import evenings_in_words
from service.domain.errors import TryLater, VisitorError
from service.domain.night import night_at
from service.domain.requests import OwnLink
from service.domain.risk import Tag
from service.domain.subscriber import GivenBy, Subscriber
from service.domain.tokens import BadLink, Purpose
from service.domain.zones import WhichClock, is_in_doubt, one_per_clock
from service.flows import preferences, requests
from service.web import forms
from service.web.evenings import day_in_words, in_words
from service.web.forms import YES, Entered
from service.web.options import options
from service.web.pages import (
    ClockTime,
    bad_link,
    care_page,
    clock_page,
    clock_times,
)
from service.web.signs import Urgency, urgencies
from service.web.site import Site


def routes(site: Site) -> APIRouter:
    """`/manage` and `/manage/link`."""
    router = APIRouter()

    async def settings(request: Request) -> Response:
        token = request.query_params.get("token", "")
        if not token:
            return _link_page(site, forms.NOTHING_ENTERED)
        try:
            return await _settings(site, token)
        except BadLink:
            return bad_link(site)

    async def act(request: Request) -> Response:
        return await _act(site, await forms.entered(request))

    async def send_link(request: Request) -> Response:
        return await _send_link(site, await forms.entered(request))

    router.add_route("/manage", settings, methods=["GET"])
    router.add_route("/manage", act, methods=["POST"])
    router.add_route("/manage/link", send_link, methods=["POST"])
    return router


async def _act(site: Site, form: Entered) -> Response:
    actions = {
        "save": _save,
        "zone": _zone,
        "pause": _pause,
        "resume": _resume,
        "nothing_changed": _nothing_changed,
    }
    token = form.one("token")
    try:
        return await actions.get(form.one("action"), _show)(site, token, form)
    except BadLink:
        return bad_link(site)
    except VisitorError as error:
        return await _settings(site, token, form=form, problems=error.problems)


async def _show(site: Site, token: str, _: Entered) -> Response:
    return await _settings(site, token)


async def _save(site: Site, token: str, form: Entered) -> Response:
    signs = urgencies(form.many("red_flags"))
    if signs:
        return await _rest(site, token, form, signs)
    now = site.clock.now()
    known = await preferences.show(site.store, site.links, token, now=now)
    form = forms.asking_apart(form, _apart(site, known))
    if form.has("back", YES):
        return await _settings(site, token, form=forms.before_the_clock(form))
    new = forms.change(form, site.library.countries_by_code, now=now)
    if isinstance(new, WhichClock):
        return clock_page(site, form, new, action="/manage")
    upcoming = await preferences.change(site.store, site.links, token, new, now=now)
    first = in_words(upcoming, new.evening, now=now) if upcoming else ""
    return _done(site, "saved", token, first=first)


async def _zone(site: Site, token: str, form: Entered) -> Response:
    """The clock that was pressed is theirs, whatever their country says."""
    now = site.clock.now()
    country, zone = forms.pressed_clock(form)
    if not zone:
        return await _settings(site, token)
    known = await preferences.confirm_zone(
        site.store, site.links, token, country, zone, now=now
    )
    return _done(site, "zone", token, first=evenings_in_words(known.evening))


async def _rest(
    site: Site, token: str, form: Entered, signs: tuple[Urgency, ...]
) -> Response:
    """Whom to call, whatever becomes of the link or the database."""
    answers = "manage"
    country = form.one("country")
    try:
        now = site.clock.now()
        await preferences.rest(site.store, site.links, token, now=now)
    except (BadLink, TryLater):
        answers = "dead link"
    return care_page(site, country, signs, answers=answers, form=form)


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


async def _nothing_changed(site: Site, token: str, _: Entered) -> Response:
    now = site.clock.now()
    await preferences.nothing_changed(site.store, site.links, token, now=now)
    return _done(site, "nothing_changed", token)


async def _settings(
    site: Site,
    token: str,
    *,
    form: Entered | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    now = site.clock.now()
    known = await preferences.show(site.store, site.links, token, now=now)
    leave = site.links.token(Purpose.UNSUBSCRIBE, known.id, now=now)
    today = night_at(known.evening.zone, now=now)
    filled = form if form and "until" not in (problems or {}) else None
    shown = filled or forms.entered_before(known, site.library.catalogue.questionnaire)
    shown = forms.asking_apart(shown, _apart(site, known))
    context = {
        "clocks": _clocks(site, known, now=now),
        "form": shown,
        "problems": problems or {},
        "lists": options(site.library, apart=shown.many(forms.APART), now=now),
        "status": known.status,
        "has_answers": known.given_by is GivenBy.PERSON,
        "was_refused": await preferences.was_refused(site.store, known.id),
        "paused_until": day_in_words(known.paused_until, today=today),
        "answered_on": day_in_words(known.person.answers.answered_on, today=today),
        "new_questions": len(
            site.library.catalogue.questionnaire.unasked(known.person.answers)
        ),
        "token": token,
        "unsubscribe_token": leave,
    }
    return site.page("manage.html", context, 422 if problems else 200)


def _apart(site: Site, known: Subscriber) -> tuple[Tag, ...]:
    questionnaire = site.library.catalogue.questionnaire
    return forms.apart(known.person.answers, questionnaire)


def _clocks(site: Site, known: Subscriber, *, now: datetime) -> tuple[ClockTime, ...]:
    """The clocks of the person's country and their own, where that is none of these."""
    code = known.person.answers.country
    country, today = site.library.country(code).zones, now.date()
    if not is_in_doubt(known.evening, country, today=today):
        return ()
    zones = one_per_clock((*country, known.evening.zone), today=today)
    return clock_times(zones, code, now=now)


async def _send_link(site: Site, form: Entered) -> Response:
    try:
        address = forms.address(form)
        if not form.one(forms.TRAP):
            await requests.take(
                site.store, OwnLink(address=address), now=site.clock.now()
            )
    except VisitorError as error:
        return _link_page(site, form, problems=error.problems)
    return site.page("link_sent.html", {"address": address})


def _link_page(
    site: Site, form: Entered, *, problems: dict[str, str] | None = None
) -> Response:
    context = {"form": form, "problems": problems or {}}
    return site.page("ask_link.html", context, 422 if problems else 200)


def _done(
    site: Site, what: str, token: str, *, first: str = "", until: str = ""
) -> Response:
    context = {"done": what, "token": token, "first": first, "until": until}
    return site.page("manage_done.html", context)
