"""Lives below a path of a host, in Chromium, behind a real nginx with the handbook's lines.

nginx notes whatever is asked of it: nothing but the pages, and no icon either.
"""

import re
import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, expect

from service.clock import SystemClock
from service.commands.demo import Stage, staged
from service.domain.operators import Role
from service.domain.second_factor import code_at
from service.flows import operators
from service.keys import keys, new_keys
from service.passwords import Passwords
from service.settings import SecretsSettings
from service.web.operator.access import PLACES
from service.web.server import bound
from tests.commands.authority import Authority
from tests.conftest import ADOPT, administer, created, dropped
from tests.e2e import nginx
from tests.e2e.consoles import PASSWORD, AtConsole
from tests.e2e.mailserver import free_port
from tests.e2e.phones import CONFIRMATION, OWN, Mail, Mailbox, Phone
from tests.e2e.test_clocks import AtTheForm
from tests.e2e.test_console_accounts import sets_up_a_second_factor
from tests.e2e.test_from_form_to_inbox import PATIENCE_MS

pytestmark = [
    pytest.mark.browser,
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(bool(nginx.missing()), reason=nginx.missing() or "it can run"),
]
#: What a person who makes one slip in a form, and nothing else wrong, is answered with.
#: 499 is nginx's own: the browser went on to another page before it had the answer.
WELL = {"200", "303", "422", "499"}
#: The one page that is reached by another: /cramps, typed without a slash.
TYPED = ("301", nginx.PREFIX)


@dataclass(frozen=True, kw_only=True)
class Town:
    """A demo below a path of a host, and browsers for whoever comes."""

    stage: Stage
    host: nginx.Host
    browser: Browser

    @property
    def base(self) -> str:
        return self.stage.base_url

    async def visitor(self, *, has_script: bool) -> BrowserContext:
        context = await self.browser.new_context(
            viewport={"width": 360, "height": 740},
            ignore_https_errors=True,
            java_script_enabled=has_script,
            timezone_id="Europe/Berlin",
        )
        context.set_default_timeout(2 * PATIENCE_MS)
        return context

    def stayed_below(self) -> set[str]:
        """The pages that were asked for; all were there, and nothing else was asked for."""
        asked = [one for one in self.host.asked_below() if one != TYPED]
        assert [one for one in asked if one[0] not in WELL] == []
        assert self.host.asked_elsewhere() == []
        assert all(path.startswith(f"{nginx.PREFIX}/") for _, path in asked)
        return {path.removeprefix(nginx.PREFIX).partition("?")[0] for _, path in asked}


@pytest.fixture
def home():
    # Not pytest's folder: as root, PostgreSQL's own user must be able to reach it.
    with tempfile.TemporaryDirectory(prefix="eventide-nginx-") as folder:
        Path(folder).chmod(0o711)
        yield Path(folder)


@pytest_asyncio.fixture(
    loop_scope="session", params=[True, False], ids=["passes on", "strips"]
)
async def town(
    request, home, database_server, template_database, browser
) -> AsyncIterator[Town]:
    name = f"below_{uuid4().hex[:12]}"
    url = await created(database_server, name, template=template_database)
    await administer(url, ADOPT)
    Authority(home, now=SystemClock().now()).server("localhost")
    secrets = SecretsSettings.model_validate({"keys": new_keys(name="1")})
    async with AsyncExitStack() as stack:
        listener = bound("127.0.0.1", 0)
        host = await stack.enter_async_context(
            nginx.nginx(
                home,
                home / "localhost-90.pem",
                port=free_port(),
                web=listener.getsockname()[1],
                passes_on=request.param,
            )
        )
        stage = await stack.enter_async_context(
            staged(listener, base_url=host.base_url, url=url, keys=keys(secrets))
        )
        yield Town(stage=stage, host=host, browser=browser)
    await dropped(database_server, name)


async def cookies_of(context: BrowserContext) -> dict[str, str]:
    return {str(one["name"]): str(one["path"]) for one in await context.cookies()}


async def is_styled(phone: Phone) -> bool:
    """Whether our own style counts, not the browser's alone."""
    width = "getComputedStyle(document.querySelector('main')).maxWidth"
    return await phone.page.evaluate(width) != "none"


async def joins(ada: Phone, mailbox: Mailbox) -> Mail:
    """Ada, after a slip, signs up and confirms; her first reminder."""
    await ada.goes_to(ada.base)
    assert await is_styled(ada)
    await ada.presses("Sign up")
    await expect(ada.page).to_have_url(re.compile("/cramps/signup"))
    await ada.signs_up(mailbox.address, OWN)
    await ada.follows(await mailbox.newest(CONFIRMATION), "/confirm")
    await ada.presses("Yes, send me reminders")
    await ada.reads("You are in")
    return await mailbox.next_reminder()


async def changes_the_evening_and_asks_for_a_link(ada: Phone) -> None:
    await ada.page.select_option("#time", "20:00")
    await ada.presses("Save time and days")
    await ada.page.get_by_role("link", name="Back to your reminders").click()
    await ada.presses("Send me a link to my answers")


