"""The pages between a form that asks for a mail and the mail: not yet, and a question."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from starlette.requests import Request
from starlette.responses import Response

from service.domain.limits import Admitted, Questioned, Refused, Scope, sources
from service.domain.provider import mailbox_of
from service.domain.puzzle import WORK_BITS, Puzzles
from service.domain.requests import Request as Asked
from service.flows import requests
from service.web.figures import Step
from service.web.forms import Entered
from service.web.site import Site

#: The fields of the question; all others are the form's own.
TOKEN, ANSWER, WORK = FIELDS = ("puzzle", "sum", "work")
A_MINUTE = timedelta(minutes=1)


async def taken(
    site: Site, request: Request, form: Entered, asked: Asked, *, zone: str = ""
) -> Response | None:
    """None if the mail that a form asks for is on its way, else the page to answer.

    Nothing is looked up before. Every field of the form goes with the page, which
    sends it to where it came from. `zone`: the visitor's clock, where it is known.
    """
    now, mailbox = site.clock.now(), mailbox_of(asked.address)
    puzzles = Puzzles(keys=site.links.keys)
    counted = sources(
        asked.address,
        host=request.client.host if request.client else "",
        own=site.own_networks,
    )
    is_proven = puzzles.is_solved(
        form.one(TOKEN), mailbox, answer=form.one(ANSWER), work=form.one(WORK), now=now
    )
    action = request.url.path
    match await requests.take(site.store, asked, counted, is_proven=is_proven, now=now):
        case Admitted():
            return None
        case Refused() as refused:
            site.figures.step(Step.REFUSED)
            return _not_yet(site, form, refused, action=action, zone=zone, now=now)
        case Questioned():
            site.figures.step(Step.QUESTIONED)
            context = {
                "action": action,
                "kept": _kept(form),
                "puzzle": puzzles.new(mailbox, now=now),
                "bits": WORK_BITS,
                "is_wrong": bool(form.one(ANSWER)),
            }
            return site.page("puzzle.html", context)


def _not_yet(
    site: Site,
    form: Entered,
    refused: Refused,
    *,
    action: str,
    zone: str,
    now: datetime,
) -> Response:
    wait = refused.until - now
    # To the next whole minute, so that nobody comes back a moment too early.
    at = refused.until + A_MINUTE - timedelta(microseconds=1)
    local = at.astimezone(ZoneInfo(zone) if zone else UTC)
    context = {
        "action": action,
        "kept": _kept(form),
        "is_mailbox": refused.scope is Scope.MAILBOX,
        "at": f"{local:%H:%M}" if zone else f"{local:%H:%M} UTC",
        "is_tomorrow": local.date() > now.astimezone(local.tzinfo).date(),
    }
    answer = site.page("not_yet.html", context, 429)
    answer.headers["Retry-After"] = str(int(wait.total_seconds()) + 1)
    return answer


def _kept(form: Entered) -> list[tuple[str, str]]:
    return [
        (name, value)
        for name, values in form.values.items()
        if name not in FIELDS
        for value in values
    ]
