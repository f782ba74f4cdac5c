"""Pages that more than one address may answer with."""

from dataclasses import dataclass
from datetime import datetime

from starlette.responses import Response

from service.content.zones import time_in_words
from service.domain.night import local
from service.domain.zones import WhichClock
from service.web.forms import NOTHING_ENTERED, Entered, clock_value
from service.web.options import options
from service.web.signs import Urgency
from service.web.site import Site


def care_page(
    site: Site,
    country: str,
    urgencies: tuple[Urgency, ...],
    *,
    answers: str,
    form: Entered = NOTHING_ENTERED,
) -> Response:
    """What to do now, the signs that were ticked first.

    `answers`: the form it answers, "" for none. Of a `form` nothing is kept here, but
    the page of a sign-up can send it back to be gone on with.
    """
    lists = options(site.library, now=site.clock.now())
    context = {
        "country": site.library.country(country),
        "countries": lists.countries,
        "urgencies": urgencies,
        "answers": answers,
        "ticked": form.many("red_flags"),
        "kept": [
            (name, value)
            for name, values in form.values.items()
            if name != "red_flags" and answers == "signup"
            for value in values
        ],
    }
    return site.page("care.html", context)


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockTime:
    """What a clock shows now; `value` is sent by whoever presses it.

    `day` is "" where all that are shown have the same.
    """

    value: str
    time: str
    day: str
    place: str


def clock_page(
    site: Site, form: Entered, asked: WhichClock, *, action: str
) -> Response:
    """Which of these clocks is theirs: asked before a form is taken at `action`.

    Every answer of the form is sent along.
    """
    now = site.clock.now()
    context = {
        "action": action,
        "kept": [
            (name, value)
            for name, values in form.values.items()
            if name not in ("zone", "zone_before", "clock")
            for value in values
        ]
        + [("zone_before", form.one("zone"))],
        "times": clock_times(asked.zones, form.one("country"), now=now),
        "lists": options(site.library, now=now),
        "nothing": NOTHING_ENTERED,
    }
    return site.page("clock.html", context)


def clock_times(
    zones: tuple[str, ...], country: str, *, now: datetime
) -> tuple[ClockTime, ...]:
    """What the clocks of these zones show, to be pressed by somebody in a country."""
    shown = [(zone, local(zone, at=now)) for zone in zones]
    is_one_day = len({at.date() for _, at in shown}) == 1
    return tuple(
        ClockTime(
            value=clock_value(country, zone),
            time=f"{at:%H:%M}",
            day="" if is_one_day else f"{at:%A}",
            place=time_in_words(zone),
        )
        for zone, at in shown
    )


def bad_link(site: Site) -> Response:
    """For a link that was changed, used or is too old: what to do about it."""
    return site.page("bad_link.html", status=410)
