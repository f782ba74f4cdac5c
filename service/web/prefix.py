"""Running below a path of somebody's host: https://your.org/cramps (`Site.prefix`).

Inside, every path is as if the host were ours alone: /manage. Here the prefix is taken off
what comes in; what goes out gets it by `Site.to`, `{{ prefix }}` in templates and
`cookies.py`. Tests see to it that nothing goes out another way.
"""

from starlette.types import ASGIApp, Receive, Scope, Send

from service.domain.errors import Misconfigured
from service.web.figures import ROUTES


class Prefix:
    """Stands before an app that does not know where it lives.

    Some proxies pass a path on as it came, others strip the prefix: both are understood.
    """

    def __init__(self, app: ASGIApp, *, prefix: str) -> None:
        """Stand before `app`; without a prefix paths stay as they are."""
        self._app = app
        self._prefix = prefix

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass on one request, as for the root of a host."""
        path = scope["path"]
        if path == self._prefix or path.startswith(f"{self._prefix}/"):
            path = path.removeprefix(self._prefix)
        # People type a slash at the end. A redirect without it would be the framework's,
        # which leads out of the prefix where the proxy has stripped it.
        await self._app({**scope, "path": path.rstrip("/") or "/"}, receive, send)


def checked(prefix: str) -> str:
    """The prefix, if it does not begin like a page of ours.

    Raises Misconfigured: what a proxy has stripped could not be told from what it has not.
    """
    first = prefix.removeprefix("/").partition("/")[0]
    if first in ROUTES:
        raise Misconfigured(
            what=f"a page of the service itself has the path /{first}",
            where="setting EVENTIDE_WEB__BASE_URL",
            remedy="Choose another path, there and in the proxy",
        )
    return prefix
