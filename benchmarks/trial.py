"""A service on trial: on a database and with keys of its own, its mail to a sink."""

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass

from benchmarks.sink import HOST
from service import app as composition
from service import keys as key_ring
from service.app import Service
from service.settings import SecretsSettings
from service.store.sealing import Sealer


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Where its people are, and what opens their rows."""

    url: str
    keys: str

    def opened(self) -> AbstractAsyncContextManager[Service]:
        """All its parts, in this process."""
        return composition.opened(
            composition.settings(),
            url=self.url,
            keys=key_ring.keys(SecretsSettings(keys=self.keys)),
        )

    def sealer(self) -> Sealer:
        """What opens its rows."""
        return composition.sealer(key_ring.keys(SecretsSettings(keys=self.keys)))

    def environment(self, *, port: int, connections: int) -> Mapping[str, str]:
        """What a command of ours needs to work for it, with its relay at that port."""
        return {
            **os.environ,
            "EVENTIDE_DATABASE__URL": self.url,
            "EVENTIDE_SECRETS__KEYS": self.keys,
            "EVENTIDE_SMTP__HOST": HOST,
            "EVENTIDE_SMTP__PORT": str(port),
            "EVENTIDE_SMTP__TLS": "none",
            "EVENTIDE_SMTP__CONNECTIONS": str(connections),
        }
