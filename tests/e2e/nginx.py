"""A real nginx, with the lines of the handbook, before a host that others share."""

import asyncio
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from service.settings import HERE
from tests.e2e.mailserver import listening

PREFIX = "/cramps"
LINES = re.search(
    r"```nginx\n(.*?)```", (HERE / "docs" / "proxy.md").read_text(), re.DOTALL
)
MAIN = """
daemon off;
master_process off;
pid {home}/pid;
events {{}}
http {{
    client_header_timeout 10s;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/proxy;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    log_format asked '$status $request_uri';
    server {{
        listen 127.0.0.1:{port} ssl;
        server_name localhost;
        ssl_certificate {certificate};
        ssl_certificate_key {certificate};
        access_log {home}/elsewhere.log asked;
        location / {{
            return 200 "Somebody else's page.";
        }}
        {lines}
    }}
}}
"""


def missing() -> str:
    """What is not on this machine, "" if all is."""
    return "" if shutil.which("nginx") else "there is no nginx"


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """The host that visitors reach. Each request is an answer's status and a path."""

    home: Path
    port: int

    @property
    def base_url(self) -> str:
        return f"https://localhost:{self.port}{PREFIX}"

    def asked_below(self) -> list[tuple[str, str]]:
        """What was asked of the pages."""
        return self._asked("below.log")

    def asked_elsewhere(self) -> list[tuple[str, str]]:
        """What was asked of the rest of the host."""
        return self._asked("elsewhere.log")

    def _asked(self, log: str) -> list[tuple[str, str]]:
        lines = (self.home / log).read_text().splitlines()
        return [(status, path) for status, _, path in (x.partition(" ") for x in lines)]


@asynccontextmanager
async def nginx(
    home: Path, certificate: Path, *, port: int, web: int, passes_on: bool
) -> AsyncIterator[Host]:
    """Serves a host until the block is left, and the pages below its PREFIX.

    As in the handbook it `passes_on` the path as it came, or strips the prefix from it.
    """
    assert LINES
    to = f"http://127.0.0.1:{web}{'' if passes_on else '/'};"
    lines = LINES[1].replace("http://127.0.0.1:8000;", to)
    lines = lines.replace("access_log off;", f"access_log {home}/below.log asked;")
    lines = lines.replace("/var/log/nginx/", f"{home}/")
    main = home / "nginx.conf"
    main.write_text(
        MAIN.format(home=home, port=port, certificate=certificate, lines=lines)
    )
    process = await asyncio.create_subprocess_exec(
        "nginx", *("-p", home), *("-c", main), *("-e", home / "error.log")
    )
    try:
        await listening(port)
        yield Host(home=home, port=port)
    finally:
        process.terminate()
        await process.wait()
