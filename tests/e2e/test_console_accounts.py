"""Operators' accounts in a browser: as each role, with and without a second factor.

Screens of both sizes, by day and by night, and once without JavaScript.
"""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect

from service import app as composition
from service.domain.operators import Role
from service.domain.second_factor import code_at
from service.flows import operators
from service.keys import keys, new_keys
from service.settings import SecretsSettings, read
from service.web.app import create_app
from service.web.server import bound, serving
from tests.builders import NOON
from tests.conftest import created, dropped
from tests.e2e.consoles import PASSWORD, AtConsole
from tests.fakes import StoppedClock

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SCREENS = {"desktop-light": (1280, 900), "phone-dark": (360, 740)}
PLACES = ["Tonight", "Not sent", "Deliverability", "People", "Catalogue", "Preview"]
ADMINS_PLACES = ["Audit log", "Operators"]


class Office:
    """A console with an account for each role, and the clock that it goes by."""

    def __init__(self, base, clock, site):
        self.base = base
        self.clock = clock
        self.site = site

    async def hire(self, name, role):
        site = self.site
        account = (name, role, PASSWORD)
        await operators.add(
            site.store, site.passwords, account, by="cli:root", now=self.clock.now()
        )


@pytest_asyncio.fixture(loop_scope="session")
async def office(database_server, template_database) -> AsyncIterator[Office]:
    name = f"office_{uuid4().hex[:12]}"
    url = await created(database_server, name, template=template_database)
    listener = bound("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = composition.kept_here(read(), base_url=base, smtp_port=1)
    secrets = SecretsSettings.model_validate({"keys": new_keys(name="1")})
    clock = StoppedClock(NOON)
    async with composition.opened(settings, url=url, keys=keys(secrets)) as parts:
        site = replace(composition.site(parts), clock=clock)
        found = Office(base, clock, site)
        for role in Role:
            await found.hire(str(role), role)
        async with serving(create_app(site), listener):
            yield found
    await dropped(database_server, name)


@pytest_asyncio.fixture(loop_scope="session", params=SCREENS)
async def somebody(request, office, browser: Browser, pictures):
    width, height = SCREENS[request.param]
    context = await browser.new_context(
        viewport={"width": width, "height": height},
        color_scheme="dark" if "dark" in request.param else "light",
    )
    page = await context.new_page()
    yield AtConsole(page=page, base=office.base, pictures=pictures, name=request.param)
    await context.close()


@pytest_asyncio.fixture(loop_scope="session")
async def without_javascript(office, browser: Browser, pictures):
    context = await browser.new_context(java_script_enabled=False)
    page = await context.new_page()
    yield AtConsole(page=page, base=office.base, pictures=pictures, name="no-script")
    await context.close()


@pytest.mark.parametrize("role", Role)
async def test_each_role_is_shown_its_places_and_kept_from_the_others(somebody, role):
    await somebody.signs_in(role)

    links = somebody.page.get_by_role("navigation", name="Console").get_by_role("link")
    expected = PLACES + (ADMINS_PLACES if role is Role.ADMIN else [])
    await expect(links).to_have_text(expected)
    await somebody.goes_to("/operator/operators")
    kept_out = somebody.page.get_by_role("heading", name="Not for your role")
    await expect(kept_out).to_have_count(0 if role is Role.ADMIN else 1)
    await somebody.looks(f"operators-as-{role}")


async def test_whoever_types_something_wrong_learns_no_more_than_that(somebody):
    await somebody.goes_to("/operator/audit?before=9")
    await somebody.looks("login")
    await somebody.types_in("nobody")
    await somebody.reads("Name, password and code do not go together.")
    await somebody.looks("login-refused")
    await somebody.types_in("admin")

    await expect(somebody.page).to_have_url(f"{somebody.base}/operator/audit?before=9")
    await somebody.looks("audit")


async def sets_up_a_second_factor(at: AtConsole) -> str:
    await at.page.get_by_role("link", name="your account").click()
    await at.page.get_by_role("link", name="Set it up").click()
    await at.page.get_by_label("Your password").fill(PASSWORD)
    await at.presses("Continue")
    secret = (await at.page.locator(".secret").inner_text()).replace(" ", "")
    await expect(at.page.get_by_role("img", name="QR code")).to_be_visible()
    return secret


async def test_an_operator_sets_a_second_factor_up_and_signs_in_with_it(
    somebody, office
):
    await somebody.signs_in(Role.OPERATOR)
    secret = await sets_up_a_second_factor(somebody)
    await somebody.looks("second-factor")
    await somebody.page.get_by_label("The code that the app shows now").fill("000000")
    await somebody.presses("Use it from now on")
    await somebody.reads("This is not the code that the app shows now.")
    await somebody.looks("second-factor-refused")
    code = code_at(secret, office.clock.now())
    await somebody.page.get_by_label("The code that the app shows now").fill(code)
    await somebody.presses("Use it from now on")
    await somebody.reads("They are shown this once.")
    recovery = await somebody.page.locator(".recovery li").first.inner_text()
    await somebody.looks("recovery-codes")
    await somebody.page.get_by_role("link", name="I have kept them").click()
    await somebody.goes_to("/operator/account")
    await somebody.reads("Recovery codes left: 10.")
    await somebody.looks("account")

    await somebody.presses("Sign out")
    await somebody.types_in(Role.OPERATOR, code=code)
    await somebody.reads("A code works once; wait for the next one.")
    office.clock.move(timedelta(seconds=30))
    await somebody.signs_in(Role.OPERATOR, code=code_at(secret, office.clock.now()))
    await somebody.presses("Sign out")
    await somebody.signs_in(Role.OPERATOR, code=recovery)


async def test_the_page_that_begins_a_second_factor_fits_and_faults_nobody(somebody):
    await somebody.signs_in(Role.OPERATOR)
    await somebody.goes_to("/operator/account/second-factor")
    await somebody.looks("second-factor-begun")


async def test_an_admin_adds_an_operator_and_keeps_their_account(somebody):
    await somebody.signs_in(Role.ADMIN)
    await somebody.page.get_by_role("link", name="Operators").click()
    await somebody.page.get_by_label("Sign-in name or e-mail").fill("bob@example.org")
    await somebody.page.get_by_label("First password").fill("short")
    await somebody.page.get_by_label("Your own password").fill(PASSWORD)
    await somebody.presses("Add")
    await somebody.reads("Use at least 12 characters")
    await somebody.looks("operators-refused")
    await somebody.page.get_by_label("First password").fill(PASSWORD)
    await somebody.page.get_by_label("Role").select_option("operator")
    await somebody.page.get_by_label("Your own password").fill(PASSWORD)
    await somebody.presses("Add")
    await somebody.reads("They may sign in now.")
    await somebody.looks("one-operator")
    await somebody.page.get_by_label("Your own password").last.fill(PASSWORD)
    await somebody.presses("Disable")
    await somebody.reads("They are signed out, and cannot sign in any more.")

    await somebody.page.get_by_role("link", name="Audit log").click()
    await somebody.reads("operator disabled")


async def test_everything_works_without_javascript(without_javascript, office):
    at = without_javascript
    await at.signs_in(Role.VIEWER)
    secret = await sets_up_a_second_factor(at)
    code = code_at(secret, office.clock.now())
    await at.page.get_by_label("The code that the app shows now").fill(code)
    await at.presses("Use it from now on")
    await at.reads("They are shown this once.")
    await at.goes_to("/operator/account")
    form = at.page.locator("section").filter(has_text="Change it")
    await form.get_by_label("Your password now").fill(PASSWORD)
    await form.get_by_label("New password", exact=True).fill("eight loud geese at dawn")
    await form.get_by_label("New password, again").fill("eight loud geese at dawn")
    await at.presses("Change it")
    await at.reads("Your password is changed.")
    await at.presses("Sign out")

    await expect(at.page).to_have_url(f"{at.base}/operator/login")


async def test_a_form_on_another_site_is_sent_in_vain(somebody, office):
    """Another site: a page of nobody's, whose own policy forbids it nothing."""
    await somebody.signs_in(Role.ADMIN)
    await somebody.page.goto("about:blank")
    await somebody.page.set_content(
        f"<form method=post action={office.base}/operator/logout><button>Win</button>"
    )
    # Its answer is in before anything else is asked for.
    async with somebody.page.expect_navigation():
        await somebody.page.get_by_role("button").click()
    await somebody.goes_to("/operator/account")

    await somebody.reads("Your account")
