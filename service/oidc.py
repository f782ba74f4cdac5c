"""OpenID Connect: an identity provider tells us who somebody is; the only Authlib.

Authorization code with PKCE. State, nonce and verifier are derived from one random value
that only the browser keeps (`seed`), so nothing is stored between its two visits.
"""

import base64
import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import httpx2
from authlib.common.errors import AuthlibBaseError
from authlib.integrations.httpx_client import AsyncOAuth2Client
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from service.domain.errors import TryLater
from service.domain.operators import NotVouched, Vouched
from service.settings import OidcSettings

#: Seconds until the provider has answered, and that its clock may be off.
PATIENCE, LEEWAY = 10, 60
#: Signatures of a key pair; "none" and shared secrets are not believed.
ALGORITHMS = [
    "RS256",
    "RS384",
    "RS512",
    "PS256",
    "PS384",
    "PS512",
    "ES256",
    "ES384",
    "EdDSA",
]


#: A document of the provider's, of which nothing is known yet.
Json = dict[str, Any]


class Provider:
    """The identity provider, and who we are to it."""

    def __init__(self, settings: OidcSettings, *, callback: str) -> None:
        """Let it send people back to `callback`. Nothing is asked yet."""
        self._settings = settings
        self._callback = callback
        self.name = settings.name

    async def door(self, seed: str) -> str:
        """Where the browser that keeps `seed` is to go. Raises TryLater, NotVouched."""
        async with self._client() as client:
            about = await self._about(client)
            url, _ = client.create_authorization_url(
                _text(about, "authorization_endpoint"),
                state=_derived(seed, "state"),
                nonce=_derived(seed, "nonce"),
                code_verifier=_derived(seed, "verifier"),
                **self._asked(),
            )
            return str(url)

    async def vouched(
        self, seed: str, answer: Mapping[str, str], *, now: datetime
    ) -> Vouched:
        """Who came back with this answer, in lower case. Raises TryLater, NotVouched."""
        is_asked_for = seed and hmac.compare_digest(
            answer.get("state", "").encode(), _derived(seed, "state").encode()
        )
        if not is_asked_for or not answer.get("code"):
            raise NotVouched(answer.get("error", "this is no answer to us")[:100])
        async with self._client() as client:
            about = await self._about(client)
            try:
                token = await client.fetch_token(
                    _text(about, "token_endpoint"),
                    code=answer["code"],
                    code_verifier=_derived(seed, "verifier"),
                )
                keys = await _fetched(client, _text(about, "jwks_uri"))
                claims = self._claims(
                    token, keys, nonce=_derived(seed, "nonce"), now=now
                )
            except httpx2.HTTPError as error:
                raise TryLater("the identity provider is away") from error
            except (
                AuthlibBaseError,
                JoseError,
                ValueError,
                KeyError,
                TypeError,
            ) as error:
                raise NotVouched(type(error).__name__) from error
        self._insist(claims)
        return Vouched(name=self._name(claims), subject=str(claims["sub"]))

    def _client(self) -> AsyncOAuth2Client:
        secret = self._settings.client_secret.get_secret_value()
        return AsyncOAuth2Client(
            self._settings.client_id,
            secret or None,
            token_endpoint_auth_method="client_secret_basic" if secret else "none",
            scope="openid email profile",
            redirect_uri=self._callback,
            code_challenge_method="S256",
            timeout=PATIENCE,
        )

    def _asked(self) -> dict[str, str]:
        claim, _, wanted = self._settings.demands.partition("=")
        return {"acr_values": wanted} if claim == "acr" else {}

    async def _about(self, client: AsyncOAuth2Client) -> Json:
        issuer = self._settings.issuer
        try:
            about = await _fetched(client, f"{issuer}/.well-known/openid-configuration")
        except httpx2.HTTPError as error:
            raise TryLater("the identity provider is away") from error
        except (httpx2.InvalidURL, ValueError) as error:
            raise NotVouched("the issuer does not describe itself") from error
        # What another issuer signs is not this one's word.
        if _text(about, "issuer").rstrip("/") != issuer:
            raise NotVouched("the issuer calls itself otherwise")
        return about

    def _claims(self, token: Json, keys: Json, *, nonce: str, now: datetime) -> Json:
        read = jwt.decode(token["id_token"], _key_set(keys), ALGORITHMS)
        ours = self._settings.client_id
        rules = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=LEEWAY,
            iss={"essential": True},
            aud={"essential": True, "value": ours},
            exp={"essential": True},
            sub={"essential": True},
            nonce={"essential": True, "value": nonce},
            azp={"value": ours},
        )
        rules.validate(read.claims)
        if str(read.claims["iss"]).rstrip("/") != self._settings.issuer:
            raise NotVouched("another issuer")
        return read.claims

    def _insist(self, claims: Json) -> None:
        """Return if the provider says how they proved who they are as is demanded."""
        claim, _, wanted = self._settings.demands.partition("=")
        said = claims.get(claim)
        if claim and wanted not in map(str, said if isinstance(said, list) else [said]):
            raise NotVouched(f"no {claim} that is demanded")

    def _name(self, claims: Json) -> str:
        claim = self._settings.claim
        name = claims.get(claim)
        # An address that somebody only typed there is nobody's.
        is_unproven = claim == "email" and claims.get("email_verified") is not True
        if not isinstance(name, str) or is_unproven:
            raise NotVouched(f"no verified {claim}")
        return name.strip().lower()


async def _fetched(client: AsyncOAuth2Client, url: str) -> Json:
    # `withhold_token`: a public document; without it Authlib wants a token first.
    answer = await client.request("GET", url, withhold_token=True)
    answer.raise_for_status()
    found = answer.json()
    if not isinstance(found, dict):
        raise NotVouched("an answer of the issuer is none")
    return found


def _text(about: Json, name: str) -> str:
    value = about.get(name)
    if not isinstance(value, str):
        raise NotVouched(f"the issuer names no {name}")
    return value


def _key_set(keys: Json) -> KeySet:
    return KeySet.import_key_set(keys)  # type: ignore[arg-type]  # it looks itself


def _derived(seed: str, purpose: str) -> str:
    digest = hashlib.sha256(f"{purpose}:{seed}".encode()).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
