"""Leaving: a page with a button for people, one click for mail programs (RFC 8058)."""

import re
from collections.abc import Iterable, Iterator
from html import unescape
from urllib.parse import unquote_plus

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from service.domain.tokens import BadLink, Purpose
from service.flows import preferences
from service.web import forms
from service.web.figures import Step
from service.web.pages import bad_link
from service.web.site import Site

ONE_CLICK = ("List-Unsubscribe", "One-Click")
#: What `eventide check` looks for too.
DONE, BAD = "Unsubscribed.\n", "This link does not work: nobody was unsubscribed.\n"
#: A gateway encodes what another one had encoded before; nobody met a third.
LAYERS = 3
SOFT_BREAK = re.compile(r"=\s+")
OCTET = re.compile(r"=([0-9A-F]{2})")
#: What follows the token is punctuation of the text or the header around the address.
END = re.compile(r"[<>\"',;&)\]]")
STRANGE = re.compile(r"[^A-Za-z0-9_.-]")


def routes(site: Site) -> APIRouter:
    """`/unsubscribe`."""
    router = APIRouter()

    async def leaving(request: Request) -> Response:
        token = _signed(site, _tokens(request))
        if not token:
            return bad_link(site)
        return site.page("unsubscribe.html", {"token": token})

    async def leave(request: Request) -> Response:
        if request.url.query:
            # A mail program's: the token is in the address, so the body is not read, be
            # it one that nobody could.
            return await _one_click(site, _signed(site, _tokens(request)))
        form = await forms.entered(request)
        token = _signed(site, (form.one("token"),))
        if form.has(*ONE_CLICK):
            return await _one_click(site, token)
        if not token:
            return bad_link(site)
        await _unsubscribe(site, token)
        site.figures.step(Step.UNSUBSCRIBED)
        return site.page("unsubscribed.html")

    router.add_route("/unsubscribe", leaving, methods=["GET"])
    router.add_route("/unsubscribe", leave, methods=["POST"])
    return router


async def _one_click(site: Site, token: str) -> Response:
    if not token:
        # Told "unsubscribed", a mail program would say so while the mails go on.
        site.figures.step(Step.ONE_CLICK_BAD)
        return PlainTextResponse(BAD, 400)
    await _unsubscribe(site, token)
    site.figures.step(Step.ONE_CLICK)
    return PlainTextResponse(DONE)


async def _unsubscribe(site: Site, token: str) -> None:
    now = site.clock.now()
    await preferences.unsubscribe(site.store, site.links, token, now=now)


def _signed(site: Site, tokens: Iterable[str]) -> str:
    """The first token that is signed, "" where none is."""
    return next((token for token in tokens if _is_signed(site, token)), "")


def _is_signed(site: Site, token: str) -> bool:
    try:
        site.links.subject(Purpose.UNSUBSCRIBE, token, now=site.clock.now())
    except BadLink:
        return False
    return True


def _tokens(request: Request) -> Iterator[str]:
    """The token in the address as it came, then what it may have been before gateways.

    They leave quoted-printable (`=3D`, a soft break) or HTML (`&amp;`) in it, encode what
    is encoded, or take what follows for a part of it. The signature tells which is right.
    """
    yield request.query_params.get("token", "")
    query = request.url.query
    for _ in range(LAYERS):
        query = unescape(unquote_plus(query))
    _, _, rest = query.partition("token")
    whole = SOFT_BREAK.sub("", rest)
    for text in (whole, OCTET.sub(_octet, whole)):
        token = STRANGE.sub("", END.split(text, maxsplit=1)[0])
        yield token
        # `=3D` whose sign was taken for the one between name and value.
        yield token.removeprefix("3D")


def _octet(found: re.Match[str]) -> str:
    return chr(int(found[1], 16))
