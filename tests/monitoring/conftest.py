"""Real processes: our web and worker, Prometheus, Alertmanager, and a relay for them all."""

import asyncio
import os
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest_asyncio
import yaml
from aiosmtpd.smtp import SMTP

from service.clock import SystemClock
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read as read_settings
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.commands.processes import line_with, start
from tests.monitoring.tools import MONITORING, read

PATIENCE_SECONDS = 180
LOOK_AGAIN_SECONDS = 0.3
HOST = "127.0.0.1"


@dataclass
class Relay:
    """Takes every mail but those to `gone` and, for now, those to `later`."""

    port: int = 0
    mails: list[tuple[str, str]] = field(default_factory=list)

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        refusals = {
            "gone": "550 5.1.1 no such user",
            "later": "451 4.7.1 too many of yours",
        }
        refusal = refusals.get(address.partition("@")[0])
        if refusal is None:
            envelope.rcpt_tos.append(address)
        return refusal or "250 ok"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        self.mails.append((envelope.rcpt_tos[0], envelope.content.decode()))
        return "250 2.0.0 taken"

    def to(self, address: str) -> list[str]:
        """The mails that an address got."""
        return [text for recipient, text in self.mails if recipient == address]


@dataclass(frozen=True, kw_only=True)
class Ward:
    """A whole service that is watched."""

    store: Store
    relay: Relay
    web: httpx.AsyncClient
    prometheus: httpx.AsyncClient
    ready: httpx.AsyncClient

    async def ask(self, query: str) -> list[dict[str, Any]]:
        """What Prometheus finds for a query, now."""
        answer = await self.prometheus.get("/api/v1/query", params={"query": query})
        assert answer.status_code == 200, (query, answer.text)
        found: list[dict[str, Any]] = answer.json()["data"]["result"]
        return found

    async def value(self, query: str) -> float:
        """The one figure that a query finds, or 0."""
        found = await self.ask(query)
        return float(found[0]["value"][1]) if found else 0.0

    async def come_true(self, claim) -> None:
        """Return once it is so; whoever waits too long has failed."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await claim():  # noqa: ASYNC110  # processes send no word
                await asyncio.sleep(LOOK_AGAIN_SECONDS)


@pytest_asyncio.fixture
async def relay() -> AsyncIterator[Relay]:
    found = Relay()
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(found, hostname="relay", enable_SMTPUTF8=True), HOST, 0
    )
    found.port = server.sockets[0].getsockname()[1]
    async with server:
        yield found


@pytest_asyncio.fixture
async def ward(database_url, relay, tmp_path) -> AsyncIterator[Ward]:
    """Everything started, and scraped once before anything happens."""
    web, worker, prometheus, alertmanager = free_ports(4)
    settings = {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": HOST,
        "EVENTIDE_SMTP__PORT": str(relay.port),
        "EVENTIDE_SMTP__TLS": "none",
        "EVENTIDE_SMTP__HOSTNAME": "localhost",
        "EVENTIDE_WEB__PORT": str(web),
        "EVENTIDE_WORKER__LISTEN": f"{HOST}:{worker}",
        "EVENTIDE_SCHEDULE__TICK_SECONDS": "0.2",
    }
    made = keys(read_settings(settings).secrets)
    sealer = Sealer(lookup=made.lookup, keys=made.seal, current="1")
    async with AsyncExitStack() as stack:
        enter = stack.enter_async_context
        store = await enter(opened(database_url, sealer))
        await upkeep(store, now=SystemClock().now())
        await enter(ours(settings, "web", "Serving"))
        await enter(ours(settings, "worker", "At work"))
        folder = watching(tmp_path, web, worker, alertmanager)
        await enter(debians(*prometheus_command(folder, prometheus)))
        mail = {"ALERTS_SMARTHOST": f"{HOST}:{relay.port}", "ALERTS_TO": "op@x.example"}
        await enter(debians(*alertmanager_command(folder, alertmanager), **mail))
        clients = [
            await enter(httpx.AsyncClient(base_url=f"http://{HOST}:{port}", timeout=30))
            for port in (web, prometheus, alertmanager)
        ]
        found = Ward(
            store=store,
            relay=relay,
            web=clients[0],
            prometheus=clients[1],
            ready=clients[2],
        )
        await found.come_true(lambda: is_watching(found))
        yield found


async def is_watching(ward: Ward) -> bool:
    """Whether all are up, and each of ours was scraped."""
    try:
        ready = await ward.ready.get("/-/ready")
        return ready.is_success and await ward.value("sum(up)") == 4
    except httpx.TransportError:  # pragma: no cover - if they are up at once
        return False


def watching(folder: Path, web: int, worker: int, alertmanager: int) -> Path:
    """Our configuration, with ports of this machine where names of containers are."""
    config = read(MONITORING / "prometheus.yml")
    ports = {"web": web, "worker": worker, "alertmanager": alertmanager}
    for job in config["scrape_configs"]:
        if job.pop("dns_sd_configs", None) or job["job_name"] in ports:
            targets = [f"{HOST}:{ports[job['job_name']]}"]
            job["static_configs"] = [{"targets": targets}]
    (managers,) = config["alerting"]["alertmanagers"]
    managers["static_configs"] = [{"targets": [f"{HOST}:{alertmanager}"]}]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    mail = (MONITORING / "alertmanager.yml").read_text()
    at_once = re.sub(r"group_wait: \w+", "group_wait: 0s", mail)
    (folder / "alertmanager.yml").write_text(at_once)
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    for name in ("alerts.yml", "start-alertmanager"):
        shutil.copy(MONITORING / name, folder)
    return folder


def prometheus_command(folder: Path, port: int) -> tuple[str, ...]:
    # What it asks itself has its own port in the configuration.
    config = folder / "prometheus.yml"
    config.write_text(config.read_text().replace("localhost:9090", f"{HOST}:{port}"))
    return (
        "prometheus",
        f"--config.file={config}",
        f"--storage.tsdb.path={folder / 'series'}",
        f"--web.listen-address={HOST}:{port}",
    )


def alertmanager_command(folder: Path, port: int) -> tuple[str, ...]:
    return (
        str(folder / "start-alertmanager"),
        "prometheus-alertmanager",
        f"--storage.path={folder / 'alerts'}",
        f"--web.listen-address={HOST}:{port}",
        "--cluster.listen-address=",
    )


@asynccontextmanager
async def ours(settings, role, words) -> AsyncIterator[None]:
    """A role of ours, once it has said these words, until the block is left."""
    process = await start(settings, role)
    try:
        await line_with(process.stderr, words)
        yield
    finally:
        process.terminate()
        await process.communicate()


@asynccontextmanager
async def debians(*command, **environment) -> AsyncIterator[None]:
    """A program of Debian's, until the block is left."""
    process = await asyncio.create_subprocess_exec(
        *command,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()


def free_ports(number: int) -> list[int]:
    """Ports of this machine that nobody listens on."""
    sockets = [socket.create_server((HOST, 0)) for _ in range(number)]
    ports: list[int] = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports
