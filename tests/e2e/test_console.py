"""The operator console in a browser, as each role, over three evenings of a town.

CONSOLE_PICTURES names a folder for pictures of every page, as in docs/images.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
from playwright.async_api import Browser, expect
from pydantic import SecretStr

from service import app as composition
from service.domain.operators import Role
from service.flows import operators
from service.keys import keys, new_keys
from service.settings import SecretsSettings, read
from service.web.app import create_app
from service.web.server import bound, serving
from tests.conftest import ADOPT, administer, created, dropped
from tests.e2e.consoles import PASSWORD, AtConsole
from tests.e2e.evening import BEGINS, MAILBOXES, NOW, lived, mailboxes
from tests.fakes import StoppedClock

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]

SIZES = {"phone": (360, 740), "desktop": (1280, 900)}
FIGURES = {
    "tonight": "/operator",
    "night-back": "/operator?night=2026-11-22",
    "bounces": "/operator/bounces",
    "deliverability": "/operator/deliverability",
    "catalogue": "/operator/catalogue",
    "catalogue-part": "/operator/catalogue?cause=2&theme=1",
    "preview-form": "/operator/preview",
}
PEOPLE = {
    "people": "/operator/people",
    "person": "/operator/people/18",
    "person-suppressed": "/operator/people/8",
    "person-refused": "/operator/people/10",
    "missed": "/operator/bounces/missed",
}
ACTS = {
    "erase": "/operator/people/18/erase",
    "undo": "/operator/bounces/undo",
    "pause": "/operator/pause",
}


def address(number):
    return f"person{number}@{MAILBOXES[number % len(MAILBOXES)]}"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def town(database_server, template_database) -> AsyncIterator[str]:
    """The address of a console that looks at the middle of a town's third evening."""
    name = f"town_{uuid4().hex[:12]}"
    url = await created(database_server, name, template=template_database)
    await administer(url, ADOPT)
    listener = bound("127.0.0.1", 0)
    base = f"http://127.0.0.1:{listener.getsockname()[1]}"
    settings = composition.kept_here(read(), base_url=base, smtp_port=1)
    secrets = SecretsSettings(keys=SecretStr(new_keys(name="1")))
    clock = StoppedClock(BEGINS)
    async with composition.opened(settings, url=url, keys=keys(secrets)) as parts:
        async with mailboxes() as port:
            await lived(parts.store, parts.library, parts.letters, clock, port)
        site = replace(composition.site(parts), clock=clock)
        for role in Role:
            account = (str(role), role, PASSWORD)
            await operators.add(
                site.store, site.passwords, account, by="cli:root", now=NOW
            )
        async with serving(create_app(site), listener):
            yield base
    await dropped(database_server, name)


@pytest_asyncio.fixture(loop_scope="session", params=["light", "dark"])
async def theme(request) -> str:
    return str(request.param)


@pytest_asyncio.fixture(loop_scope="session")
async def somebody(town, browser: Browser, pictures) -> AsyncIterator[AtConsole]:
    """Somebody at a desktop, in daylight."""
    context = await browser.new_context(viewport={"width": 1280, "height": 900})
    page = await context.new_page()
    yield AtConsole(page=page, base=town, pictures=pictures, name="desktop-light")
    await context.close()


@pytest_asyncio.fixture(loop_scope="session", params=SIZES)
async def onlooker(
    request, theme, town, browser: Browser, pictures
) -> AsyncIterator[AtConsole]:
    """Somebody with a screen of some size, in daylight or at night."""
    width, height = SIZES[request.param]
    context = await browser.new_context(
        viewport={"width": width, "height": height}, color_scheme=theme
    )
    yield AtConsole(
        page=await context.new_page(),
        base=town,
        pictures=pictures,
        name=f"{request.param}-{theme}",
    )
    await context.close()


async def previews_kidneys(at: AtConsole) -> None:
    await at.goes_to("/operator/preview")
    await at.page.locator("[name=causes][value=not_sure]").uncheck()
    await at.page.locator("[name=causes][value=dehydration]").check()
    await at.page.locator("[name=conditions][value=none]").uncheck()
    await at.page.locator("[name=conditions][value=kidney]").check()
    await at.presses("Show the mail")
    await at.reads("Safety rules that fired")


async def test_every_page_fits_every_screen_and_has_no_barrier(onlooker):
    await onlooker.signs_in(Role.ADMIN)
    for called, path in {**FIGURES, **PEOPLE, **ACTS}.items():
        await onlooker.goes_to(path)
        await expect(onlooker.page.get_by_role("heading", level=1)).to_be_visible()
        await onlooker.looks(called)

    await previews_kidneys(onlooker)
    await onlooker.looks("preview")
    await onlooker.goes_to("/operator/people/18")
    await onlooker.presses("Show what is sealed")
    await onlooker.looks("person-opened")
    await onlooker.goes_to("/operator/bounces/undo")
    await onlooker.presses("See who it would be")
    await onlooker.reads("1 person")
    await onlooker.looks("undo-ahead")
    await onlooker.goes_to("/operator/bounces")
    await onlooker.page.get_by_role("button", name="Open").first.click()
    await onlooker.looks("returned-mail")


