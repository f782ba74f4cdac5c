"""Below a path of a host, nothing leads out of it; the host's root is somebody else's.

tests/e2e/test_below_a_path.py does the same in a browser, behind a real nginx.
"""

import re
from dataclasses import dataclass, field, replace
from html import unescape
from urllib.parse import urljoin

import httpx
import pytest
import pytest_asyncio

from service.domain.errors import Misconfigured
from service.domain.operators import Role
from service.domain.tokens import Links, Purpose
from service.oidc import Provider
from service.settings import HERE
from service.web import inbox
from service.web.app import create_app
from service.web.operator.access import PLACES
from tests.web.consoles import FACTOR, FROM_HERE, at_console
from tests.web.identity import identity
from tests.web.test_inbox import Desk, caught
from tests.web.visits import BASE, Visitor, form

PREFIX = "/cramps"
PUBLIC = f"{BASE}{PREFIX}"
#: Where a page can lead, by a link, a form, a file or a script.
ATTRIBUTES = r"href|action|formaction|src|srcset|poster|data-poll|data|cite|background"
LEADS = re.compile(rf'\s(?:{ATTRIBUTES})="([^"]*)"')
#: In a template: below the prefix, on this page, or to a whole address that it is given.
WITHIN = ("{{ prefix }}/", "{{ prefix }}{{ ", "{{ prefix }}{% block ", "#", "?", "tel:")
WHOLE = ("{{ source.address }}", "{{ manage_url }}")
TEMPLATES = sorted((HERE / "templates" / "web").rglob("*.html"))
MODULES = sorted((HERE / "service" / "web").rglob("*.py"))


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_whatever_a_template_leads_to_is_below_the_prefix(template):
    text = template.read_text()
    leads = LEADS.findall(text)

    assert re.findall(rf'\s(?:{ATTRIBUTES})=[^"]', text) == []
    assert [to for to in leads if not to.startswith(WITHIN) and to not in WHOLE] == []


@pytest.mark.parametrize("name", ["eventide.css", "console.css", "eventide.js"])
def test_styles_and_scripts_name_no_address(name):
    text = (HERE / "templates" / "static" / name).read_text()

    assert re.findall(r"url\(|@import|[\"'`]/\w", text) == []


def homes(words):
    return {path.stem for path in MODULES if words in path.read_text()}


def test_redirects_and_cookies_are_made_where_the_prefix_is_known():
    assert homes("RedirectResponse(") == {"site", "provider"}
    assert homes("set_cookie(") == {"cookies"}
    assert homes('"Location"') == set()


def stripping(app):
    """As a proxy that takes the prefix off, and has other programs beside it."""

    async def proxy(scope, receive, send):
        path = scope["path"]
        assert path.startswith(f"{PREFIX}/"), path
        await app({**scope, "path": path.removeprefix(PREFIX)}, receive, send)

    return proxy


PROXIES = {"strips": stripping, "passes on": lambda app: app}


@dataclass
class Walk:
    """Every answer, and where each led out of the prefix."""

    client: httpx.AsyncClient
    asked: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)
    astray: list[tuple[str, str]] = field(default_factory=list)

    async def notes(self, answer: httpx.Response) -> None:
        await answer.aread()
        page = str(answer.url).partition("#")[0]
        self.asked.add(page)
        is_page = "html" in answer.headers.get("Content-Type", "")
        leads = LEADS.findall(answer.text) if is_page else []
        leads += [answer.headers.get("Location", "")]
        for lead in map(unescape, filter(None, leads)):
            to = urljoin(page, lead).partition("#")[0]
            if to.startswith(f"{PUBLIC}/"):
                self.found.add(to)
            elif to.startswith(BASE):
                self.astray.append((page, lead))
        for cookie in answer.headers.get_list("Set-Cookie"):
            if not re.match(rf"__Secure-eventide.* Path={PREFIX}/;", cookie):
                self.astray.append((page, cookie))

    async def goes_everywhere(self) -> None:
        """By GET to whatever was found, until nothing new is."""
        while new := self.found - self.asked:
            answer = await self.client.get(min(new))
            assert answer.status_code < 500 or "/health/" in str(answer.url)
            assert answer.status_code != 404 or "people/number" in str(answer.url)


@pytest.fixture
def below(site):
    """The site, told that it lives below a path."""
    links = Links(keys=site.links.keys, base_url=PUBLIC)
    return replace(site, base_url=PUBLIC, links=links)


@pytest_asyncio.fixture(params=PROXIES)
async def walk(request, below):
    app = create_app(below, inbox.routes(Desk([caught()]), below))
    transport = httpx.ASGITransport(PROXIES[request.param](app))
    # httpx puts the path of its base before each that it is given.
    async with httpx.AsyncClient(transport=transport, base_url=PUBLIC) as client:
        walk = Walk(client)
        client.event_hooks = {"response": [walk.notes]}
        yield walk


