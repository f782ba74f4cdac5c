"""Cookies: a value that one browser keeps, which no script and no other site can read."""

from starlette.requests import Request
from starlette.responses import Response

from service.web.site import Site


def keep(
    site: Site, answer: Response, name: str, value: str, *, seconds: int | None
) -> None:
    """Let the browser keep a value for so long, or with None until it is closed.

    No seconds at all end it there.
    """
    answer.set_cookie(
        _name(site, name),
        value,
        max_age=seconds,
        secure=_is_https(site),
        httponly=True,
        # A link in a mail, and the answer of an identity provider, come from another site.
        samesite="lax",
    )


def kept(site: Site, request: Request, name: str) -> str:
    """What the browser shows of that name, "" for nothing."""
    return request.cookies.get(_name(site, name), "")


def _name(site: Site, name: str) -> str:
    # Browsers take this prefix to mean: from this very host, and over TLS.
    return f"__Host-{name}" if _is_https(site) else name


def _is_https(site: Site) -> bool:
    return site.base_url.startswith("https://")