async def changes_an_answer(ada: Phone) -> None:
    await ada.presses("Open my answers")
    await ada.page.locator("[name=alcohol][value=alc_none]").check()
    await ada.page.locator("[name=red_flags][value=none]").check()
    await ada.presses("Save my answers")
    await ada.reads("Your answers are saved")


async def test_a_subscriber_s_whole_life(town):
    context = await town.visitor(has_script=False)
    ada = Phone(
        page=await context.new_page(),
        base=town.base,
        gave_answers=True,
        has_script=False,
    )
    async with httpx.AsyncClient(base_url=town.base, verify=False) as client:  # noqa: S501
        mailbox = Mailbox(client=client, address="ada@example.org")
        reminder = await joins(ada, mailbox)
        await ada.follows(reminder, "/manage")
        await changes_the_evening_and_asks_for_a_link(ada)
        await ada.follows(await mailbox.newest("Your link"), "/manage/open")
        await changes_an_answer(ada)
        told = await mailbox.newest("Your answers were changed")
        await ada.follows(told, "/manage/undo")
    await ada.presses("Undo the change")
    await ada.reads("The change is undone")
    await ada.follows(reminder, "/unsubscribe")
    await ada.presses("Stop all mails")
    await ada.reads("You will get no more mails")

    assert town.stayed_below() >= {
        *("/", "/static/eventide.css", "/signup", "/confirm", "/manage"),
        *("/manage/open", "/manage/answers", "/manage/undo", "/unsubscribe", "/inbox"),
    }
    assert await cookies_of(context) == {
        "__Secure-eventide-form": "/cramps/",
        "__Secure-eventide-page": "/cramps/",
    }
    await context.close()


async def test_with_a_script_nothing_more_is_asked_for(town):
    context = await town.visitor(has_script=True)
    page = await context.new_page()
    somebody = AtTheForm(page, f"{town.base}/", "bo@example.org")
    await somebody.fills_in("DE")
    await somebody.presses("Sign up")
    await somebody.reads("Check your inbox")
    await page.goto(f"{town.base}/inbox")
    async with page.expect_response(f"{town.base}/inbox") as polled:
        pass

    assert (await polled.value).ok
    assert town.stayed_below() >= {"/static/eventide.js", "/inbox"}
    await context.close()


async def sets_it_up(ada: AtConsole, town: Town) -> str:
    """A second factor, and one of its recovery codes."""
    secret = await sets_up_a_second_factor(ada)
    code = code_at(secret, town.stage.parts.clock.now())
    await ada.page.get_by_label("The code that the app shows now").fill(code)
    await ada.presses("Use it from now on")
    recovery = await ada.page.locator(".recovery li").first.inner_text()
    await ada.page.get_by_role("link", name="I have kept them").click()
    return recovery


async def goes_about(ada: AtConsole) -> None:
    for path, name, _ in PLACES:
        await ada.page.get_by_role("link", name=name, exact=True).first.click()
        await expect(ada.page).to_have_url(ada.base + path)
        await expect(ada.page.get_by_role("heading", level=1)).to_be_visible()
    await ada.goes_to("/operator/preview")
    await ada.presses("Show the mail")
    await ada.goes_to("/operator/people")
    await ada.page.get_by_label("Find a person").fill("nobody@example.org")
    await ada.presses("Find")
    await ada.goes_to("/operator/pause")
    await ada.presses("Pause all mail")
    await expect(ada.page).to_have_url(f"{ada.base}/operator")


async def test_an_operator_s_whole_life(town, pictures):
    parts = town.stage.parts
    account, now = ("ada", Role.ADMIN, PASSWORD), parts.clock.now()
    await operators.add(parts.store, Passwords(), account, by="cli:root", now=now)
    context = await town.visitor(has_script=True)
    page = await context.new_page()
    ada = AtConsole(page=page, base=town.base, pictures=pictures, name="below-a-path")
    await ada.goes_to("/operator/audit?before=9")
    await ada.types_in("ada")
    await expect(page).to_have_url(f"{town.base}/operator/audit?before=9")
    recovery = await sets_it_up(ada, town)
    await goes_about(ada)
    await ada.presses("Sign out")
    await expect(page).to_have_url(f"{town.base}/operator/login")
    await ada.signs_in("ada", code=recovery)
    kept = await cookies_of(context)
    await ada.presses("Sign out")
    await expect(page).to_have_url(f"{town.base}/operator/login")

    assert town.stayed_below() >= {path for path, _, _ in PLACES} | {
        *("/static/console.css", "/operator/login", "/operator/logout"),
        "/operator/account/second-factor",
    }
    assert kept == {
        "__Secure-eventide": "/cramps/",
        "__Secure-eventide-known": "/cramps/",
    }
    await context.close()


async def test_what_is_for_operators_tools_is_not_shown_outside(town):
    context = await town.visitor(has_script=False)
    page = await context.new_page()

    statuses = []
    for path in ("/metrics", "/health/ready", "/metrics/", "/care"):
        answer = await page.goto(town.base + path)
        assert answer
        statuses.append(answer.status)

    assert statuses == [404, 404, 404, 200]
    await context.close()
