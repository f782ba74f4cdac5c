"""Settings from EVENTIDE_<SECTION>__<NAME>, `.env` and <NAME>_FILE; read once.

An unknown, missing or odd setting stops the start by its name. No secret has a
default.
"""

import os
import re
from collections.abc import Mapping
from datetime import date
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal

from dotenv import dotenv_values
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    IPvAnyNetwork,
    Json,
    SecretStr,
    ValidationError,
)
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from service.domain import verp
from service.domain.errors import Misconfigured

PREFIX = "EVENTIDE_"
FILE = "_file"
LAST_PORT = 65535
LOOPBACK = re.compile(r"http://(localhost|127\.0\.0\.1|\[::1\])[:/]")
#: Its path stands before that of every page, and in cookies, as it is.
BASE_URL = re.compile(r"https?://[^/?#]+(?:/[\w~-][\w.~-]*)*", re.ASCII)
PLAIN_URL = re.compile(r"https?://[!-;=?-~]+")
#: Not a number alone: a slip in an address must not be looked up as a name.
HOST_NAME = re.compile(r"[a-z][a-z0-9.-]*", re.IGNORECASE)
HERE = Path(__file__).resolve().parent.parent


class Section(BaseModel):
    """A part of the settings: frozen, and no names but its own."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class DatabaseSettings(Section):
    """Where PostgreSQL is. An empty URL means the embedded one in `dir`.

    `state_dir` is a folder on this machine, for this database alone: what is known of it
    there tells whether it was put back. Empty: the embedded one's own, else none.
    `replication` is `synchronous` where the operator promises that every commit waits
    for a standby; no reminder is begun while one does not.
    """

    url: str = ""
    dir: Path | None = None
    state_dir: Annotated[Path | None, BeforeValidator(lambda path: path or None)] = None
    replication: Literal["asynchronous", "synchronous"] = "asynchronous"

    @property
    def is_promised(self) -> bool:
        """Whether commits are to wait for a standby."""
        return self.replication == "synchronous"


class RelaySettings(Section):
    """A relay that takes our mail, how much of it, and how fast.

    `rate` is in messages a second, of all workers together; 0 is as fast as it can.
    `warm_up` is the first day of a sender that nobody knows yet.
    """

    host: str = "localhost"
    port: Annotated[int, Field(ge=1, le=LAST_PORT)] = 587
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: Literal["none", "starttls", "implicit"] = "starttls"
    connections: Annotated[int, Field(ge=1, le=200)] = 10
    hostname: str | None = None
    rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    weight: Annotated[int, Field(ge=1, le=1000)] = 1
    warm_up: Annotated[date | None, BeforeValidator(lambda day: day or None)] = None


class SmtpSettings(RelaySettings):
    """The main relay, further ones as a JSON list, and the address in From.

    `domain_rate` is the most reminders that any one recipient domain gets a second; 0 is
    no such limit. Mails that somebody waits for have turns of their own, as many.
    `dkim_selector` names the key that the relay signs with, for `eventide check`.
    """

    sender: str = "Eventide <eventide@localhost>"
    domain_rate: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0
    dkim_selector: str = ""
    others: Json[tuple[RelaySettings, ...]] = ()


def _bare(url: str) -> str:
    if not PLAIN_URL.fullmatch(url):
        message = "must start with http:// or https:// and hold no spaces or accents"
        raise ValueError(message)
    return url.rstrip("/")


def _base(url: str) -> str:
    url = _bare(url)
    if not BASE_URL.fullmatch(url):
        message = "must end with a plain path, as https://your.org/tips, or with none"
        raise ValueError(message)
    return url


def _bare_or_none(url: str) -> str:
    return url and _bare(url)


def _proxy(name: str) -> str:
    if HOST_NAME.fullmatch(name):
        return name
    try:
        ip_network(name)
    except ValueError as error:
        message = f"{name!r} is not a name, an address or a network, as 172.18.0.0/16"
        raise ValueError(message) from error
    return name


class WebSettings(Section):
    """Where people reach the pages, and where the server listens.

    `proxies` are believed when they say for whom they ask: names, addresses, networks.
    """

    base_url: Annotated[str, AfterValidator(_base)] = "http://127.0.0.1:8000"
    host: str = "127.0.0.1"
    port: Annotated[int, Field(ge=0, le=LAST_PORT)] = 8000
    proxies: Annotated[
        tuple[Annotated[str, AfterValidator(_proxy)], ...], BeforeValidator(str.split)
    ] = ("127.0.0.1", "::1")


def _place(text: str) -> str:
    host, _, port = text.rpartition(":")
    if not text or (host and port.isdecimal() and int(port) <= LAST_PORT):
        return text
    message = "is not HOST:PORT, as 127.0.0.1:8024"
    raise ValueError(message)


class BouncesSettings(Section):
    """Where mail that comes back is addressed to, and how it reaches us."""

    address: Annotated[str, AfterValidator(verp.checked)] = ""
    listen: Annotated[str, AfterValidator(_place)] = ""
    imap_host: str = ""
    imap_port: Annotated[int, Field(ge=1, le=LAST_PORT)] = 993
    imap_user: str = ""
    imap_password: SecretStr = SecretStr("")
    imap_tls: Literal["none", "implicit"] = "implicit"
    imap_folder: str = "INBOX"
    http_key: SecretStr = SecretStr("")


class OperatorSettings(Section):
    """Who runs this service; the postal address stands in every mail.

    `ping_url` is asked every minute while the evening goes well (a dead man's switch).
    With `second_factor` `required` operators and admins with a password may do nothing
    in the console before they have set one up.
    From `networks` (their clinic's, spaced) any number of people may sign up.
    """

    name: str = "Eventide"
    postal_address: str = ""
    ping_url: Annotated[str, AfterValidator(_bare_or_none)] = ""
    second_factor: Literal["required", "optional"] = "required"
    networks: Annotated[tuple[IPvAnyNetwork, ...], BeforeValidator(str.split)] = ()


def _secure_or_none(url: str) -> str:
    url = _bare_or_none(url)
    is_here = LOOPBACK.match(url)
    if url.startswith("http://") and not is_here:
        message = "must start with https://"
        raise ValueError(message)
    return url


class OidcSettings(Section):
    """The identity provider that vouches for operators; without an issuer there is none.

    `claim` is what it says of a person that must be the name of an operator here.
    `demands` is how it must have proved who they are: `amr=mfa`, or `acr=` its own word.
    """

    issuer: Annotated[str, AfterValidator(_secure_or_none)] = ""
    client_id: str = ""
    client_secret: SecretStr = SecretStr("")
    claim: str = "email"
    demands: Annotated[str, Field(pattern=r"^((acr|amr)=\S+)?$")] = ""
    name: str = "single sign-on"


class SecretsSettings(Section):
    """The keys, as `eventide keys` prints them: `purpose.name=base64`, spaced."""

    keys: SecretStr = SecretStr("")


class WorkerSettings(Section):
    """Where a worker answers `/health/live`, `/health/ready` and `/metrics`, if it does."""

    listen: Annotated[str, AfterValidator(_place)] = ""


class ScheduleSettings(Section):
    """How often the worker looks for what is due, in seconds.

    `lease_seconds` after a worker's last sign of life others take over what it held.
    `hold_seconds` after a step of the database's clock it is believed again, unless
    NTP says sooner that it is right.
    """

    tick_seconds: Annotated[float, Field(gt=0, le=60)] = 5
    lease_seconds: Annotated[float, Field(ge=1, le=3600)] = 60
    hold_seconds: Annotated[float, Field(ge=1, le=3600)] = 600


class ContentSettings(Section):
    """The folders of the catalogue and the templates."""

    config: Path = HERE / "config"
    templates: Path = HERE / "templates"


class LogSettings(Section):
    """How log lines look: for people or for programs."""

    form: Literal["console", "json"] = "console"


class Settings(BaseSettings):
    """The whole tree; app.py reads it once and hands out sections."""

    model_config = {"extra": "forbid", "frozen": True}

    database: DatabaseSettings = DatabaseSettings()
    smtp: SmtpSettings = SmtpSettings()
    bounces: BouncesSettings = BouncesSettings()
    web: WebSettings = WebSettings()
    operator: OperatorSettings = OperatorSettings()
    oidc: OidcSettings = OidcSettings()
    secrets: SecretsSettings = SecretsSettings()
    worker: WorkerSettings = WorkerSettings()
    schedule: ScheduleSettings = ScheduleSettings()
    content: ContentSettings = ContentSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(  # pydantic-settings' signature
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Only what `read` collected: the built-in sources pass over unknown names."""
        return (init_settings,)


def read(environment: Mapping[str, str] = os.environ) -> Settings:
    """The settings, from the environment and then `.env`. Raises Misconfigured."""
    dotenv = {k: v for k, v in dotenv_values(".env").items() if v is not None}
    tree: dict[str, dict[str, str]] = {}
    for (section, key), text in {**_given(dotenv), **_given(environment)}.items():
        tree.setdefault(section, {})[key] = text
    try:
        return Settings(**tree)  # type: ignore[arg-type]  # pydantic converts text
    except ValidationError as error:
        first = error.errors()[0]
        path = [str(part) for part in first["loc"]]
        name = PREFIX + "__".join(path[:2]).upper()
        inside = "".join(f"{part}: " for part in path[2:])
        raise Misconfigured(
            what=inside + _plainly(first["type"], first["msg"]),
            where=f"setting {name}",
            remedy="See config/eventide.example.env for the names and their values",
        ) from error


def _given(source: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """What a source says, by section and key; a NAME comes before a NAME_FILE.

    An empty one of the two is as good as none.
    """
    ours = {name: value for name, value in source.items() if name.startswith(PREFIX)}
    given: dict[tuple[str, str], str] = {}
    # Files come first in this order, so that what is said outright is said last.
    for name, value in sorted(ours.items(), key=lambda it: not _is_file(it[0])):
        section, _, key = name.removeprefix(PREFIX).lower().partition("__")
        place = section, key.removesuffix(FILE)
        if value or place not in given:
            is_read = value and _is_file(name)
            given[place] = _contents(name, value) if is_read else value
    return given


def _is_file(name: str) -> bool:
    return name.lower().endswith(FILE)


def _contents(name: str, path: str) -> str:
    try:
        return Path(path).read_text().strip()
    except OSError as error:
        raise Misconfigured(
            what=f"cannot read {path} ({error.strerror})",
            where=f"setting {name}",
            remedy="Name a file that this user may read",
        ) from error


def _plainly(kind: str, message: str) -> str:
    if kind == "extra_forbidden":
        return "no such setting"
    message = message.removeprefix("Value error, ")
    return message[0].lower() + message[1:]
