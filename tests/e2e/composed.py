"""The relay of the compose file, run here as it is there: the same program and files."""

import asyncio
import os
import shutil
import signal
import subprocess
import tempfile
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import dns.zone
from dns.rdtypes.txtbase import TXTBase

from service.settings import HERE
from tests.e2e.mailserver import BOUNCES, HOST, USER, free_port, listening

PROGRAM = HERE / "config" / "relay" / "relay"
HOSTNAME = "mail.example.org"
SENDER_DOMAIN = "news.example.org"
#: What an operator decides, as docs/relays.md has it.
OPERATOR = {
    "RELAY_HOSTNAME": HOSTNAME,
    "EVENTIDE_SMTP__SENDER": f"Eventide <tips@{SENDER_DOMAIN}>",
    "EVENTIDE_BOUNCES__ADDRESS": f"{USER}@{BOUNCES}",
}


@dataclass(frozen=True, kw_only=True)
class Composed:
    """A relay that runs: its two ports, and what its operator would have to publish."""

    submission: int
    mx: int
    records: str
    signer: Process

    async def loses_its_signer(self) -> None:
        await _killed(self.signer)

    @property
    def texts(self) -> Mapping[str, str]:
        return texts(self.records)


@contextmanager
def home() -> Iterator[Path]:
    """A folder that everybody may enter and nobody but root may write to.

    It is not below /tmp: OpenDKIM believes no key there.
    """
    with tempfile.TemporaryDirectory(prefix="eventide-relay-", dir="/run") as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@asynccontextmanager
async def composed(
    folder: Path, *, next_hop: int, worker: int
) -> AsyncIterator[Composed]:
    """The relay, which sends on to one port and hands what comes back to another."""
    submission, mx, signing = free_port(), free_port(), free_port()
    places = {
        "RELAY_MX": f"{HOST}:{mx}",
        "RELAY_SUBMISSION": f"{HOST}:{submission}",
        "RELAY_SIGNER": f"{HOST}:{signing}",
        "RELAY_WORKER": f"{HOST}:{worker}",
        "RELAY_NEXT_HOP": f"[{HOST}]:{next_hop}",
    }
    environment = settings(folder, **OPERATOR, **places)
    signer = await _started("signer", environment, folder / "signer.log")
    try:
        await listening(signing)
        postfix = await _started("postfix", environment, folder / "postfix.log")
        try:
            await listening(submission)
            yield Composed(
                submission=submission,
                mx=mx,
                records=relay("records", environment).stdout,
                signer=signer,
            )
        finally:
            # As a container engine would.
            postfix.send_signal(signal.SIGTERM)
            await postfix.wait()
    finally:
        await _killed(signer)


def settings(folder: Path, **chosen: str) -> dict[str, str]:
    """What the image and the compose file say, with folders in this one."""
    return {
        "PATH": os.environ["PATH"],
        "RELAY_TEMPLATES": str(PROGRAM.parent),
        "RELAY_CONFIG": str(folder / "etc"),
        "RELAY_HOME": str(folder / "home"),
        "RELAY_KEYS": str(folder / "keys"),
        **chosen,
    }


def relay(
    command: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """One of the program's commands that ends by itself."""
    return subprocess.run(
        [PROGRAM, command], env=environment, capture_output=True, text=True, check=False
    )


def texts(records: str) -> dict[str, str]:
    """The TXT records of a zone file, each in one piece."""
    zone = dns.zone.from_text(records, origin=".", relativize=False, check_origin=False)
    return {
        name.to_text(): b"".join(data.strings).decode()
        for name, _, data in zone.iterate_rdatas("TXT")
        if isinstance(data, TXTBase)
    }


async def _started(command: str, environment: dict[str, str], log: Path) -> Process:
    with log.open("a") as file:
        return await asyncio.create_subprocess_exec(
            PROGRAM,
            command,
            env=environment,
            stdout=file,
            stderr=file,
            start_new_session=True,
        )


async def _killed(process: Process) -> None:
    """It knows nothing worth keeping, and would take five seconds over a farewell."""
    if process.returncode is None:
        process.kill()
        await process.wait()


def missing() -> str:
    """Why it cannot run here; empty if it can."""
    needed = ("bash", "openssl", "opendkim", "postfix")
    lacking = [name for name in needed if not shutil.which(name)]
    lacking += [] if os.geteuid() == 0 else ["root, who must start them,"]
    return f"{' and '.join(lacking)} is not here" if lacking else ""
