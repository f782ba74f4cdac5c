"""The keys: one to look addresses up, those that seal, those that sign links.

A link key is ended by adding the day to its label, as `link.2026-01.ended-2026-11-29`.
From then on it opens `unsubscribe` alone, for mails that are old enough to name it.
"""

import base64
import binascii
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from pydantic import SecretStr

from service.domain.errors import Misconfigured
from service.settings import SecretsSettings

KEY_BYTES = 32
HOW_TO_MAKE = (
    "Run `eventide keys` once and put what it prints into EVENTIDE_SECRETS__KEYS "
    "or a file named by EVENTIDE_SECRETS__KEYS_FILE"
)


#: Between the name of a link key and the day on which it was ended (UTC).
ENDED = ".ended-"


@dataclass(frozen=True, slots=True, kw_only=True)
class Keys:
    """The keys, decoded: one for look-ups, the others newest first.

    `ended` are link keys that sign nothing any more, and the day of each.
    """

    lookup: bytes
    seal: Mapping[str, bytes]
    link: tuple[bytes, ...]
    link_names: tuple[str, ...]
    ended: Mapping[bytes, date]

    def do_for(self, other: "Keys") -> bool:
        """Whether whatever was looked up or sealed with the others can be read."""
        return self.lookup == other.lookup and other.seal.items() <= self.seal.items()


def keys(settings: SecretsSettings) -> Keys:
    """The keys of a production role. Raises Misconfigured where one is missing."""
    found: dict[str, dict[str, bytes]] = {"lookup": {}, "seal": {}, "link": {}}
    for entry in settings.keys.get_secret_value().split():
        label, _, text = entry.partition("=")
        purpose, _, name = label.partition(".")
        key = _decoded(text)
        if purpose not in found or len(key) != KEY_BYTES:
            raise _bad_keys(f"entry '{label[:20]}' is not a key of 32 bytes in base64")
        if name in found[purpose]:
            raise _bad_keys(f"entry '{label[:20]}' is there twice")
        found[purpose][name] = key
    ended = _ended(found["link"])
    for purpose, named in found.items():
        if not named:
            raise _bad_keys(f"there is no {purpose} key")
    if len(found["lookup"]) != 1:
        raise _bad_keys("there must be one lookup key, it is never rotated")
    (lookup,) = found["lookup"].values()
    return Keys(
        lookup=lookup,
        seal=found["seal"],
        link=tuple(found["link"].values()),
        link_names=tuple(found["link"]),
        ended=ended,
    )


def own_keys(path: Path) -> SecretsSettings:
    """The keys kept in a file that only its owner may read; made where it is missing.

    Raises Misconfigured where the file can neither be read nor made.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileExistsError):
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o600)
            with os.fdopen(handle, "w") as file:
                file.write(new_keys(name="1") + "\n")
        return SecretsSettings(keys=SecretStr(path.read_text()))
    except OSError as error:
        raise Misconfigured(
            what=f"the keys cannot be kept here ({error.strerror})",
            where=str(path),
            remedy="Name a folder of your own in EVENTIDE_DATABASE__DIR",
        ) from error


def new_keys(*, name: str) -> str:
    """A fresh set of keys as text, one a line; `name` goes into their labels."""
    return "\n".join(
        f"{label}={base64.urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()}"
        for label in ("lookup", f"seal.{name}", f"link.{name}")
    )


def _ended(links: dict[str, bytes]) -> dict[bytes, date]:
    """Those whose label says so, taken out of the others, and on which day."""
    ended = {}
    for name in [name for name in links if ENDED in name]:
        day = name.rpartition(ENDED)[2]
        try:
            ended[links.pop(name)] = date.fromisoformat(day)
        except ValueError:
            raise _bad_keys(
                f"'{day[:20]}' is no day, as in `{ENDED}2026-11-29`"
            ) from None
    return ended


def _decoded(text: str) -> bytes:
    try:
        return base64.urlsafe_b64decode(text)
    except (binascii.Error, ValueError):
        return b""


def _bad_keys(what: str) -> Misconfigured:
    return Misconfigured(
        what=what, where="setting EVENTIDE_SECRETS__KEYS", remedy=HOW_TO_MAKE
    )
