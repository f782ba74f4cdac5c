"""Relays of others, each with a configuration and a queue of its own in a folder.

They need root, for they change to users of their own, and touch nothing of a relay
that the machine may run.
"""

import re
import shutil
import socket
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
DOMAIN = "people.example"
PATIENCE_SECONDS = 60
COMPLAINT = re.compile(
    "sync|improper|pipelin|lost connection|timeout|too many|warning|fatal|panic|bare",
    re.IGNORECASE,
)

POSTFIX = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
command_directory = /usr/sbin
daemon_directory = /usr/lib/postfix/sbin
mail_owner = postfix
setgid_group = postdrop
maillog_file = {folder}/log/postfix.log
maillog_file_prefixes = {folder}/log
myhostname = relay.example
inet_interfaces = 127.0.0.1
mynetworks = 127.0.0.0/8
alias_maps =
mydestination =
default_transport = discard:
virtual_mailbox_domains = {domain}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = regexp:{folder}/etc/people
virtual_uid_maps = static:{user}
virtual_gid_maps = static:{user}
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = reject_unlisted_recipient, permit
"""
POSTFIX_SERVICES = """
{port} inet n - n - 100 smtpd
postlog unix-dgram n - n - 1 postlogd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
virtual unix - n n - - virtual
proxymap unix - - n - - proxymap
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
"""
POSTFIX_PEOPLE = """
/^person.*@{domain}$/ all/
"""
EXIM = """
exim_user = Debian-exim
exim_group = Debian-exim
spool_directory = {folder}/data
log_file_path = {folder}/log/exim.%s
pid_file_path = {folder}/data/exim.pid
primary_hostname = relay.example
local_interfaces = 127.0.0.1
daemon_smtp_ports = {port}
smtp_enforce_sync = true
smtp_accept_max = 200
queue_only = true
keep_environment =
tls_advertise_hosts =
acl_smtp_rcpt = rcpt
begin acl
rcpt:
  deny message = 5.1.1 no such user
       local_parts = ^stranger
  accept
"""


class Relay(ABC):
    """One of them, in a folder of its own."""

    name: str

    def __init__(self, folder: Path) -> None:
        """Choose a port; nothing is started yet."""
        self.folder = folder
        with socket.create_server((HOST, 0)) as free:
            self.port: int = free.getsockname()[1]

    @abstractmethod
    def running(self) -> AbstractContextManager[None]:
        """It listens inside the block."""

    @abstractmethod
    def taken(self, count: int) -> list[bytes]:
        """The messages that it has, after waiting until there are so many."""

    def complaints(self) -> list[str]:
        """The lines of its log in which it is not content."""
        logs = (self.folder / "log").iterdir()
        lines = [line for log in logs for line in log.read_text().splitlines()]
        return [line for line in lines if COMPLAINT.search(line)]

    def _set_up(self, user: str, **texts: str) -> None:
        """Its folders, and its files with what they must know filled in."""
        for name in ("etc", "queue", "data", "log", "mail"):
            (self.folder / name).mkdir(parents=True)
        for name in ("data", "log", "mail"):
            shutil.chown(self.folder / name, user=user)
        ids = subprocess.run(
            ["/usr/bin/id", "-u", user], check=True, capture_output=True, text=True
        )
        for name, text in texts.items():
            filled = text.format(
                folder=self.folder,
                port=self.port,
                domain=DOMAIN,
                user=ids.stdout.strip(),
            )
            (self.folder / "etc" / name).write_text(filled)

    def _listens(self) -> None:
        """Return once it does."""
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                socket.create_connection((HOST, self.port)).close()
            except OSError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
            else:
                return

    def _files(self, pattern: str, count: int) -> list[bytes]:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while len(found := list(self.folder.glob(pattern))) < count:
            if time.monotonic() > deadline:
                break
            time.sleep(0.2)
        return [path.read_bytes() for path in found]


class Postfix(Relay):
    """It delivers into one folder."""

    name = "Postfix"

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it and stop it."""
        self._set_up(
            "postfix",
            **{
                "main.cf": POSTFIX,
                "master.cf": POSTFIX_SERVICES,
                "people": POSTFIX_PEOPLE,
            },
        )
        command = ["/usr/sbin/postfix", "-c", str(self.folder / "etc")]
        subprocess.run([*command, "start"], check=True, capture_output=True)
        try:
            yield
        finally:
            subprocess.run([*command, "stop"], check=True, capture_output=True)

    def taken(self, count: int) -> list[bytes]:
        """What it has delivered."""
        return self._files("mail/*/new/*", count)


class Exim(Relay):
    """It insists that nobody speaks out of turn, and keeps what it takes."""

    name = "Exim"

    def __init__(self, folder: Path, *, program: Path) -> None:
        """Keep where the program is."""
        super().__init__(folder)
        self._program = program

    @contextmanager
    def running(self) -> Iterator[None]:
        """Start it and end it."""
        self._set_up("Debian-exim", **{"exim.conf": EXIM})
        libraries = self._program.parents[1] / "lib/x86_64-linux-gnu"
        with subprocess.Popen(
            [self._program, "-C", self.folder / "etc/exim.conf", "-bdf"],
            env={"LD_LIBRARY_PATH": str(libraries)},
            # It says that it is not where it expects to be.
            stderr=subprocess.DEVNULL,
        ) as process:
            try:
                self._listens()
                yield
            finally:
                process.terminate()

    def taken(self, count: int) -> list[bytes]:
        """What it holds: the headers in one file, the body in another."""
        bodies = self._files("data/input/**/*-D", count)
        return [data.partition(b"\n")[2] for data in bodies]
