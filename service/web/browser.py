"""The browser that filled in the form, known again by a cookie that it alone has.

The cookie is random and says nothing; of it only a digest is kept, sealed. It lives as
long as answers can wait: until the link in the confirmation mail ends, and as long again
if it was pressed on the last day.
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
#: The hidden field of the form with what becomes the cookie where there is none.
FIELD = "browser"
SECRET = re.compile(r"[\w-]{43}", re.ASCII)
#: What people type between the digits of a code.
BETWEEN = re.compile(r"[\s.-]")


def new_proof(site: Site, request: Request, form: Entered) -> tuple[Proof, str]:
    """What is to be kept of a form sent by this browser, and the secret of its cookie.

    A browser that has a cookie keeps its secret; else it gets that of the form, so that
    a button pressed twice is one browser's. The code is new for each form.
    """
    secret = _secret(site, request) or secret_of(form)
    code = f"{secrets.randbelow(10_000):04}"
    return Proof(browser=_digest(secret), code=code), secret


def secret_of(form: Entered) -> str:
    """The secret that stands in a form, one that nobody has where it has none."""
    typed = form.one(FIELD)
    return typed if SECRET.fullmatch(typed) else secrets.token_urlsafe(32)


def remember(site: Site, answer: Response, secret: str) -> None:
    """Let the browser keep its secret, which no script can read."""
    seconds = int(2 * CONFIRM_WITHIN.total_seconds())
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
