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
from service.web import cookies
from service.web.forms import Entered
from service.web.site import Site

NAME = "eventide-form"
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
    seconds = int(CONFIRM_WITHIN.total_seconds())
    cookies.keep(site, answer, NAME, secret, seconds=seconds)


def proof(site: Site, request: Request, form: Entered) -> Proof:
    """What this browser shows, with the code in the form if there is one."""
    secret = _secret(site, request)
    return Proof(
        browser=_digest(secret) if secret else "",
        code=BETWEEN.sub("", form.one("code")),
    )


def _secret(site: Site, request: Request) -> str:
    found = cookies.kept(site, request, NAME)
    return found if SECRET.fullmatch(found) else ""


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
