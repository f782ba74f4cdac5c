"""A stranger's first evening: `docker compose up`, the form, the mails, the next day."""

import ssl
from dataclasses import replace
from time import monotonic

import httpx
import pytest
import pytest_asyncio
from playwright.async_api import expect

from service.clock import SystemClock
from service.domain.night import local
from service.web.options import STEP_MINUTES
from tests.compose.deployment import ON_AN_ENGINE, Deployment, deployed, link_in
from tests.e2e.test_from_form_to_inbox import TICKS

pytestmark = [pytest.mark.browser, *ON_AN_ENGINE]

#: Healthy after `up` on a built image; a quiet machine takes half of what is promised.
PROMISED_SECONDS = 30
#: In one of these it is evening, whenever you ask.
ZONES = {
    "Pacific/Auckland": "NZ", "Asia/Tokyo": "JP", "Asia/Kolkata": "IN",
    "Europe/Berlin": "DE", "America/Sao_Paulo": "BR", "America/Mexico_City": "MX",
    "Pacific/Honolulu": "US",
}  # fmt: skip
EVENING = range(17, 22)
#: After the chosen time a reminder waits for up to four minutes, so that not all go at once.
JITTER_MINUTES = 5
ADDRESS = "stranger@example.org"
HIDDEN = ("/metrics", "/health/ready", "/health/live", "/operator", "/operator/login")
PATIENCE_MS = 30_000


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def deployment(tmp_path_factory):
    async with deployed(tmp_path_factory.mktemp("stranger")) as found:
        yield found


def this_evening() -> tuple[str, str]:
    """A zone where it is evening now, and a time that has just passed there."""
    now = SystemClock().now()
    zone = next(zone for zone in ZONES if local(zone, at=now).hour in EVENING)
    there = local(zone, at=now)
    minute = there.hour * 60 + there.minute - JITTER_MINUTES
    hour, rest = divmod(minute - minute % STEP_MINUTES, 60)
    return zone, f"{hour:02}:{rest:02}"


async def signs_up(page, deployment: Deployment, *, zone: str, time: str) -> None:
    await page.goto(deployment.pages)
    for button in await page.locator("button.continue").all():
        await button.click()
    for tick in TICKS:
        await page.locator(tick).check()
    await page.select_option("#country", ZONES[zone])
    await page.select_option("#time", time)
    await page.fill("#email", ADDRESS)
    await presses(page, "Sign up")
    await reads(page, "Open it and press the button in it.")


async def presses(page, name: str) -> None:
    await page.get_by_role("button", name=name, exact=True).click()


async def reads(page, words: str) -> None:
    found = page.get_by_text(words).first
    await expect(found).to_be_visible(timeout=PATIENCE_MS)


async def test_a_clone_that_nobody_edited_becomes_healthy_in_time(
    deployment, record_property
):
    begun = monotonic()

    await deployment.start()

    seconds = monotonic() - begun
    record_property("seconds_to_healthy", seconds)
    assert seconds < 2 * PROMISED_SECONDS
    assert (await deployment.http.get(f"{deployment.pages}/health/ready")).is_success


async def test_nothing_runs_with_more_rights_than_it_needs(deployment):
    keys = await deployment.inside("web", "id -u; stat -c %a,%u,%g /run/eventide/keys")
    roles = await deployment.sql(
        "SELECT rolname, rolsuper FROM pg_roles WHERE rolcanlogin"
    )
    writes = await deployment.inside("worker", "touch /opt/eventide/x 2>&1 || true")
    seen = await deployment.inside("db", "ls /run/eventide 2>&1 || true")
    opened = await deployment.compose("ps", "--format", "{{.Ports}}")

    assert keys.split() == ["10001", "640,0,10001"]
    assert set(roles.split()) == {"postgres|t", "eventide|f"}
    assert "Read-only file system" in writes
    assert "No such file or directory" in seen
    assert "0.0.0.0:" not in opened
    assert opened.count("127.0.0.1:") == 2


async def test_a_stranger_signs_up_and_gets_tonight_s_reminder(deployment, browser):
    zone, time = this_evening()
    page = await browser.new_page(timezone_id=zone)
    await signs_up(page, deployment, zone=zone, time=time)

    asked = await deployment.text_to(ADDRESS, "Please confirm your e-mail address")
    await page.goto(link_in(asked, "/confirm"))
    await presses(page, "Yes, send me reminders")
    await reads(page, "Your first reminder comes")
    # The time that was chosen has passed, so that it is tomorrow's; nobody waits here
    # until then, and the next one on offer tonight may be a quarter of an hour away.
    await deployment.sql("UPDATE schedule SET next_due_at = now()")

    reminder = await deployment.text_to(ADDRESS, "Your evening tip")
    assert link_in(reminder, "/unsubscribe").startswith(deployment.pages)
    await page.close()


async def test_what_was_there_is_there_after_down_and_up(deployment):
    reminder = await deployment.text_to(ADDRESS, "Your evening tip")
    keys = await deployment.inside("web", "sha256sum /run/eventide/*")

    await deployment.compose("down")
    await deployment.up()

    assert await deployment.inside("web", "sha256sum /run/eventide/*") == keys
    page = await deployment.http.get(link_in(reminder, "/manage"))
    assert page.is_success
    assert "You last told us on" in page.text


async def test_in_production_only_the_pages_are_seen_from_outside(deployment):
    production = replace(
        deployment,
        variables={
            **deployment.variables,
            "COMPOSE_PROFILES": "production",
            "BASE_URL": "https://localhost",
            # None of ours: the console is for those at another place.
            "OPERATOR_NETWORKS": "192.0.2.0/24 2001:db8::/32",
        },
    )
    await production.up()
    root = "cat /data/caddy/pki/authorities/local/root.crt"
    trusted = ssl.create_default_context(cadata=await production.inside("caddy", root))
    outside = f"https://localhost:{deployment.variables['HTTPS_PORT']}"

    async with httpx.AsyncClient(base_url=outside, verify=trusted) as visitor:
        home = await visitor.get("/")
        hidden = [await visitor.get(path) for path in HIDDEN]
        await production.compose("stop", "web")
        lost = await visitor.get("/confirm?token=private", timeout=PATIENCE_MS / 1000)

    plain = f"http://localhost:{deployment.variables['HTTP_PORT']}/"
    sent_on = await deployment.http.get(plain)
    logged = await production.compose("logs", "caddy")
    assert home.is_success
    assert "max-age" in home.headers["Strict-Transport-Security"]
    # Our own page for what is not there has words: these came no further than Caddy.
    assert {(one.status_code, one.text) for one in hidden} == {(404, "")}
    assert sent_on.headers["Location"] == "https://localhost/"
    assert lost.status_code == 502
    assert "/confirm?hidden" in logged
    assert "private" not in logged
    assert "remote_ip" not in logged
