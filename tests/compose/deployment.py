"""A deployment as an operator has it: a clone, `docker compose`, and the ports it opens."""

import asyncio
import json
import os
import re
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import httpx
import pytest

DOCKER = Path(__file__).with_name("docker.sh")
CLONE = DOCKER.with_name("clone.sh")
#: Far more than any of it takes, for a machine that is very busy.
PATIENCE_SECONDS = 240
#: Each look is a program of its own that takes its part of the machine.
AGAIN_SECONDS = 1
#: Half a second apart at first, then twice as long each time.
RETRIES = 5
#: As many as the catcher tells about at once.
PAGE = 500


def missing() -> str:
    """Why nothing can be deployed here; empty if it can."""
    looked = subprocess.run([DOCKER, "look"], capture_output=True, check=False)
    return "" if looked.returncode == 0 else "no Docker engine with compose is here"


#: What needs an engine is left out where there is none.
ON_AN_ENGINE = (
    pytest.mark.asyncio(loop_scope="session"),
    pytest.mark.skipif(bool(missing()), reason=missing() or "it can run"),
)


@dataclass(frozen=True, kw_only=True)
class Mail:
    """A mail as the catcher has it."""

    id: str
    to: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Deployment:
    """A folder with docker-compose.yml, and the variables that make it our own."""

    folder: Path
    variables: Mapping[str, str]
    http: httpx.AsyncClient

    @property
    def pages(self) -> str:
        return f"http://127.0.0.1:{self.variables['WEB_PORT']}"

    @property
    def catcher(self) -> str:
        return f"http://127.0.0.1:{self.variables['MAIL_PORT']}/api/v1"

    async def build(self) -> None:
        """Build our image, and get the others."""
        await self.run("build", self.folder)
        await self.compose("down", "--volumes")

    async def start(self) -> None:
        """Return when all is healthy that `docker compose up` starts, nothing built."""
        await self.run("start", self.folder)
        await self.is_well()

    async def up(self, *arguments: str, **variables: str) -> None:
        """Return when all that is to run is healthy, and all that is to end has."""
        await self.run("up", self.folder, *arguments, **variables)
        await self.is_well()

    async def is_well(self) -> None:
        """Return when every container is healthy, or has done what it was for."""
        await until(self._is_well)

    async def _is_well(self) -> bool:
        lines = await self.compose("ps", "--all", "--format", "json")
        found = [json.loads(line) for line in lines.splitlines()]
        states = {(one["State"], one["Health"], one["ExitCode"]) for one in found}
        return states <= {("running", "healthy", 0), ("exited", "", 0)}

    async def inside(self, service: str, command: str, *, index: int = 1) -> str:
        """What a shell command in a container of the service says."""
        where = ("exec", "-T", f"--index={index}", service)
        return await self.compose(*where, "sh", "-c", command)

    async def crash(self, service: str, *, index: int = 1) -> None:
        """Kill all that runs in a container, as a machine out of memory would.

        Return when the engine has started it again.
        """
        name = f"{self.variables['COMPOSE_PROJECT_NAME']}-{service}-{index}"
        look = (
            "docker",
            "inspect",
            "--format={{.RestartCount}} {{.State.Status}}",
            name,
        )
        starts, _ = (await self.run(*look)).split()

        async def is_back() -> bool:
            again, state = (await self.run(*look)).split()
            return int(again) > int(starts) and state == "running"

        # The shell goes down with its container, so its own end says nothing.
        where = ("exec", "-T", f"--index={index}", service)
        await self._ended("compose", self.folder, *where, "sh", "-c", "kill -9 -1")
        await until(is_back)

    async def sql(self, statement: str) -> str:
        """What the database answers, without any ornament."""
        order = f'psql --quiet -AtU postgres eventide -c "{statement}"'
        return (await self.inside("db", order)).strip()

    async def states(self) -> Counter[str]:
        """How many mails there are of each state."""
        rows = await self.sql("SELECT state, count(*) FROM outbox GROUP BY state")
        found = dict(row.split("|") for row in rows.splitlines())
        return Counter({state: int(count) for state, count in found.items()})

    async def caught(self) -> int:
        """How many mails have arrived."""
        answer = await self.http.get(f"{self.catcher}/messages", params={"limit": 1})
        return int(answer.raise_for_status().json()["total"])

    async def has_caught(self, mails: int) -> None:
        """Return once so many have arrived."""

        async def is_there() -> bool:
            return await self.caught() >= mails

        await until(is_there)

    async def mails(self) -> list[Mail]:
        """Every mail that has arrived."""
        found: list[Mail] = []
        for start in range(0, await self.caught(), PAGE):
            page = {"start": start, "limit": PAGE}
            answer = await self.http.get(f"{self.catcher}/messages", params=page)
            found += [
                _mail(one) for one in answer.raise_for_status().json()["messages"]
            ]
        return found

    async def forgets_mails(self) -> None:
        """Empty the catcher."""
        (await self.http.delete(f"{self.catcher}/messages")).raise_for_status()

    async def text_to(self, address: str, subject: str) -> str:
        """The text of a mail to somebody, once it has come."""
        found: list[Mail] = []

        async def has_come() -> bool:
            found[:] = [
                mail
                for mail in await self.mails()
                if (mail.to, mail.subject) == (address, subject)
            ]
            return bool(found)

        await until(has_come)
        answer = await self.http.get(f"{self.catcher}/message/{found[0].id}")
        return str(answer.raise_for_status().json()["Text"])

    async def compose(self, *arguments: str | Path) -> str:
        """What a compose command prints."""
        return await self.run("compose", self.folder, *arguments)

    async def run(self, verb: str, *arguments: str | Path, **variables: str) -> str:
        """What docker.sh prints. It must end well."""
        code, out, err = await self._ended(verb, *arguments, **variables)
        assert code == 0, f"{verb} {arguments}: {err[-4000:]}"
        return out

    async def _ended(
        self, verb: str, *arguments: str | Path, **variables: str
    ) -> tuple[int | None, str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("EVENTIDE_")}
        process = await asyncio.create_subprocess_exec(
            *(DOCKER, verb, *arguments),
            env={**kept, **self.variables, **variables},
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return process.returncode, out.decode(), err.decode()


@asynccontextmanager
async def deployed(folder: Path) -> AsyncIterator[Deployment]:
    """A clone in the folder, built, and gone afterwards with all that it had."""
    name = f"eventide-test-{uuid4().hex[:8]}"
    ports = {
        f"{what}_PORT": str(free_port()) for what in ("WEB", "MAIL", "HTTP", "HTTPS")
    }
    await asyncio.to_thread(subprocess.run, [CLONE, folder], check=True)
    # What is here may be gone in a moment, and back in another: nothing is said over an
    # old connection, and a new one may take some time.
    way = httpx.AsyncHTTPTransport(
        limits=httpx.Limits(max_keepalive_connections=0), retries=RETRIES
    )
    async with httpx.AsyncClient(transport=way) as http:
        ours = {"COMPOSE_PROJECT_NAME": name, "IMAGE": name, **ports}
        deployment = Deployment(folder=folder, variables=ours, http=http)
        try:
            await deployment.build()
            yield deployment
        finally:
            await deployment.compose(
                "--profile=production", "down", "--volumes", "--timeout=5"
            )
            await deployment.run("docker", "image", "rm", "--force", name)


async def until(is_so: Callable[[], Awaitable[bool]]) -> None:
    """Return once it is so."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        # Containers and mails tell nobody here that they are ready, or have come.
        while not await is_so():  # noqa: ASYNC110
            await asyncio.sleep(AGAIN_SECONDS)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


def link_in(text: str, path: str) -> str:
    """The link in a mail that leads to a page."""
    found = re.search(rf"https?://\S+{path}\?token=\S+", text)
    assert found, text
    return found[0]


def _mail(told: Mapping[str, object]) -> Mail:
    recipients = told["To"]
    assert isinstance(recipients, list)
    (to,) = recipients
    return Mail(id=str(told["ID"]), to=to["Address"], subject=str(told["Subject"]))
