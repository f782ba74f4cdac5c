"""The catalogue and the table of refusals: do they load, who has reviewed the tips?"""

from collections.abc import Iterable
from datetime import timedelta

from service.commands.doctor.patient import Patient
from service.content.catalogue import load
from service.content.refusals import load_refusals
from service.domain.finding import Sheet

SOON = timedelta(days=30)
MOST_NAMED = 8
REVIEW = "Have a clinician read each tip: docs/content.md tells how"


async def look(sheet: Sheet, patient: Patient) -> None:
    """Reviews that are missing, out of date, or soon will be. Raises Misconfigured."""
    content, today = patient.settings.content, patient.clock.now().date()
    library = load(content.config, content.templates, today=today)
    reviews = library.review_summary
    refusals = load_refusals(content.config)
    sheet.ok("refusals", f"{len(refusals.rows)} rows tell who is to blame for one")
    sheet.ok("catalogue", f"{len(library.catalogue.tips)} tips may be said")
    says = f"{reviews.reviewed} of {reviews.tips} tips are reviewed by a clinician"
    if reviews.reviewed == reviews.tips:
        sheet.ok("reviewed", says)
    else:
        sheet.warning("reviewed", says, REVIEW)
    if reviews.expired:
        says = (
            f"{len(reviews.expired)} are not said any more: {_named(reviews.expired)}"
        )
        sheet.fault("expired", says, REVIEW)
    else:
        sheet.ok("expired", "none")
    soon = [
        name
        for name, tip in library.catalogue.tips.items()
        if tip.expires_on and tip.expires_on <= today + SOON
    ]
    if soon:
        says = f"{len(soon)} within {SOON.days} days: {_named(soon)}"
        sheet.warning("expiring", says, REVIEW)
    else:
        sheet.ok("expiring", f"none within {SOON.days} days")


def _named(tips: Iterable[str]) -> str:
    first = [*tips]
    return ", ".join(first[:MOST_NAMED]) + (" ..." if first[MOST_NAMED:] else "")
