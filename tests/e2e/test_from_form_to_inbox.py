"""The whole path in a browser: the form, the mail, the evening, the way out.

On a desktop and on a phone, with and without JavaScript, and with axe-core on every
page and on the mails.
"""

import re
from dataclasses import dataclass

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, ViewportSize, expect

from service.web.forms import CONSENT_FIELDS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    # Whoever joins leaves in the end, for the demo is shared.
    pytest.mark.usefixtures("mails"),
]

DESKTOP: ViewportSize = {"width": 1200, "height": 900}
PHONE: ViewportSize = {"width": 360, "height": 740}
#: A confirmation takes two seconds; this is for a machine that is very busy.
PATIENCE_MS = 30_000
TICKS = (
    "#adult",
    "[name=red_flags][value=none]",
    "#causes",
    "[name=causes][value=dehydration]",
    "[name=conditions][value=none]",
    "[name=pregnancy][value=no]",
    "[name=medicines][value=none]",
    "[name=alcohol][value=alc_low]",
    "[name=severe][value=no]",
    "[name=frequency][value=every]",
    "[name=stretching][value=standing]",
    "#consent_health",
    "#consent_mail",
    "#consent_general",
)
OTHER_PAGES = ("/care", "/sources", "/privacy", "/manage", "/confirm?token=x", "/no")
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, kw_only=True)
class Person:
    """Somebody with a browser."""

    page: Page
    base: str
    address: str
    has_javascript: bool
    seen: set[object]

    async def looks(self) -> None:
        """At a page not seen before: it fits the window and axe-core finds no fault."""
        if not self.has_javascript:
            return
        await self.page.wait_for_load_state("load")
        parts = await self.page.locator("details[open]").count()
        width = await self.page.evaluate("window.innerWidth")
        sight = (await self.page.title(), width, parts)
        if sight in self.seen:
            return
        self.seen.add(sight)
        too_wide = "document.documentElement.scrollWidth > window.innerWidth"
        assert not await self.page.evaluate(too_wide), self.page.url
        await self._axe()

    async def goes_to(self, path: str) -> None:
        await self.page.goto(self.base + path)
        await self.looks()

    async def presses(self, name: str) -> None:
        # Whatever comes next would break off a form that is still on its way.
        async with self.page.expect_navigation(timeout=PATIENCE_MS):
            await self.page.get_by_role("button", name=name, exact=True).click()
        await self.looks()

    async def reads(self, words: str) -> None:
        """Words that stand on the page, now or in a moment."""
        found = self.page.get_by_text(words).first
        await expect(found).to_be_visible(timeout=PATIENCE_MS)

    async def unfolds_the_form(self) -> None:
        """What a person with JavaScript does part by part."""
        if self.has_javascript:
            # Those of folded parts are there already, but not to be seen yet.
            for button in await self.page.locator("button.continue").all():
                await button.click()
            await self.looks()

    async def opens_the_mail(self, subject: str) -> None:
        """The newest mail with this subject to this person, once it has come."""
        await self.goes_to("/inbox")
        mine = self.page.get_by_role("link", name=subject).filter(has_text=self.address)
        await expect(mine.first).to_be_visible(timeout=PATIENCE_MS)
        await mine.first.click()
        await self.page.wait_for_url("**/inbox/*")
        await self.looks()

    async def looks_at_the_mail_itself(self) -> None:
        if self.has_javascript:
            answer = await self.page.request.get(f"{self.page.url}/html")
            tab = await self.page.context.new_page()
            await tab.set_content(await answer.text())
            await Person(**{**vars(self), "page": tab}).looks()
            await tab.close()

    async def follows_the_link_to(self, path: str) -> None:
        """The link as it stands in the text part of the mail on the page."""
        await self.page.get_by_role("link", name="Text", exact=True).click()
        await self.looks()
        text = await self.page.get_by_label("Text part").inner_text()
        found = re.search(rf"{self.base}{path}\?token=\S+", text)
        assert found, text
        await self.page.goto(found[0])
        await self.looks()

    async def fills_in_the_form(self) -> None:
        for tick in TICKS:
            await self.page.locator(tick).check()
        await self.page.select_option("#country", "DE")
        # Germany has one clock, and the browser shows the same: nothing to ask.
        await expect(self.page.locator("#zone")).to_be_hidden()
        await self.page.fill("#email", self.address)

    async def signs_up(self) -> None:
        await self.goes_to("/")
        await self.unfolds_the_form()
        await self.fills_in_the_form()
        await self.presses("Sign up")
        await self.reads("Open it and press the button in it.")

    async def joins(self) -> None:
        await self.signs_up()
        await self.opens_the_mail("Please confirm your e-mail address")
        await self.follows_the_link_to("/confirm")
        await self.presses("Yes, send me reminders")

    async def opens_the_answers(self) -> None:
        """By a fresh link, which is asked for and pressed."""
        await self.goes_to("/manage")
        await self.page.fill("#email", self.address)
        await self.presses("Send me my link")
        await self.opens_the_mail("Your link")
        await self.looks_at_the_mail_itself()
        await self.follows_the_link_to("/manage/open")
        await self.presses("Open my answers")

    async def gets_the_next_reminder(self) -> None:
        await self.goes_to("/inbox")
        await self.presses("Next evening")
        await self.opens_the_mail("Your evening tip")

    async def says_that_they_drink_nothing(self) -> None:
        await self.unfolds_the_form()
        await self.page.locator("[name=alcohol][value=alc_none]").check()
        await self.page.locator("[name=red_flags][value=none]").check()
        await self.presses("Save my answers")

    async def signs_up_on_a_page_of_before_the_upgrade(self) -> None:
        """It does not say which questions it asked."""
        ticks = re.findall(r"name=(\w+)\]\[value=(\w+)", " ".join(TICKS))
        ticks += [(name, "yes") for name in ("adult", *CONSENT_FIELDS)]
        evening = {"country": "DE", "zone": "Europe/Berlin", "time": "19:00"}
        form = {**dict(ticks), **evening, "email": self.address}
        answer = await self.page.request.post(f"{self.base}/signup", form=form)
        assert answer.ok, await answer.text()

    async def _axe(self) -> None:
        results = await Axe().run(self.page, options={"runOnly": RULES})
        found = [
            (violation["id"], violation["nodes"][0]["html"])
            for violation in results.response["violations"]
        ]
        assert found == [], f"{self.page.url}: {found}"