async def test_a_subscriber_is_led_nowhere_else(walk, below):
    somebody = Visitor(client=walk.client, site=below)
    await walk.client.get("/")
    await somebody.sign_up(causes=[])
    await somebody.sign_up(country="JP", zone="")
    await somebody.sign_up(red_flags="swelling")
    person = await somebody.join()
    for purpose in (Purpose.MANAGE, Purpose.CONFIRM, Purpose.UNSUBSCRIBE):
        token = somebody.token(purpose, person)
        await walk.client.get(f"/{purpose.path}", params={"token": token})
        await walk.client.get(f"/{purpose.path}", params={"token": "bad"})
    await walk.client.post("/manage/link", data={"email": "ada@example.org"})
    await somebody.manage(person, "times", time="20:00", frequency="every")
    await somebody.answers(person, "nothing_changed")
    await somebody.answers(person, "save", **form(alcohol="alc_none"))
    await walk.client.get("/manage/answers")
    await walk.client.get("/inbox")
    await walk.client.post("/inbox/next-evening")
    await walk.goes_everywhere()
    await walk.client.post(
        "/unsubscribe", data={"token": somebody.token(Purpose.UNSUBSCRIBE, person)}
    )

    assert walk.astray == []
    assert f"{PUBLIC}/static/eventide.css" in walk.asked
    assert f"{PUBLIC}/inbox/1/html" in walk.asked


async def test_an_operator_is_led_nowhere_else(walk, below):
    person = await Visitor(client=walk.client, site=below).join()
    ada = replace(await at_console(below, role=Role.ADMIN), client=walk.client)
    await ada.get("/operator/audit?before=9")
    await ada.sign_in(password="wrong")
    signed_in = await ada.sign_in(following="/operator/audit?before=9")
    secret = await ada.set_up_second_factor()
    await ada.get("/operator")
    await ada.get(f"/operator/people/{person}")
    await ada.post(f"/operator/people/{person}/resume")
    await ada.post("/operator/people", address="ada@example.org")
    await ada.get("/operator/nowhere")
    await walk.goes_everywhere()
    await ada.post(FACTOR, code=ada.code(secret))
    signed_out = await walk.client.post("/operator/logout", headers=FROM_HERE)

    assert walk.astray == []
    assert signed_in.headers["Location"] == f"{PREFIX}/operator/audit?before=9"
    assert signed_out.headers["Location"] == f"{PREFIX}/operator/login"
    assert {f"{PUBLIC}{path}" for path, _, _ in PLACES} <= walk.asked


def asking(app, base=PUBLIC):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=base)


async def test_whoever_must_set_up_a_second_factor_is_sent_there(below):
    ada = await at_console(replace(below, needs_second_factor=True))
    async with asking(ada.app) as client:
        ada = replace(ada, client=client)
        await ada.sign_in()
        answer = await ada.get("/operator")

    assert answer.headers["Location"] == f"{PREFIX}{FACTOR}"


async def test_whom_a_provider_vouches_for_comes_back_below_the_prefix(below):
    async with identity() as clinic:
        clinic.now = int(below.clock.now().timestamp())
        callback = f"{PUBLIC}/operator/login/callback"
        provider = Provider(clinic.settings(), callback=callback)
        root = await at_console(
            replace(below, provider=provider), name="ada@example.org"
        )
        async with asking(root.app) as client:
            begun = await client.get("/operator/login/provider")
            back = await client.get(clinic.authorize(begun.headers["Location"]))

    assert clinic.asked["redirect_uri"] == callback
    assert f"Path={PREFIX}/;" in begun.headers["Set-Cookie"]
    assert back.headers["Location"] == f"{PREFIX}/operator"


@pytest.mark.parametrize("path", ["", "/", "/manage", "/manage/", "/health/live"])
async def test_a_path_is_understood_with_the_prefix_and_without(below, path):
    async with asking(create_app(below), BASE) as client:
        statuses = [(await client.get(p + path)).status_code for p in (PREFIX, "")]

    assert statuses == [200, 200]


@pytest.mark.parametrize("path", ["/crampsmanage", "/other/manage", "/cramps/cramps"])
async def test_what_only_looks_like_the_prefix_is_no_page(below, path):
    async with asking(create_app(below), BASE) as client:
        assert (await client.get(path)).status_code == 404


@pytest.mark.parametrize("path", ["/manage", "/operator/tips", "/static"])
def test_a_prefix_that_is_a_page_of_our_own_stops_the_start(cut_off_site, path):
    with pytest.raises(Misconfigured, match="BASE_URL: a page of the service"):
        create_app(replace(cut_off_site, base_url=f"{BASE}{path}"))
