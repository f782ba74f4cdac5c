"""The demo's inbox pages."""

from dataclasses import dataclass, field
from datetime import datetime
from email.message import EmailMessage

import pytest

from service.embedded.catcher import CaughtMail
from service.web import inbox
from service.web.app import create_app
from tests.builders import NOON
from tests.web.visits import browsing, words


@dataclass
class Desk:
    """An inbox with what a test puts into it."""

    caught: list[CaughtMail] = field(default_factory=list)
    next_at: datetime | None = None

    def mails(self):
        return tuple(self.caught)

    def now(self):
        return NOON

    async def next_evening(self):
        return self.next_at


def caught(number=1, subject="Your evening tip", *, html=True) -> CaughtMail:
    message = EmailMessage()
    if subject:
        message["Subject"] = subject
    message["From"] = "Eventide <evening@eventide.example>"
    message.set_content("Plain words.\n")
    if html:
        page = (
            "<!doctype html><html><head></head><body><b>Rich words.</b></body></html>"
        )
        message.add_alternative(page, subtype="html")
    return CaughtMail(
        number=number,
        sender="evening@eventide.example",
        recipients=("ada@example.org",),
        received_at=NOON,
        data=message.as_bytes(),
    )


@pytest.fixture
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def browser(cut_off_site, desk):
    pages = inbox.routes(desk, cut_off_site)
    async with browsing(create_app(cut_off_site, pages)) as client:
        yield client


async def test_an_empty_inbox_points_to_the_form(browser):
    page = words((await browser.get("/inbox")).text)

    assert "It is Monday 23 November, 12:00 UTC" in page
    assert "No mail yet." in page


async def test_the_newest_mail_comes_first(browser, desk):
    desk.caught += [caught(1, "First"), caught(2, "Second"), caught(3, "")]

    page = words((await browser.get("/inbox")).text)

    assert page.index("(no subject)") < page.index("Second") < page.index("First")
    assert "to ada@example.org, Mon 23 Nov, 12:00 UTC" in page


async def test_a_mail_is_shown_rendered_as_text_and_with_its_headers(browser, desk):
    desk.caught.append(caught())

    shown = await browser.get("/inbox/1")
    text = await browser.get("/inbox/1", params={"view": "text"})
    headers = await browser.get("/inbox/1", params={"view": "headers"})
    html = await browser.get("/inbox/1/html")

    assert 'src="/inbox/1/html"' in shown.text
    assert "frame-src 'self'" in shown.headers["Content-Security-Policy"]
    assert "Plain words." in text.text
    assert "Content-Type: multipart/alternative" in words(headers.text)
    assert '<base target="_top">' in html.text
    assert "script-src 'none'" in html.headers["Content-Security-Policy"]
    assert "frame-ancestors 'self'" in html.headers["Content-Security-Policy"]


async def test_a_mail_without_html_has_an_empty_frame(browser, desk):
    desk.caught.append(caught(html=False))

    assert (await browser.get("/inbox/1/html")).text == ""


@pytest.mark.parametrize("path", ["/inbox/7", "/inbox/7/html", "/inbox/x"])
async def test_a_mail_that_is_not_there_is_a_kind_page(browser, desk, path):
    desk.caught.append(caught())

    answer = await browser.get(path)

    assert answer.status_code == 404
    assert "This page does not exist" in words(answer.text)


@pytest.mark.parametrize(
    ("next_at", "said"),
    [
        (NOON, "The clock has moved."),
        (None, "Nobody is waiting for a reminder yet."),
        (None, "Sign up and confirm first, or end a pause."),
    ],
)
async def test_the_button_moves_on_to_the_next_evening(browser, desk, next_at, said):
    desk.next_at = next_at

    answer = await browser.post("/inbox/next-evening", follow_redirects=True)

    assert answer.url.path == "/inbox"
    assert said in words(answer.text)


async def test_without_the_demo_there_is_no_inbox(cut_off):
    assert (await cut_off.get("/inbox")).status_code == 404