async def test_a_viewer_sees_figures_and_how_people_fare_and_nothing_they_answered(
    somebody,
):
    await somebody.signs_in(Role.VIEWER)

    places = somebody.page.get_by_role("navigation", name="Console")
    await expect(places.get_by_role("link", name="Audit log")).to_have_count(0)
    await expect(somebody.page.get_by_text("Pause all mail")).to_have_count(0)
    for path in {**FIGURES, **PEOPLE}.values():
        await somebody.goes_to(path)
        await expect(somebody.page.get_by_role("heading", level=1)).to_be_visible()
        await expect(somebody.page.get_by_text("What can be done")).to_have_count(0)
        await expect(somebody.page.get_by_text("What is sealed")).to_have_count(0)
    for path in ACTS.values():
        answer = await somebody.page.goto(somebody.base + path)
        assert answer is not None
        assert answer.status == 403, path
    await previews_kidneys(somebody)
    frame = somebody.page.frame_locator("iframe")
    await expect(frame.get_by_role("heading", name="Your evening tip")).to_be_visible()


async def test_the_mail_in_the_preview_looks_as_it_would_in_a_mailbox(somebody):
    await somebody.signs_in(Role.VIEWER)
    await previews_kidneys(somebody)

    body = somebody.page.frame_locator("iframe").locator("body")
    ground = await body.evaluate("node => getComputedStyle(node).backgroundColor")
    assert ground not in ("rgba(0, 0, 0, 0)", "rgb(255, 255, 255)"), ground


async def test_an_operator_finds_a_person_and_does_what_they_ask_for(somebody):
    await somebody.signs_in(Role.OPERATOR)
    await somebody.goes_to("/operator/people")
    await somebody.page.get_by_label("Find a person").fill(address(20).upper())
    await somebody.presses("Find")
    await somebody.reads("Person 20")
    assert address(20) not in somebody.page.url
    await expect(somebody.page.get_by_text(address(20))).to_have_count(0)

    await somebody.presses("Send them their link")
    await somebody.reads("Their link is on its way to them.")
    await somebody.page.get_by_label("Until which day?").fill("2026-12-24")
    await somebody.presses("Pause their reminders")
    await somebody.reads("Their reminders are paused.")
    await somebody.reads("Thu 24 Dec 2026")
    await somebody.presses("End their break")
    await somebody.reads("Their reminders come back.")
    await somebody.presses("Show what is sealed")
    await somebody.reads(address(20))
    async with somebody.page.expect_download() as started:
        await somebody.presses("Download it")
    file = await started.value
    assert file.suggested_filename == "eventide-person-20.json"
    told = json.loads(await asyncio.to_thread(Path(await file.path()).read_text))
    assert told["address"] == address(20)
    await somebody.presses("Stop all mail to them")
    await somebody.reads("They get no more mail.")


async def test_an_operator_erases_a_person_after_being_asked_once_more(somebody):
    await somebody.signs_in(Role.OPERATOR)
    await somebody.goes_to("/operator/people/21")
    await somebody.page.get_by_role("link", name="Erase them…").click()
    await somebody.reads("It cannot be undone.")
    await somebody.presses("Erase them")
    await somebody.reads("They were erased.")

    await somebody.page.get_by_label("Find a person").fill(address(21))
    await somebody.presses("Find")
    await somebody.reads("No subscriber has this address")
    await somebody.reads("it was erased")


async def test_an_operator_pauses_everything_and_sends_again(somebody):
    await somebody.signs_in(Role.OPERATOR)
    await somebody.page.get_by_role("link", name="Pause all mail…").click()
    await somebody.presses("Pause all mail")
    await somebody.reads("All mail is paused")
    await somebody.looks("tonight-paused")
    await somebody.page.get_by_role("link", name="Send again…").click()
    await somebody.presses("Send again")

    await expect(somebody.page.get_by_text("All mail is paused")).to_have_count(0)


async def test_an_admin_reads_in_the_audit_log_what_was_done(somebody):
    await somebody.signs_in(Role.OPERATOR)
    await somebody.goes_to("/operator/people")
    await somebody.page.get_by_label("Find a person").fill(address(22))
    await somebody.presses("Find")
    await somebody.presses("Sign out")
    await somebody.signs_in(Role.ADMIN)
    await somebody.page.get_by_role("link", name="Audit log").click()

    await somebody.reads("person looked up")
    await expect(somebody.page.get_by_text(address(22))).to_have_count(0)
