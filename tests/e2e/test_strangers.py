"""While many sign up: the question in a browser, with scripts and without, and a limit."""

import re
from dataclasses import replace
from uuid import uuid4

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from service.content.templating import Templates
from service.domain.limits import BUDGETS, Scope, sources
from service.domain.puzzle import FIRST, NUMBERS
from service.flows.upkeep import upkeep
from service.settings import HERE
from service.store.engine import opened
from service.web.app import create_app
from service.web.server import bound, serving
from tests.builders import NOON
from tests.conftest import ADOPT, administer, created, dropped, stop_clock
from tests.e2e.consoles import RULES
from tests.fakes import StoppedClock
from tests.web.visits import FORM, cut_off_site

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]


@pytest_asyncio.fixture(loop_scope="session")
async def flooded(database_server, template_database, library, sealer):
    """The address of pages that too many have asked for a mail."""
    name = f"flooded_{uuid4().hex[:12]}"
    url = await created(database_server, name, template=template_database)
    await administer(url, ADOPT)
    listener = bound("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with opened(url, sealer) as store:
        await stop_clock(store, NOON)
        await upkeep(store, now=NOON)
        found = sources("ada@example.org", host="127.0.0.1", own=())
        kept = [s for s in found if s.scope in (Scope.INSTANCE, Scope.PRIVATE)]
        async with store.transaction() as tx:
            for _ in range(BUDGETS[Scope.INSTANCE].most):
                await tx.limits.count(kept, now=NOON)
        templates = Templates(HERE / "templates")
        site = cut_off_site(library, templates, StoppedClock(NOON))
        site = replace(site, store=store, base_url=base)
        async with serving(create_app(site), listener):
            yield base
    await dropped(database_server, name)


async def signs_up(page, base):
    """Send the form as it is filled in, past its page."""
    fields = [
        (name, value)
        for name, values in FORM.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    inputs = "".join(f'<input name="{n}" value="{v}">' for n, v in fields)
    await page.route(
        f"{base}/filled-in",
        lambda route: route.fulfill(
            content_type="text/html",
            body=f'<form action="/signup" method="post">{inputs}<button>Go</button>',
        ),
    )
    await page.goto(f"{base}/filled-in")
    await page.click("button")


async def looks(page):
    wide = page.viewport_size["width"]
    box = await page.locator("body").bounding_box()
    assert box["width"] <= wide


async def test_a_browser_with_scripts_does_the_work_by_itself(flooded, browser):
    context = await browser.new_context(viewport={"width": 360, "height": 740})
    page = await context.new_page()

    await signs_up(page, flooded)

    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "Check your inbox", timeout=60_000
    )
    await context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_without_scripts_the_sum_is_asked_and_then_the_limit_met(
    flooded, browser, theme
):
    context = await browser.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=theme,
        java_script_enabled=False,
    )
    page = await context.new_page()
    title = page.get_by_role("heading", level=1)

    for _ in range(3):
        await signs_up(page, flooded)
        await expect(title).to_have_text("One short question")
        await looks(page)
        label = await page.locator("label[for=sum]").inner_text()
        words = re.findall("|".join(NUMBERS), label)
        await page.fill("#sum", str(sum(NUMBERS.index(w) + FIRST for w in words)))
        await page.get_by_role("button", name="Continue").click()
        await expect(title).to_have_text("Check your inbox")
    await signs_up(page, flooded)

    await expect(title).to_have_text("Please try again later")
    await looks(page)
    await context.close()


@pytest.mark.parametrize("theme", ["light", "dark"])
async def test_the_pages_in_between_can_be_used_by_everybody(flooded, browser, theme):
    context = await browser.new_context(color_scheme=theme)
    page = await context.new_page()
    # As over plain http: otherwise the work is done before anybody looks.
    await page.add_init_script(
        "Object.defineProperty(globalThis, 'crypto', {value: undefined})"
    )

    await signs_up(page, flooded)
    await expect(page.get_by_role("heading", level=1)).to_have_text(
        "One short question"
    )
    results = await Axe().run(page, options={"runOnly": RULES})

    assert [v["id"] for v in results.response["violations"]] == []
    await context.close()
