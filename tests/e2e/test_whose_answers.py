"""Whose the answers are, in Chromium on a phone without JavaScript.

Each person has a browser of their own. Presses are counted where the way must not grow.
"""

import re
from dataclasses import dataclass, field
from itertools import count

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, expect

from tests.e2e.test_from_form_to_inbox import PATIENCE_MS, PHONE, TICKS

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

OWN = ("[name=medicines][value=med_statin]", "A statin")
TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"
NUMBERS = count()


@dataclass(kw_only=True)
class Phone:
    """A browser, and how often a button of the service was pressed in it."""

    page: Page
    base: str
    pressed: list[str] = field(default_factory=list)

    async def goes_to(self, address: str) -> None:
        await self.page.goto(address)
        assert not await self.page.evaluate(TOO_WIDE), self.page.url

    async def presses(self, name: str) -> None:
        async with self.page.expect_navigation(timeout=PATIENCE_MS):
            await self.page.get_by_role("button", name=name, exact=True).click()
        assert not await self.page.evaluate(TOO_WIDE), self.page.url
        self.pressed.append(name)

    async def reads(self, words: str | re.Pattern[str]) -> None:
        found = self.page.get_by_text(words).first
        await expect(found).to_be_visible(timeout=PATIENCE_MS)

    async def does_not_read(self, words: str) -> None:
        assert words not in await self.page.content()

    async def signs_up(self, address: str, *, medicine: str = OWN[0]) -> str:
        """Fill in the form and send it; the code on the page that follows."""
        await self.goes_to(self.base)
        for tick in TICKS:
            if "medicines" not in tick:
                await self.page.locator(tick).check()
        await self.page.locator(medicine).check()
        await self.page.select_option("#country", "DE")
        await self.page.fill("#email", address)
        await self.presses("Sign up")
        return await self.page.locator("p.code").inner_text()

    async def opens_the_link(self, address: str, subject: str, path: str) -> None:
        """The link in the newest mail with this subject, once it has come."""
        await self.page.goto(f"{self.base}/inbox")
        mine = self.page.get_by_role("link", name=subject).filter(has_text=address)
        await expect(mine.first).to_be_visible(timeout=PATIENCE_MS)
        await mine.first.click()
        await self.page.get_by_role("link", name="Text", exact=True).click()
        text = await self.page.get_by_label("Text part").inner_text()
        found = re.search(rf"{self.base}{path}\?token=\S+", text)
        assert found, text
        await self.goes_to(found[0])

    async def opens_the_confirmation(self, address: str) -> None:
        await self.opens_the_link(
            address, "Please confirm your e-mail address", "/confirm"
        )

    async def waits_for_a_reminder_to(self, address: str) -> None:
        """Evening after evening: the clock moves to the next reminder of anybody."""
        await self.page.goto(f"{self.base}/inbox")
        tips = self.page.get_by_role("link", name="Your evening tip")
        mine = tips.filter(has_text=address)
        while not await mine.count():
            before = await tips.count()
            async with self.page.expect_navigation(timeout=PATIENCE_MS):
                await self.page.get_by_role("button", name="Next evening").click()
            await expect(tips.nth(before)).to_be_visible(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(loop_scope="session")
async def phone(demo, browser: Browser):
    """A new browser each time."""
    contexts: list[BrowserContext] = []

    async def another() -> Phone:
        context = await browser.new_context(
            viewport=PHONE,
            java_script_enabled=False,
            timezone_id="Europe/Berlin",
            color_scheme="dark" if len(contexts) % 2 else "light",
        )
        contexts.append(context)
        return Phone(page=await context.new_page(), base=demo)

    yield another
    for context in contexts:
        await context.close()


@pytest.fixture
def address() -> str:
    return f"whose{next(NUMBERS)}@example.org"


async def test_in_the_first_browser_it_takes_two_presses_as_ever(phone, address):
    ada = await phone()
    await ada.signs_up(address)
    await ada.opens_the_confirmation(address)
    await expect(ada.page.locator("#code")).to_have_count(0)
    await ada.page.get_by_text("Your answers", exact=True).click()
    await ada.reads(OWN[1])

    await ada.presses("Yes, send me reminders")
    await ada.reads("You are in")

    assert ada.pressed == ["Sign up", "Yes, send me reminders"]


async def test_on_another_device_the_code_is_one_more_field(phone, address):
    ada, mail_app = await phone(), await phone()
    code = await ada.signs_up(address)
    await mail_app.opens_the_confirmation(address)
    await mail_app.does_not_read(OWN[1])

    await mail_app.page.fill("#code", code)
    await mail_app.presses("Yes, send me reminders")
    await mail_app.reads("You are in")

    await mail_app.does_not_read("Your answers wait")
    assert mail_app.pressed == ["Yes, send me reminders"]


async def test_after_a_wrong_code_the_right_one_adds_the_answers(phone, address):
    ada, mail_app = await phone(), await phone()
    code = await ada.signs_up(address)
    await mail_app.opens_the_confirmation(address)

    await mail_app.page.fill("#code", f"{(int(code) + 1) % 10_000:04}")
    await mail_app.presses("Yes, send me reminders")
    await mail_app.reads("That was not the code")
    await mail_app.reads("You can try 4 more times.")
    await mail_app.page.fill("#code", code)
    await mail_app.presses("Add my answers")

    await mail_app.reads("Your answers count")
    await mail_app.does_not_read(OWN[1])


async def test_without_a_code_reminders_come_and_the_first_browser_adds_the_answers(
    phone, address
):
    ada, mail_app = await phone(), await phone()
    await ada.signs_up(address)
    await mail_app.opens_the_confirmation(address)
    await mail_app.presses("Yes, send me reminders")
    await mail_app.reads("Your answers wait")
    await mail_app.waits_for_a_reminder_to(address)

    await mail_app.opens_the_link(address, "Your evening tip", "/confirm")
    await mail_app.reads("Add your answers")
    await mail_app.does_not_read(OWN[1])
    await ada.opens_the_link(address, "Your evening tip", "/confirm")
    await ada.page.get_by_text("Your answers", exact=True).click()
    await ada.reads(OWN[1])
    await ada.presses("Add my answers")

    await ada.reads("Your answers count")


async def test_whoever_has_a_mistyped_address_reads_nothing_and_deletes_it(
    phone, address
):
    ada, owner = await phone(), await phone()
    await ada.signs_up(address)
    await owner.opens_the_confirmation(address)
    await owner.does_not_read(OWN[1])

    await owner.presses("This was not me: delete it now")
    await owner.reads("are gone")

    await owner.opens_the_confirmation(address)
    await owner.reads("This link does not work any more")


async def test_a_mistyped_address_s_owner_who_confirms_sees_no_answer(phone, address):
    ada, owner = await phone(), await phone()
    await ada.signs_up(address)
    await owner.opens_the_confirmation(address)
    await owner.presses("Yes, send me reminders")
    await owner.goes_to(f"{owner.base}/manage")
    await owner.page.fill("#email", address)
    await owner.presses("Send me my link")

    await owner.opens_the_link(address, "Your link", "/manage/open")
    await owner.presses("Open my answers")

    await owner.reads("it shows none")
    ticked = owner.page.locator("[name=medicines]:checked, [name=conditions]:checked")
    await expect(ticked).to_have_count(0)


async def test_a_stranger_s_second_sign_up_counts_for_nothing(phone, address):
    ada, stranger = await phone(), await phone()
    await ada.signs_up(address)
    await ada.opens_the_confirmation(address)
    await stranger.signs_up(address, medicine="[name=medicines][value=none]")
    await ada.page.goto(f"{ada.base}/inbox")
    mails = ada.page.get_by_role("link", name="Please confirm").filter(has_text=address)
    while await mails.count() < 2:
        await ada.page.reload()

    await mails.first.click()
    await ada.page.get_by_role("link", name="Text", exact=True).click()
    await ada.reads("THERE IS ANOTHER SIGN-UP FOR THIS ADDRESS")
    await ada.opens_the_confirmation(address)
    await ada.page.get_by_text("Your answers", exact=True).click()
    await ada.reads(OWN[1])
    await ada.presses("Yes, send me reminders")

    await ada.reads("You are in")
