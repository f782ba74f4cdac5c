"""A small OpenID Connect provider on loopback that can be told to lie."""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from fastapi import FastAPI
from joserfc import jwt
from joserfc.jwk import RSAKey
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse

from service.settings import OidcSettings
from service.web.server import bound, serving

CLIENT, SECRET = "eventide", "client-secret"


@dataclass(kw_only=True)
class Identity:
    """The provider. `claims` and `about` are what it says otherwise than it should."""

    issuer: str = ""
    key: RSAKey = field(default_factory=lambda: RSAKey.generate_key(2048))
    signed_by: RSAKey | None = None
    claims: dict[str, Any] = field(default_factory=dict)
    about: dict[str, Any] = field(default_factory=dict)
    raw_about: str = ""
    moved_to: str = ""
    token: dict[str, Any] = field(default_factory=dict)
    asked: dict[str, str] = field(default_factory=dict)
    now: int = 0

    def settings(self, **named: Any) -> OidcSettings:
        given = {
            "issuer": self.issuer,
            "client_id": CLIENT,
            "client_secret": SECRET,
            "name": "Clinic ID",
            **named,
        }
        return OidcSettings.model_validate(given)

    def authorize(self, url: str) -> str:
        """What a person's sign-in at `url` sends their browser back to."""
        self.asked = dict(parse_qsl(urlsplit(url).query))
        return f"/operator/login/callback?code=the-code&state={self.asked['state']}"

    async def describe(self, _: Request):
        if self.moved_to:
            return RedirectResponse(self.moved_to)
        if self.raw_about:
            return PlainTextResponse(self.raw_about)
        about = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            **self.about,
        }
        return JSONResponse({k: v for k, v in about.items() if v is not None})

    async def keys(self, _: Request):
        return JSONResponse({"keys": [self.key.as_dict(private=False)]})

    async def exchange(self, request: Request):
        async with request.form() as form:
            digest = hashlib.sha256(str(form["code_verifier"]).encode()).digest()
            is_same = (
                urlsafe_b64encode(digest).rstrip(b"=").decode()
                == self.asked["code_challenge"]
                and self.asked["code_challenge_method"] == "S256"
                and form["code"] == "the-code"
                and form["redirect_uri"] == self.asked["redirect_uri"]
            )
        if not is_same or not self._is_client(request):
            return JSONResponse({"error": "invalid_grant"}, 400)
        return JSONResponse(
            {"access_token": "a", "token_type": "Bearer", "id_token": self._id_token()}
            | self.token
        )

    def _is_client(self, request: Request) -> bool:
        return request.headers.get("Authorization", "").startswith("Basic ")

    def _id_token(self) -> str:
        claims = {
            "iss": self.issuer,
            "sub": "42",
            "aud": CLIENT,
            "iat": self.now,
            "exp": self.now + 60,
            "nonce": self.asked["nonce"],
            "email": "Ada@Example.org",
            "email_verified": True,
            **self.claims,
        }
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "RS256"}, said, self.signed_by or self.key)


@asynccontextmanager
async def identity() -> AsyncIterator[Identity]:
    """A provider that answers inside the block."""
    listener = bound("127.0.0.1", 0)
    found = Identity(issuer=f"http://127.0.0.1:{listener.getsockname()[1]}")
    app = FastAPI(openapi_url=None)
    app.add_route("/.well-known/openid-configuration", found.describe)
    app.add_route("/keys", found.keys)
    app.add_route("/token", found.exchange, methods=["POST"])
    async with serving(app, listener):
        yield found
