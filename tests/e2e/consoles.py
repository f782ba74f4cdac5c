"""Somebody who runs the service, at a browser."""

import re
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

PASSWORD = "seven quiet owls at dusk"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


@dataclass(frozen=True, kw_only=True)
class AtConsole:
    """Somebody who runs the service, at a browser."""

    page: Page
    base: str
    pictures: Path
    name: str

    async def signs_in(self, name: str, *, code: str = "") -> None:
        await self.goes_to("/operator")
        await self.types_in(name, code=code)
        await expect(self.page).to_have_url(f"{self.base}/operator")

    async def types_in(self, name: str, *, code: str = "") -> None:
        """What the sign-in page asks for."""
        await self.page.get_by_label("Name").fill(name)
        await self.page.get_by_label("Password").fill(PASSWORD)
        await self.page.get_by_label("Code of your authenticator app").fill(code)
        await self.presses("Sign in")

    async def goes_to(self, path: str) -> None:
        await self.page.goto(self.base + path)

    async def presses(self, name: str) -> None:
        await self.page.get_by_role("button", name=name, exact=True).first.click()

    async def reads(self, words: str | re.Pattern[str]) -> None:
        await expect(self.page.get_by_text(words).first).to_be_visible()

    async def looks(self, called: str) -> None:
        """At the page: it fits the window, and axe-core finds no fault in it."""
        await self.page.wait_for_load_state("load")
        file = self.pictures / f"console-{called}-{self.name}.png"
        await self.page.screenshot(path=file, full_page=True)
        too_wide = "document.documentElement.scrollWidth > window.innerWidth"
        assert not await self.page.evaluate(too_wide), called
        results = await Axe().run(self.page, options={"runOnly": RULES})
        found = [
            (violation["id"], violation["nodes"][0]["html"])
            for violation in results.response["violations"]
        ]
        assert found == [], f"{called}: {found}"
