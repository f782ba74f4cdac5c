"""Which clock is theirs, in browsers that are set to one zone or another, or hide it."""

from dataclasses import dataclass
from uuid import uuid4

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, expect

from tests.e2e.test_from_form_to_inbox import RULES, TICKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

QUESTION = "What does your clock show?"
#: As large as some need it: twice the size of the page's own text.
TWICE = "document.documentElement.style.fontSize = '237.5%'"


@dataclass
class AtTheForm:
    """Somebody at the sign-up form, with a browser set to a zone."""

    page: Page
    base: str
    address: str
    has_script: bool = True

    async def fills_in(self, country: str) -> None:
        await self.page.goto(self.base)
        if self.has_script:
            for button in await self.page.locator("button.continue").all():
                await button.click()
        for tick in TICKS:
            await self.page.locator(tick).check()
        await self.page.select_option("#country", country)
        await self.page.fill("#email", self.address)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name).click()
        await self.page.wait_for_load_state("load")

    async def reads(self, heading: str) -> None:
        await expect(self.page.get_by_role("heading", level=1)).to_have_text(heading)

    async def looks(self) -> None:
        """At the page as it is and at twice the size of text: nothing is cut off."""
        for enlarged in ("", TWICE):
            await self.page.evaluate(enlarged)
            too_wide = "document.documentElement.scrollWidth > window.innerWidth"
            assert not await self.page.evaluate(too_wide)
            for target in await self.page.locator("button, select").all():
                box = await target.bounding_box()
                assert box
                assert min(box["width"], box["height"]) >= 44
            results = await Axe().run(self.page, options={"runOnly": RULES})
            assert results.response["violations"] == []


@pytest_asyncio.fixture(loop_scope="session")
async def somebody(demo, browser: Browser):
    """Somebody on a phone, by the zone of the browser: `has_script` for most."""
    contexts = []

    async def at(zone, *, has_script=True, scheme="light"):
        context = await browser.new_context(
            viewport={"width": 360, "height": 740},
            timezone_id=zone,
            java_script_enabled=has_script,
            color_scheme=scheme,
        )
        contexts.append(context)
        page, address = await context.new_page(), f"{uuid4().hex}@example.org"
        return AtTheForm(page, demo, address, has_script=has_script)

    yield at
    for context in contexts:
        await context.close()


@pytest.mark.parametrize(
    ("country", "zone"),
    [
        ("NO", "Europe/Oslo"),
        ("DE", "Europe/Berlin"),
        ("IN", "Asia/Calcutta"),
        ("IN", "Asia/Kolkata"),
        ("UA", "Europe/Kiev"),
    ],
)
async def test_todays_browsers_at_home_are_asked_nothing(somebody, country, zone):
    person = await somebody(zone)

    await person.fills_in(country)
    await person.presses("Sign up")

    await person.reads("Check your inbox")


async def test_the_zones_on_offer_follow_the_country_without_a_page_load(somebody):
    person = await somebody("America/Detroit")
    zone = person.page.locator("#zone")

    await person.fills_in("US")
    await expect(zone).to_be_visible()
    await expect(zone).to_have_value("America/New_York")
    await expect(zone.locator("option")).to_have_count(9)
    await person.page.select_option("#country", "JP")
    await expect(zone).to_be_hidden()
    await expect(zone).to_have_value("")
    await person.page.select_option("#country", "PT")
    await expect(zone).to_have_value("")
    await expect(zone.locator("option")).to_have_text(
        ["Please choose", "Lisbon, Madeira", "Azores"]
    )
    await person.page.select_option("#country", "ZZ")
    await expect(zone).to_have_value("America/Detroit")


@pytest.mark.parametrize("country", ["US", "GL", "ZZ"])
async def test_a_zone_that_hides_where_one_is_is_never_chosen_beforehand(
    somebody, country
):
    person = await somebody("UTC")

    await person.fills_in(country)

    await expect(person.page.locator("#zone")).to_be_visible()
    await expect(person.page.locator("#zone")).to_have_value("")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_a_browser_that_hides_its_zone_is_asked_by_two_times_to_press(
    somebody, scheme
):
    person = await somebody("UTC", scheme=scheme)

    await person.fills_in("JP")
    await person.presses("Sign up")
    await person.reads(QUESTION)
    await expect(person.page.locator("button.clock")).to_have_count(2)
    await person.looks()
    await person.presses("Tokyo time")

    await person.reads("Check your inbox")


async def test_without_a_script_the_question_is_the_next_page_and_all_answers_stay(
    somebody,
):
    person = await somebody("UTC", has_script=False)

    await person.fills_in("US")
    await expect(person.page.locator("#zone")).to_be_hidden()
    await person.presses("Sign up")
    await person.reads(QUESTION)
    await person.presses("Back to all my answers")
    for tick in TICKS:
        await expect(person.page.locator(tick)).to_be_checked()
    await expect(person.page.locator("#country")).to_have_value("US")
    # The country is known now, so its zones are on offer.
    await expect(person.page.locator("#zone")).to_be_visible()
    await person.presses("Sign up")
    await person.presses("Denver time")

    await person.reads("Check your inbox")


async def test_without_a_country_and_a_script_the_whole_list_leads_to_a_question(
    somebody,
):
    person = await somebody("UTC", has_script=False)

    await person.fills_in("ZZ")
    await person.presses("Sign up")
    await person.reads(QUESTION)
    await person.page.select_option("#zone", "Europe/Paris")
    await person.presses("Continue")
    await person.reads(QUESTION)
    await person.presses("Paris time")

    await person.reads("Check your inbox")
