"""The browser that filled in the form, known again by a cookie that it alone has.

The cookie is random and says nothing; of it only a digest is kept, sealed. It lives as
long as the link in the confirmation mail.
"""

import hashlib
import re
import secrets

from starlette.requests import Request
from starlette.responses import Response

from service.domain.claim import Proof
from service.domain.tokens import CONFIRM_WITHIN
from service.web.forms import Entered
from service.web.site import Site

SECRET = re.compile(r"[\w-]{43}", re.ASCII)
#: What people type between the digits of a code.
BETWEEN = re.compile(r"[\s.-]")


def new_proof(site: Site, request: Request) -> tuple[Proof, str]:
    """What is to be kept of a form sent by this browser, and the secret of its cookie.

    A browser that has a cookie keeps its secret. The code is new for each form.
    """
    known = _secret(site, request)
    secret = known or secrets.token_urlsafe(32)
    code = f"{secrets.randbelow(10_000):04}"
    return Proof(browser=_digest(secret), code=code), secret


def remember(site: Site, answer: Response, secret: str) -> None:
    """Let the browser keep its secret, which no script can read."""
    answer.set_cookie(
        _name(site),
        secret,
        max_age=int(CONFIRM_WITHIN.total_seconds()),
        secure=_is_https(site),
        httponly=True,
        # The link in the mail comes from another site.
        samesite="lax",
    )


def proof(site: Site, request: Request, form: Entered) -> Proof:
    """What this browser shows, with the code in the form if there is one."""
    secret = _secret(site, request)
    return Proof(
        browser=_digest(secret) if secret else "",
        code=BETWEEN.sub("", form.one("code")),
    )


def _secret(site: Site, request: Request) -> str:
    found = request.cookies.get(_name(site), "")
    return found if SECRET.fullmatch(found) else ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _name(site: Site) -> str:
    # Browsers take this prefix to mean: from this very host, and over TLS.
    return "__Host-eventide-form" if _is_https(site) else "eventide-form"


def _is_https(site: Site) -> bool:
    return site.base_url.startswith("https://")