@pytest.fixture(scope="session")
def seen() -> set[object]:
    """The pages that were looked at on a screen of some width."""
    return set()


@pytest_asyncio.fixture(
    loop_scope="session",
    params=[
        pytest.param((DESKTOP, True), id="desktop"),
        pytest.param((PHONE, True), id="phone"),
        pytest.param((DESKTOP, False), id="desktop-without-javascript"),
        pytest.param((PHONE, False), id="phone-without-javascript"),
    ],
)
async def person(request, demo, browser: Browser, seen):
    viewport, has_javascript = request.param
    context = await browser.new_context(
        viewport=viewport,
        java_script_enabled=has_javascript,
        timezone_id="Europe/Berlin",
        color_scheme="dark" if viewport is PHONE else "light",
    )
    name = request.node.callspec.id
    yield Person(
        page=await context.new_page(),
        base=demo,
        address=f"{name}-{request.node.originalname[5:12]}@example.org",
        has_javascript=has_javascript,
        seen=seen,
    )
    await context.close()


async def test_a_person_signs_up_gets_tonight_s_reminder_and_leaves(person):
    await person.signs_up()
    await person.opens_the_mail("Please confirm your e-mail address")
    await person.looks_at_the_mail_itself()
    await person.follows_the_link_to("/confirm")
    await person.presses("Yes, send me reminders")
    await person.reads("at 19:00, Berlin time")

    await person.goes_to("/inbox")
    await person.presses("Next evening")
    await person.reads("The clock has moved.")
    await person.opens_the_mail("Your evening tip")
    await person.looks_at_the_mail_itself()

    await person.follows_the_link_to("/unsubscribe")
    await person.presses("Stop all mails")
    await person.reads("You will get no more mails")
    await person.goes_to("/inbox")
    await person.presses("Next evening")
    await person.reads("Nobody is waiting for a reminder yet.")


async def test_a_subscriber_changes_the_evening_and_takes_a_break(person):
    await person.joins()
    await person.opens_the_answers()

    await person.unfolds_the_form()
    await person.page.select_option("#time", "20:15")
    await person.page.locator("[name=red_flags][value=none]").check()
    await person.presses("Save my answers")
    await person.reads("at 20:15, Berlin time")
    await person.page.get_by_role("link", name="Back to your answers").click()
    await person.presses("Nothing has changed")
    await person.reads("Your answers count as fresh from today.")
    await person.page.get_by_role("link", name="Back to your answers").click()
    await person.page.get_by_role("link", name="Change time and days").click()
    await person.looks()
    await person.presses("Pause my reminders")
    await person.reads("No reminders until you come back to your page.")


async def test_a_reminder_that_was_passed_on_opens_no_answers(person):
    await person.joins()
    await person.gets_the_next_reminder()
    await person.follows_the_link_to("/manage")

    for words in (person.address, "Your health", "Alcohol"):
        await expect(person.page.get_by_text(words)).to_have_count(0)
    await person.page.locator("[name=frequency][value=second]").check()
    await person.presses("Save time and days")
    await person.reads("at 19:00, Berlin time")
    await person.page.get_by_role("link", name="Back to your reminders").click()
    await person.presses("Send me a link to my answers")
    await person.reads("A mail with a fresh link is on its way")
    await expect(person.page.get_by_text(person.address)).to_have_count(0)
    await person.goes_to("/manage/answers")
    await person.reads("Your answers open for an hour at a time")


