"""What browsers keep for us, which no script can read: names, paths and flags of cookies.

Over https the name begins with `__Host-`, which a browser takes to mean: from this very
host, over TLS, for all of its paths. Below a path of a host (`Site.prefix`) other programs
live beside us, and with that Path each of them would be sent our sessions. There the name
begins with `__Secure-`, and the Path is ours. What is lost is that a sibling host
(evil.your.org for your.org) can plant such a cookie: a browser then forgets who is signed
in, or goes on in the planter's session, who reads what is typed there.
"""

from starlette.requests import Request
from starlette.responses import Response

from service.web.site import Site


def kept(site: Site, request: Request, name: str) -> str:
    """What `keep` let this browser keep, "" for nothing."""
    return request.cookies.get(_name(site, name), "")


def keep(
    site: Site, answer: Response, name: str, value: str, *, seconds: int | None = None
) -> None:
    """Let the browser keep a value: for 0 seconds to forget it, None until it is closed."""
    answer.set_cookie(
        _name(site, name),
        value,
        max_age=seconds,
        path=f"{site.prefix}/",
        secure=site.is_https,
        httponly=True,
        # Links in mails and alerts, and a provider's answer, come from another site.
        samesite="lax",
    )


def _name(site: Site, name: str) -> str:
    if not site.is_https:
        return name
    return f"__Secure-{name}" if site.prefix else f"__Host-{name}"
