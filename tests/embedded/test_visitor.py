"""The demo's visitor is content only with the whole way, and says where it ended."""

import smtplib
from asyncio import to_thread
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import HTMLResponse

from service.embedded.catcher import Catcher
from service.embedded.visitor import ADDRESS, Disappointed, visit
from service.web.server import bound, serving
from tests.builders import NOON
from tests.fakes import StoppedClock

FORM = '<form action="{action}"><input type="hidden" name="token" value="t"></form>'


class Village:
    """A site with the pages that a visitor needs, some of which may be broken."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.base_url = ""
        self.broken: set[str] = set()
        self.formless: set[str] = set()
        self.mails = {"/signup": "confirm", "/inbox/next-evening": "unsubscribe"}
        self.recipient = ADDRESS

    def app(self) -> FastAPI:
        app = FastAPI()
        pages = {
            "/": "/signup",
            "/confirm": "/confirm",
            "/inbox": "/inbox/next-evening",
        }
        for page, action in pages.items():
            app.add_route(page, self._shows(page, action), methods=["GET"])
            app.add_route(action, self._takes(action), methods=["POST"])
        return app

    def _shows(self, page, action):
        async def show(_: Request) -> HTMLResponse:
            form = "" if page in self.formless else FORM.format(action=action)
            return HTMLResponse(form, 500 if page in self.broken else 200)

        return show

    def _takes(self, action):
        async def take(_: Request) -> HTMLResponse:
            if action in self.mails:
                await to_thread(self._post, self.mails[action])
            return HTMLResponse("thanks")

        return take

    def _post(self, purpose: str) -> None:
        link = f"{self.base_url}/{purpose}?token=t"
        with smtplib.SMTP("127.0.0.1", self.port) as client:
            client.sendmail("a@b.example", [self.recipient], f"Subject: x\n\n{link}\n")


@asynccontextmanager
async def settled(catcher: Catcher) -> AsyncIterator[Village]:
    village = Village(catcher.port)
    listener = bound("127.0.0.1", 0)
    village.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with serving(village.app(), listener):
        yield village


@pytest.fixture
async def catcher():
    async with Catcher(clock=StoppedClock(NOON)) as found:
        yield found


async def last_words(village, catcher, out):
    """What the visitor said last, contented or not."""
    lines: list[str] = []
    try:
        await visit(
            village.base_url, catcher, out, tell=lines.append, patience_seconds=2
        )
    except Disappointed as error:
        return str(error)
    return lines[-1]


async def test_a_visitor_who_gets_both_mails_is_content(catcher, tmp_path):
    async with settled(catcher) as village:
        last = await last_words(village, catcher, tmp_path)

    assert last.startswith("The reminder arrived")
    assert len(list(tmp_path.iterdir())) == 2


async def test_a_page_that_fails_is_named(catcher, tmp_path):
    async with settled(catcher) as village:
        village.broken.add("/")
        last = await last_words(village, catcher, tmp_path)

    assert last == "/ answered 500"


async def test_a_page_without_its_form_is_named(catcher, tmp_path):
    async with settled(catcher) as village:
        village.formless.add("/confirm")
        last = await last_words(village, catcher, tmp_path)

    assert last == "there is no form for /confirm on /confirm"


async def test_a_mail_that_does_not_come_is_named(catcher, tmp_path):
    async with settled(catcher) as village:
        village.mails.clear()
        last = await last_words(village, catcher, tmp_path)

    assert last == "mail 1 did not come"


async def test_a_mail_for_somebody_else_does_not_count(catcher, tmp_path):
    async with settled(catcher) as village:
        village.recipient = "bob@example.org"
        last = await last_words(village, catcher, tmp_path)

    assert last == "mail 1 is for somebody else"


async def test_a_reminder_without_its_unsubscribe_link_does_not_count(
    catcher, tmp_path
):
    async with settled(catcher) as village:
        village.mails["/inbox/next-evening"] = "elsewhere"
        last = await last_words(village, catcher, tmp_path)

    assert last.startswith("there is no link to")


async def test_a_site_that_is_away_is_no_traceback(catcher, tmp_path):
    async with settled(catcher) as village:
        pass

    last = await last_words(village, catcher, tmp_path)

    assert last.startswith("the site does not answer")
