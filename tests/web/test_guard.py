"""What holds for every page: headers, limits, errors, and words that are never said."""

import re
from dataclasses import replace

import pytest

from service.domain.errors import Misconfigured
from service.settings import HERE
from service.web.app import create_app
from service.web.errors import LastResort
from tests.web.visits import FailingStore, browsing, form, words

PAGES = ("/", "/care", "/sources", "/privacy", "/manage", "/nowhere", "/health/live")


@pytest.mark.parametrize("path", PAGES)
async def test_every_answer_has_safe_headers_and_no_cookie(cut_off, path):
    answer = await cut_off.get(path)

    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "object-src 'none'" in policy
    assert "base-uri 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Strict-Transport-Security"] == (
        "max-age=31536000; includeSubDomains"
    )
    assert "charset=utf-8" in answer.headers["Content-Type"]
    assert not [name for name in answer.headers if name.startswith("access-control")]
    assert "Set-Cookie" not in answer.headers


async def test_below_a_path_nothing_is_asked_of_the_other_names_of_a_host(cut_off_site):
    shared = replace(cut_off_site, base_url="https://clinic.example/cramps")
    async with browsing(create_app(shared)) as client:
        answer = await client.get("/privacy")

    assert answer.headers["Strict-Transport-Security"] == "max-age=31536000"


async def test_without_https_no_browser_is_told_to_insist_on_it(cut_off_site):
    plain = replace(cut_off_site, base_url="http://127.0.0.1:8000")
    async with browsing(create_app(plain)) as client:
        answer = await client.get("/privacy")

    assert "Strict-Transport-Security" not in answer.headers


@pytest.mark.parametrize("path", PAGES[:5])
async def test_a_page_loads_nothing_from_anywhere_else(cut_off, path):
    page = (await cut_off.get(path)).text

    loaded = re.findall(r'<(?:link|script|img|iframe)[^>]+(?:href|src)="([^"]+)"', page)
    assert loaded
    assert [address for address in loaded if not address.startswith("/static/")] == []
    assert "style=" not in page
    assert "<style" not in page


@pytest.mark.parametrize("name", ["eventide.css", "eventide.js", "favicon.svg"])
async def test_style_script_and_icon_are_served(cut_off, name):
    answer = await cut_off.get(f"/static/{name}")

    assert answer.status_code == 200
    assert answer.headers["Content-Type"].endswith("; charset=utf-8")


@pytest.mark.parametrize(
    "path", ["/static/", "/static/..%2f..%2fpyproject.toml", "/.git/config", "/.env"]
)
async def test_no_folder_is_listed_and_no_other_file_is_served(cut_off, path):
    assert (await cut_off.get(path)).status_code == 404


async def test_a_request_is_not_echoed_by_trace(cut_off):
    assert (await cut_off.request("TRACE", "/")).status_code == 405


async def test_no_description_of_the_api_is_published(cut_off):
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await cut_off.get(path)).status_code == 404


async def test_a_huge_body_is_refused(cut_off):
    answer = await cut_off.post("/signup", data=form(email="a" * 70_000))

    assert answer.status_code == 413
    assert "That was too much at once" in words(answer.text)


async def test_a_huge_body_of_no_announced_length_is_refused(cut_off):
    async def chunks():
        yield b"a" * 40_000
        yield b"a" * 40_000

    answer = await cut_off.post(
        "/signup",
        content=chunks(),
        headers={"Content-Type": "application/x-www-form-urlencoded"},
    )

    assert answer.status_code == 413


async def test_files_in_a_form_are_passed_over(cut_off):
    answer = await cut_off.post("/signup", files={"adult": ("a.txt", b"yes")})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("method", "path", "status", "said"),
    [
        ("GET", "/nowhere", 404, "This page does not exist"),
        ("PUT", "/signup", 405, "This page is reached another way"),
    ],
)
async def test_an_error_is_a_kind_page(cut_off, method, path, status, said):
    answer = await cut_off.request(method, path)

    assert answer.status_code == status
    assert said in words(answer.text)


async def test_a_form_that_cannot_be_read_is_a_kind_page(cut_off):
    headers = {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await cut_off.post("/signup", content=b"--y broken", headers=headers)

    assert answer.status_code == 400
    assert "We did not understand that" in words(answer.text)


@pytest.mark.parametrize(
    ("error", "hint"),
    [
        (RuntimeError("ada@example.org has a bad knee"), ""),
        (Misconfigured(what="key lost", where="HERE", remedy="Find it"), "Find it"),
    ],
)
async def test_a_fault_of_ours_is_logged_without_what_the_person_typed(
    cut_off_site, capsys, error, hint
):
    async with browsing(
        create_app(replace(cut_off_site, store=FailingStore(error)))
    ) as client:
        answer = await client.post("/signup", data=form())

    logged = "".join(capsys.readouterr())
    assert answer.status_code == 500
    assert "Something went wrong on our side" in words(answer.text)
    assert answer.headers["Referrer-Policy"] == "same-origin"
    assert type(error).__name__ in logged
    assert hint in logged
    assert "ada@" not in logged


async def test_an_answer_that_broke_off_is_left_to_the_server(cut_off_site):
    async def half(_scope, _receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise RuntimeError

    async with browsing(LastResort(half, site=cut_off_site)) as client:
        # httpx says so when an app ends without ending its answer.
        with pytest.raises(AssertionError):
            await client.get("/half")


async def test_the_health_pages_tell_a_load_balancer_how_things_are(client, cut_off):
    statuses = {
        (name, path): (await browser.get(f"/health/{path}")).status_code
        for name, browser in {"well": client, "cut off": cut_off}.items()
        for path in ("live", "ready")
    }

    assert statuses == {
        ("well", "live"): 200,
        ("well", "ready"): 200,
        ("cut off", "live"): 200,
        ("cut off", "ready"): 503,
    }


@pytest.mark.parametrize(
    "template",
    sorted((HERE / "templates" / "web").glob("*.html")),
    ids=lambda p: p.name,
)
def test_no_page_says_what_is_never_said(library, template):
    assert library.never_say.offences(template.read_text()) == ()
