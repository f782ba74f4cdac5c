"""Somebody who runs the service, at a browser."""

import re
from dataclasses import dataclass
from pathlib import Path

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, expect

PASSWORD = "seven quiet owls at dusk"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

#: Words of a table's head that stand on two lines.
BROKEN_HEADINGS = r"""() => [...document.querySelectorAll("thead th")].flatMap(th => {
  const text = th.firstChild;
  return [...(text?.data ?? "").matchAll(/\S+/g)].filter(word => {
    const range = document.createRange();
    range.setStart(text, word.index);
    range.setEnd(text, word.index + word[0].length);
    // A first letter of its own style is a box of its own, on the same line.
    return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
  }).map(word => word[0]);
})"""
#: Lines of the navigation that one would have to scroll sideways for.
HIDDEN_PLACES = """() => [...document.querySelectorAll("header nav a")]
  .filter(a => a.getBoundingClientRect().right > window.innerWidth)
  .map(a => a.textContent)"""


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
        assert await self.page.evaluate(BROKEN_HEADINGS) == [], called
        assert await self.page.evaluate(HIDDEN_PLACES) == [], called
        results = await Axe().run(self.page, options={"runOnly": RULES})
        found = [
            (violation["id"], violation["nodes"][0]["html"])
            for violation in results.response["violations"]
        ]
        assert found == [], f"{called}: {found}"
