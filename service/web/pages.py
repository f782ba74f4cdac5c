"""Pages that more than one address may answer with."""

from starlette.responses import Response

from service.web.options import options
from service.web.signs import Urgency
from service.web.site import Site


def care_page(
    site: Site, country: str, urgencies: tuple[Urgency, ...], *, answers: str
) -> Response:
    """What to do now. `answers`: the form it answers, "" for none."""
    lists = options(site.library, now=site.clock.now())
    context = {
        "country": site.library.country(country),
        "countries": lists.countries,
        "urgencies": urgencies,
        "answers": answers,
    }
    return site.page("care.html", context)


def bad_link(site: Site) -> Response:
    """For a link that was changed, used or is too old: what to do about it."""
    return site.page("bad_link.html", status=410)