async def test_a_change_of_answers_is_told_and_undone(person):
    await person.joins()
    await person.opens_the_answers()
    before = person.page.locator("[name=alcohol]:checked")
    said = await before.get_attribute("value")
    await person.says_that_they_drink_nothing()
    await person.reads("When answers change, a mail says so.")

    await person.opens_the_mail("Your answers were changed")
    await person.looks_at_the_mail_itself()
    await person.follows_the_link_to("/manage/undo")
    await person.presses("Undo the change")
    await person.reads("Your answers are as they were before.")
    await person.goes_to("/manage/answers")
    await person.reads("Your answers open for an hour at a time")
    await person.opens_the_mail("Your link")
    await person.looks_at_the_mail_itself()
    await person.follows_the_link_to("/manage/open")
    await person.presses("Open my answers")

    assert said != "alc_none"
    ticked = person.page.locator("[name=alcohol]:checked")
    await expect(ticked).to_have_attribute("value", said)


async def test_all_links_are_ended_but_unsubscribe(person):
    await person.joins()
    await person.gets_the_next_reminder()
    reminder = person.page.url
    await person.opens_the_answers()

    await person.presses("End all my links")
    await person.reads("No link in an earlier mail opens anything any more")

    await person.page.goto(reminder)
    await person.follows_the_link_to("/manage")
    await person.reads("This link does not work any more")
    await person.page.goto(reminder)
    await person.follows_the_link_to("/unsubscribe")
    await person.presses("Stop all mails")
    await person.reads("You will get no more mails")


async def test_slips_are_shown_and_what_was_answered_stays(person):
    await person.goes_to("/")
    await person.unfolds_the_form()
    await person.fills_in_the_form()
    await person.page.fill("#email", "no address")
    await person.page.locator("#consent_mail").uncheck()
    await person.presses("Sign up")

    summary = person.page.get_by_role("alert")
    await expect(summary).to_be_focused()
    await expect(summary.get_by_role("link")).to_have_count(2)
    await expect(person.page.locator("#email")).to_have_value("no address")
    await expect(person.page.locator("#consent_health")).to_be_checked()
    await summary.get_by_role("link").first.click()
    await expect(person.page.locator("#email")).to_be_focused()
    await person.page.fill("#email", person.address)
    await person.page.locator("#consent_mail").check()
    await person.presses("Sign up")
    await person.reads("Open it and press the button in it.")


async def test_a_warning_sign_leads_to_help_before_anything_else(person):
    await person.goes_to("/")
    await person.page.locator("[name=red_flags][value=cold_leg]").check()
    await person.unfolds_the_form()
    await person.page.select_option("#country", "GB")
    await person.presses("Sign up")

    await person.reads("Call 999 now")
    await person.reads("We have kept none of them")


async def test_the_signs_in_pregnancy_are_for_those_who_may_be_pregnant(person):
    await person.goes_to("/")
    await person.unfolds_the_form()
    await person.fills_in_the_form()
    signs = person.page.locator(".expecting")
    await expect(signs).to_be_hidden()
    await person.page.locator("[name=pregnancy][value=unknown]").check()
    await expect(signs).to_be_visible()
    await person.looks()

    await person.page.locator("[name=red_flags][value=expecting_head]").check()
    await person.presses("Sign up")
    await person.reads("call your maternity unit now")
    await person.presses("Back to my answers")

    await expect(person.page.locator("#email")).to_have_value(person.address)
    ticked = person.page.locator("[name=red_flags]:checked")
    await expect(ticked).to_have_count(0)


async def test_who_was_never_asked_answers_one_question_and_takes_it_back(person):
    await person.signs_up_on_a_page_of_before_the_upgrade()
    await person.opens_the_mail("Please confirm your e-mail address")
    await person.follows_the_link_to("/confirm")
    await person.presses("Yes, send me reminders")
    await person.goes_to("/inbox")
    await person.presses("Next evening")
    await person.opens_the_mail("Your evening tip")
    await person.looks_at_the_mail_itself()

    await person.follows_the_link_to("/manage/question")
    await person.presses("Send my answer")
    await person.reads("Choose one answer.")
    await person.page.get_by_label("No", exact=True).check()
    await person.presses("Send my answer")
    await person.reads("Your answer is kept.")

    await person.opens_the_mail("Your answers were changed")
    await person.looks_at_the_mail_itself()
    await person.follows_the_link_to("/manage/undo")
    await person.presses("Undo the change")
    await person.reads("The change is undone")


async def test_every_other_page_is_open_to_everyone(person):
    for path in OTHER_PAGES:
        await person.goes_to(path)
        await expect(person.page.get_by_role("heading", level=1)).to_be_visible()


async def test_a_link_in_the_shown_mail_opens_its_page(demo, browser, seen):
    context = await browser.new_context(timezone_id="Europe/Berlin")
    page = await context.new_page()
    person = Person(
        page=page,
        base=demo,
        address="frame@example.org",
        has_javascript=True,
        seen=seen,
    )
    await person.signs_up()
    await person.opens_the_mail("Please confirm your e-mail address")
    async with context.expect_page() as opened:
        await page.frame_locator("iframe").get_by_role("link").first.click()
    tab = await opened.value
    await tab.get_by_role("button", name="Yes, send me reminders").click()

    await expect(tab.get_by_role("heading", name="You are in")).to_be_visible()
    await context.close()
