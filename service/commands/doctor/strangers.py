"""How much strangers ask for, and whether their networks can be told."""

from datetime import datetime

from service.domain.finding import Sheet
from service.flows import limits
from service.store.engine import Store

NAME_IT = (
    "Name the proxy in EVENTIDE_WEB__PROXIES, and let it set X-Forwarded-For: "
    "docs/strangers.md"
)
FLOODED = "See what it is: docs/runbook/sign-ups-flooded.md"


async def look(sheet: Sheet, store: Store, *, is_public: bool, now: datetime) -> None:
    """The budgets and, where the pages are for others, the proxy in front."""
    found = await limits.pressure(store, now=now)
    if is_public and found.is_proxy_unknown:
        says = (
            f"all {found.from_private:,} requests for a mail today came from one "
            "private address: the proxy is not trusted, and no network has a limit"
        )
        sheet.warning("proxy", says, NAME_IT)
    says = f"{found.instance:,} requests for a mail within the hour"
    if found.domains:
        says += f"; recipient domains over their budget: {found.domains:,}"
    if found.is_instance_over or found.domains:
        says += "; whoever is not the first of their network answers a question"
        sheet.warning("strangers", says, FLOODED)
    else:
        sheet.ok("strangers", says)
