"""A subscriber's own answers, in the session that a fresh link began."""

from datetime import datetime

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from service.domain.access import SessionOver
from service.domain.errors import TryLater, VisitorError
from service.domain.night import local, night_at
from service.domain.risk import Tag
from service.domain.subscriber import GivenBy, Subscriber
from service.domain.tokens import BadLink, Purpose
from service.domain.zones import WhichClock
from service.flows import access, preferences
from service.web import forms
from service.web.evenings import day_in_words, in_words
from service.web.forms import YES, Entered
from service.web.options import options
from service.web.own_session import keep_session, session_of
from service.web.pages import care_page, clock_page
from service.web.signs import Urgency, urgencies
from service.web.site import Site

PAGE = "/manage/answers"
#: The hidden field that says for whom the page was made, by their link to the settings.
WHOSE = "whose"


def routes(site: Site) -> APIRouter:
    """`/manage/answers`."""
    router = APIRouter()

    async def show(request: Request) -> Response:
        try:
            return await _show(site, session_of(site, request), forms.NOTHING_ENTERED)
        except (SessionOver, BadLink):
            return _closed(site, forms.NOTHING_ENTERED)

    async def act(request: Request) -> Response:
        form = await forms.entered(request)
        return await _act(site, session_of(site, request), form)

    router.add_route(PAGE, show, methods=["GET"])
    router.add_route(PAGE, act, methods=["POST"])
    return router


class _OtherPage(SessionOver):
    """The page was made for somebody else than whose session it is now."""


async def _check(site: Site, session: str, form: Entered) -> None:
    """Return if the page was made for the holder of the session, if there is one.

    Two people may share a browser, and the page of the one be open when the other presses
    a fresh link. Raises _OtherPage, BadLink where the page does not say whose it is.
    """
    now = site.clock.now()
    known = await access.holder(site.store, session, now=now)
    if known is None or form.one("action") == "leave":
        return
    if site.links.subject(Purpose.MANAGE, form.one(WHOSE), now=now) != known.id:
        raise _OtherPage


async def _act(site: Site, session: str, form: Entered) -> Response:
    actions = {
        "save": _save,
        "nothing_changed": _nothing_changed,
        "put_back": _put_back,
        "end_links": _end_links,
        "leave": _leave,
    }
    signs = urgencies(form.many("red_flags"))
    if form.one("action") == "save" and signs:
        return await _rest(site, session, form, signs)
    try:
        await _check(site, session, form)
        return await actions.get(form.one("action"), _show)(site, session, form)
    except _OtherPage:
        # What is on it is not for whoever holds the session.
        return _closed(site, forms.NOTHING_ENTERED)
    except (SessionOver, BadLink):
        return _closed(site, form)
    except VisitorError as error:
        return await _page(site, session, form=form, problems=error.problems)


async def _show(site: Site, session: str, _: Entered) -> Response:
    return await _page(site, session)


async def _save(site: Site, session: str, form: Entered) -> Response:
    now = site.clock.now()
    known, _ = await access.changes(site.store, session, now=now)
    form = forms.asking_apart(form, _apart(site, known))
    if form.has("back", YES):
        return await _page(site, session, form=forms.before_the_clock(form))
    new = forms.change(form, site.library.countries_by_code, now=now)
    if isinstance(new, WhichClock):
        return clock_page(site, form, new, action=PAGE)
    upcoming = await preferences.change(site.store, session, new, now=now)
    first = in_words(upcoming, new.evening, now=now) if upcoming else ""
    return _done(site, "saved", first=first)


async def _rest(
    site: Site, session: str, form: Entered, signs: tuple[Urgency, ...]
) -> Response:
    """Whom to call, whatever becomes of the session or the database."""
    answers = "manage"
    try:
        await _check(site, session, form)
        await access.rest(site.store, session, now=site.clock.now())
    except (SessionOver, BadLink, TryLater):
        answers = "dead link"
    return care_page(site, form.one("country"), signs, answers=answers, form=form)


async def _nothing_changed(site: Site, session: str, _: Entered) -> Response:
    await access.nothing_changed(site.store, session, now=site.clock.now())
    return _done(site, "nothing_changed")


async def _put_back(site: Site, session: str, form: Entered) -> Response:
    typed = form.one("change")
    number = int(typed) if typed.isdecimal() else 0
    await access.put_back(site.store, session, number, now=site.clock.now())
    return _done(site, "put_back")


async def _end_links(site: Site, session: str, _: Entered) -> Response:
    await access.end_all(site.store, session, now=site.clock.now())
    answer = site.page("links_ended.html")
    keep_session(site, answer, "")
    return answer


async def _leave(site: Site, session: str, _: Entered) -> Response:
    await access.end(site.store, session, now=site.clock.now())
    answer = site.page("left.html")
    keep_session(site, answer, "")
    return answer


async def _page(
    site: Site,
    session: str,
    *,
    form: Entered | None = None,
    problems: dict[str, str] | None = None,
) -> Response:
    now = site.clock.now()
    known, changes = await access.changes(site.store, session, now=now)
    questionnaire = site.library.catalogue.questionnaire
    today = night_at(known.evening.zone, now=now)
    filled = form if form and form.one("action") == "save" else None
    shown = filled or forms.entered_before(known, questionnaire)
    shown = forms.asking_apart(shown, _apart(site, known))
    whose = site.links.token(
        Purpose.MANAGE, known.id, generation=known.generation, now=now
    )
    context = {
        "form": shown,
        "problems": problems or {},
        "lists": options(site.library, apart=shown.many(forms.APART), now=now),
        "address": known.person.address,
        "has_answers": known.given_by is GivenBy.PERSON,
        "answered_on": day_in_words(known.person.answers.answered_on, today=today),
        "new_questions": len(questionnaire.unasked(known.person.answers)),
        "changes": [
            (one.id, _moment(one.changed_at, known, now=now)) for one in changes
        ],
        "whose": whose,
        "manage_url": f"{site.base_url}/manage?token={whose}",
    }
    return site.page("answers.html", context, 422 if problems else 200)


def _moment(at: datetime, known: Subscriber, *, now: datetime) -> str:
    """When something was, by the person's own clock."""
    there = local(known.evening.zone, at=at)
    today = local(known.evening.zone, at=now).date()
    return f"{day_in_words(there.date(), today=today)} at {there:%H:%M}"


def _apart(site: Site, known: Subscriber) -> tuple[Tag, ...]:
    if known.given_by is not GivenBy.PERSON:
        # The form starts empty, so it asks everything at once, as a sign-up does.
        return ()
    questionnaire = site.library.catalogue.questionnaire
    return forms.apart(known.person.answers, questionnaire)


def _closed(site: Site, form: Entered) -> Response:
    """What was filled in is kept on the page, to be sent once a session is there."""
    kept = [
        (name, value)
        for name, values in form.values.items()
        for value in values
        if form.one("action") == "save"
    ]
    return site.page("closed.html", {"kept": kept}, 403)


def _done(site: Site, what: str, *, first: str = "") -> Response:
    context = {"done": what, "first": first, "until": "", "back": PAGE}
    return site.page("manage_done.html", context)
