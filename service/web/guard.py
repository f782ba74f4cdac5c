"""What holds for every request: safe headers on each answer, and no huge bodies."""

from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service.mail.bounces import LONGEST_BYTES

#: The longest form has some 60 short fields.
BODY_LIMIT_BYTES = 64 * 1024
#: A mail that comes back has our mail in it.
LONGER_BODIES = {"/bounces": LONGEST_BYTES}
POLICY = {
    "default-src": "'none'",
    "object-src": "'none'",
    "style-src": "'self'",
    "script-src": "'self'",
    "img-src": "'self'",
    "font-src": "'self'",
    "form-action": "'self'",
    "frame-ancestors": "'none'",
    "base-uri": "'none'",
}
HEADERS = {
    # Links in mails carry tokens: no other site may learn them. Our own forms say where
    # they come from: with "no-referrer" their Origin would be null.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
ONE_YEAR = 365 * 24 * 60 * 60


def content_policy(**changes: str) -> str:
    """The Content-Security-Policy, with directives changed (frame_src="'self'")."""
    named = {name.replace("_", "-"): value for name, value in changes.items()}
    return "; ".join(f"{name} {value}" for name, value in {**POLICY, **named}.items())


class Guard:
    """Adds the headers that an answer does not set itself, and limits bodies."""

    def __init__(self, app: ASGIApp, *, base_url: str) -> None:
        """Stand before `app`; over https, ask browsers to stay there."""
        self._app = app
        self._headers = {**HEADERS, "Content-Security-Policy": content_policy()}
        base = urlsplit(base_url)
        if base.scheme == "https":
            # Below a path the host is somebody else's, and so are the names below it.
            wide = "" if base.path else "; includeSubDomains"
            self._headers["Strict-Transport-Security"] = f"max-age={ONE_YEAR}{wide}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
                kind = headers.get("Content-Type", "")
                # Starlette names the letters of `text/` alone.
                if kind.endswith("+xml"):
                    headers["Content-Type"] = f"{kind}; charset=utf-8"
            await send(message)

        await self._app(scope, _limited(scope, receive), send_guarded)


def _limited(scope: Scope, receive: Receive) -> Receive:
    announced = Headers(scope=scope).get("content-length", "0")
    limit = LONGER_BODIES.get(scope.get("path", ""), BODY_LIMIT_BYTES)
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        # A body may be longer than announced, or come in chunks of no known length.
        if received > limit or int(announced) > limit:
            raise HTTPException(413)
        return message

    return receive_limited
