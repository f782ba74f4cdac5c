"""People who sign up on a phone without JavaScript, and the mailbox of an address.

What a phone shows that is not its owner's is looked at on every page: no health answer
may be on it. Taps and pages are counted, so that a way that grows is seen.
"""

import asyncio
import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import unescape

import httpx
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

from tests.e2e.consoles import RULES

#: A confirmation takes two seconds; this is for a machine that is very busy.
PATIENCE_SECONDS = 60
AGAIN_SECONDS = 0.1
CONFIRMATION, REMINDER = "Please confirm your e-mail address", "Your evening tip"
#: What the owner of the answers ticks, beside what everybody must say.
OWN = {"conditions": "kidney", "medicines": "med_statin", "alcohol": "alc_recovery"}
NONE = {"conditions": "none", "medicines": "none", "alcohol": "alc_low"}
#: The words that the pages have for these.
OWN_WORDS = ("Kidney disease", "A statin", "recovery", "too little to drink")
FORM = (
    "#adult",
    "[name=red_flags][value=none]",
    "[name=causes][value=dehydration]",
    "[name=pregnancy][value=no]",
    "[name=severe][value=no]",
    "[name=frequency][value=every]",
    "[name=stretching][value=standing]",
    "#consent_health",
    "#consent_mail",
    "#consent_general",
)
HEALTH = ("causes", "conditions", "pregnancy", "medicines", "alcohol", "severe")
TICKED = f"#form :is({', '.join(f'[name={name}]' for name in HEALTH)}):checked"
TOO_WIDE = "document.documentElement.scrollWidth > window.innerWidth"
#: A mail of the list, newest first, and the text part of one.
LISTED = re.compile(
    r'<a href="/inbox/(\d+)"><strong>([^<]*)</strong>\s*<span[^>]*>to (\S+),'
)
TEXT = re.compile(r"<pre[^>]*>(.*?)</pre>", re.DOTALL)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as it was caught."""

    number: int
    subject: str
    text: str

    def link(self, path: str) -> str:
        """Its link to a page."""
        found = re.search(rf"\S+{path}\?token=\S+", self.text)
        assert found, self.text
        return found[0]

    @property
    def words(self) -> str:
        """Its text without line breaks."""
        return " ".join(self.text.split())


@dataclass(frozen=True, kw_only=True)
class Mailbox:
    """The mails to one address, and the demo's clock."""

    client: httpx.AsyncClient
    address: str

    async def newest(self, subject: str, *, of: int = 1) -> Mail:
        """The newest mail with this subject, once there are so many."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            # A mail tells nobody here that it has come.
            while len(found := await self._numbers(subject)) < of:  # noqa: ASYNC110
                await asyncio.sleep(AGAIN_SECONDS)
        return await read(self.client, found[0], subject)

    async def next_reminder(self) -> Mail:
        """The reminder of the next evening, on which nobody else waits for one."""
        before = await self._numbers(REMINDER)
        moved = await self.client.post("/inbox/next-evening")
        assert moved.headers["Location"] == "/inbox?moved=yes"
        return await self.newest(REMINDER, of=len(before) + 1)

    async def _numbers(self, subject: str) -> list[int]:
        return [
            number
            for number, title, address in await listed(self.client)
            if (title, address) == (subject, self.address)
        ]


async def listed(client: httpx.AsyncClient) -> list[tuple[int, str, str]]:
    """Every caught mail, newest first: number, subject and address."""
    page = await client.get("/inbox")
    found = LISTED.findall(unescape(page.text))
    return [(int(number), subject, address) for number, subject, address in found]


async def read(client: httpx.AsyncClient, number: int, subject: str) -> Mail:
    """The caught mail with this number."""
    page = await client.get(f"/inbox/{number}", params={"view": "text"})
    found = TEXT.search(page.text)
    assert found, page.text
    return Mail(number=number, subject=subject, text=unescape(found[1]))


@dataclass(kw_only=True)
class Phone:
    """A browser, how often its owner tapped, and how many pages that took.

    `gave_answers`: they are this phone's own, which may show them.
    """

    page: Page
    base: str
    gave_answers: bool
    has_script: bool
    taps: int = 0
    pages: int = 0

    async def goes_to(self, address: str) -> None:
        """A page that is typed in."""
        await self.page.goto(address)
        await self._looks()

    async def follows(self, mail: Mail, path: str) -> None:
        """The button of a mail that leads to this page."""
        self.taps += 1
        await self.goes_to(mail.link(path))

    async def ticks(self, selector: str) -> None:
        self.taps += 1
        await self.page.locator(selector).check()

    async def types(self, selector: str, words: str) -> None:
        self.taps += 1
        await self.page.fill(selector, words)

    async def presses(self, name: str) -> None:
        self.taps += 1
        async with self.page.expect_navigation(timeout=PATIENCE_SECONDS * 1000):
            await self.page.get_by_role("button", name=name, exact=True).click()
        await self._looks()

    async def reads(self, words: str) -> None:
        await expect(self.page.get_by_text(words).first).to_be_visible()

    async def does_not_read(self, *words: str) -> None:
        shown = (await self.page.content()).casefold()
        assert not [word for word in words if word.casefold() in shown], self.page.url

    async def unfolds_its_answers(self) -> None:
        """Those on the page of the confirmation; it is no tap that anybody must make."""
        await self.page.get_by_text("Your answers", exact=True).click()
        for word in OWN_WORDS:
            await self.reads(word)

    async def signs_up(self, address: str, said: dict[str, str]) -> str:
        """Fill in the form and send it; the code on the page that follows."""
        await self.goes_to(self.base)
        for tick in FORM:
            await self.ticks(tick)
        for name, value in said.items():
            await self.ticks(f"[name={name}][value={value}]")
        self.taps += 1
        await self.page.select_option("#country", "DE")
        await self.types("#email", address)
        await self.presses("Sign up")
        return await self.page.locator("p.code").inner_text()

    async def opens_answers(self, mailbox: Mailbox, *, of: int = 1) -> None:
        """By a fresh link, which is asked for by address and pressed."""
        await self.goes_to(f"{self.base}/manage")
        await self.types("#email", mailbox.address)
        await self.presses("Send me my link")
        await self.follows(await mailbox.newest("Your link", of=of), "/manage/open")
        await self.presses("Open my answers")

    async def _looks(self) -> None:
        self.pages += 1
        assert not await self.page.evaluate(TOO_WIDE), self.page.url
        if not self.gave_answers:
            await self._shows_nothing()
        if self.has_script:
            await self._axe()

    async def _shows_nothing(self) -> None:
        """A form asks with these words, so nothing may be ticked; else none are there."""
        if await self.page.locator("#form").count():
            await expect(self.page.locator(TICKED)).to_have_count(0)
        else:
            await self.does_not_read(*OWN_WORDS)

    async def _axe(self) -> None:
        await self.page.wait_for_load_state("load")
        results = await Axe().run(self.page, options={"runOnly": RULES})
        found = [
            (violation["id"], violation["nodes"][0]["html"])
            for violation in results.response["violations"]
        ]
        assert found == [], f"{self.page.url}: {found}"


def way(phones: Iterable[Phone]) -> tuple[int, int]:
    """How many taps and pages a way took, over all phones."""
    gone = tuple(phones)
    return sum(phone.taps for phone in gone), sum(phone.pages for phone in gone)
