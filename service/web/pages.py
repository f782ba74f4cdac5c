"""Pages that more than one address may answer with."""

from starlette.responses import Response

from service.web.forms import NOTHING_ENTERED, Entered
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


def bad_link(site: Site) -> Response:
    """For a link that was changed, used or is too old: what to do about it."""
    return site.page("bad_link.html", status=410)
