"""What the pages stand on, put together once by the composition root."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, RedirectResponse

from service.content.catalogue import Library
from service.content.templating import Templates
from service.domain.clock import Clock
from service.domain.limits import Network
from service.domain.tokens import Links
from service.mail.letters import Letters
from service.passwords import Passwords
from service.store.engine import Store
from service.web.figures import Figures

if TYPE_CHECKING:
    from service.oidc import Provider

HERE = ("localhost", "127.0.0.1", "::1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything that a page needs; `static` is the folder of style, script and icon.

    Visitors from `own_networks` are the operator's, and not counted by network.
    """

    store: Store
    links: Links
    library: Library
    templates: Templates
    clock: Clock
    base_url: str
    operator_name: str
    postal_address: str
    static: Path
    letters: Letters
    passwords: Passwords
    provider: "Provider | None"
    needs_second_factor: bool
    own_networks: tuple[Network, ...] = ()
    figures: Figures = field(default_factory=Figures)

    @property
    def is_public(self) -> bool:
        """Whether the pages are meant for others than who sits at this machine."""
        return urlsplit(self.base_url).hostname not in HERE

    @property
    def is_https(self) -> bool:
        """Whether browsers reach the pages over TLS."""
        return self.base_url.startswith("https://")

    @property
    def prefix(self) -> str:
        """What stands before every path outside: /cramps of https://your.org/cramps.

        Inside, paths have none (`prefix.py`).
        """
        return urlsplit(self.base_url).path

    def to(self, path: str) -> RedirectResponse:
        """On to another page of ours, by GET."""
        return RedirectResponse(self.prefix + path, 303)

    def page(
        self, name: str, context: Mapping[str, object] | None = None, status: int = 200
    ) -> HTMLResponse:
        """The page `templates/web/<name>`, with what stands on every page."""
        shared = {
            "prefix": self.prefix,
            "operator_name": self.operator_name,
            "postal_address": self.postal_address,
            "reviews": self.library.review_summary,
        }
        html = self.templates.page(name, {**shared, **(context or {})})
        return HTMLResponse(html, status)
