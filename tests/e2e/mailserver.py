"""A real Postfix, and a real Dovecot, each on a configuration of its own in a folder.

Postfix takes our mail, offers it to the next hop, and reports by mail what that one
refused: to a Maildir that Dovecot serves, or over LMTP to us.
"""

import asyncio
import os
import pwd
import shutil
import signal
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

HOST = "127.0.0.1"
BOUNCES = "bounce.example.org"
PATIENCE_SECONDS = 60
USER, PASSWORD = "bounce", "correct-horse"

MAIN = """
compatibility_level = 3.6
queue_directory = {home}/queue
data_directory = {home}/data
maillog_file = {home}/mail.log
maillog_file_prefixes = {home}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = mail.example.org
mydestination =
mynetworks = 127.0.0.0/8
alias_maps =
alias_database =
relayhost = [127.0.0.1]:{next_hop}
smtp_dns_support_level = disabled
smtpd_relay_restrictions = permit_mynetworks, reject
recipient_delimiter = +
local_recipient_maps =
in_flow_delay = 0
"""
TO_A_MAILDIR = """
virtual_mailbox_domains = {bounces}
virtual_mailbox_base = {home}
virtual_mailbox_maps = inline:{{ {{ {user}@{bounces} = maildir/ }} }}
virtual_uid_maps = static:{uid}
virtual_gid_maps = static:{gid}
"""
# As docs/bounces.md has it.
OVER_LMTP = """
transport_maps = inline:{{ {{ {bounces} = lmtp:inet:127.0.0.1:{lmtp} }} }}
relay_domains = {bounces}
relay_recipient_maps = inline:{{ {{ {user}@{bounces} = ok }} }}
"""
MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
proxywrite unix - - n - 1 proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
showq unix n - n - - showq
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
virtual unix - n n - - virtual
lmtp unix - - n - - lmtp
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
"""
DOVECOT = """
base_dir = {home}/run
log_path = {home}/dovecot.log
protocols = imap
listen = 127.0.0.1
ssl = required
ssl_cert = <{certificate}
ssl_key = <{home}/key.pem
mail_location = maildir:{maildir}
first_valid_uid = 1
default_login_user = dovenull
passdb {{
  driver = static
  args = password={password}
}}
userdb {{
  driver = static
  args = uid={uid} gid={gid} home={home}
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = 0
  }}
  inet_listener imaps {{
    port = {port}
  }}
}}
service anvil {{
  chroot =
}}
"""


def missing() -> str:
    """Why a real mail server cannot run here; empty if it can."""
    lacking = [name for name in ("postfix", "dovecot") if not shutil.which(name)]
    lacking += [] if os.geteuid() == 0 else ["root, who must start them,"]
    return f"{' and '.join(lacking)} is not here" if lacking else ""


@asynccontextmanager
async def postfix(home: Path, *, next_hop: int, lmtp: int = 0) -> AsyncIterator[int]:
    """The port of a Postfix that sends everything on to `next_hop`.

    Mail to the bounce domain goes into `home/maildir`, or to the port `lmtp`.
    """
    owner = pwd.getpwnam("postfix")
    port = free_port()
    config = home / "etc"
    for folder in (home, config, home / "queue", home / "data", home / "maildir"):
        make(folder)
    named = {
        "home": home,
        "port": port,
        "next_hop": next_hop,
        "bounces": BOUNCES,
        "lmtp": lmtp,
        "user": USER,
        "uid": owner.pw_uid,
        "gid": owner.pw_gid,
    }
    main = MAIN + (OVER_LMTP if lmtp else TO_A_MAILDIR)
    (config / "main.cf").write_text(main.format(**named))
    (config / "master.cf").write_text(MASTER.format(**named))
    process = await asyncio.create_subprocess_exec(
        *f"postfix -c {config} start-fg".split(),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        await listening(port)
        yield port
    finally:
        await run(f"postfix -c {config} stop")
        await process.wait()


@asynccontextmanager
async def dovecot(home: Path, maildir: Path) -> AsyncIterator[tuple[int, Path]]:
    """The port of a Dovecot that serves the Maildir, and its certificate: localhost's."""
    owner = pwd.getpwnam("postfix")
    port = free_port()
    make(home)
    certificate, config = home / "certificate.pem", home / "dovecot.conf"
    await run(
        "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext "
        f"subjectAltName=DNS:localhost -keyout {home}/key.pem -out {certificate}"
    )
    config.write_text(
        DOVECOT.format(
            home=home,
            maildir=maildir,
            port=port,
            certificate=certificate,
            password=PASSWORD,
            uid=owner.pw_uid,
            gid=owner.pw_gid,
        )
    )
    process = await asyncio.create_subprocess_exec(
        "dovecot", "-F", "-c", str(config), start_new_session=True
    )
    try:
        await listening(port)
        yield port, certificate
    finally:
        process.send_signal(signal.SIGTERM)
        await process.wait()


async def run(command: str) -> None:
    """Return when the command has ended."""
    process = await asyncio.create_subprocess_exec(
        *command.split(), stderr=asyncio.subprocess.DEVNULL
    )
    await process.wait()


def make(folder: Path) -> None:
    """A folder of Postfix's user; root's own files in it are for root to protect."""
    folder.mkdir(exist_ok=True)
    folder.chmod(0o755)
    owner = pwd.getpwnam("postfix")
    os.chown(folder, owner.pw_uid, owner.pw_gid)


def free_port() -> int:
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


async def listening(port: int) -> None:
    """Return once something takes connections at the port."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                _, writer = await asyncio.open_connection(HOST, port)
            except OSError:
                await asyncio.sleep(0.05)
            else:
                writer.close()
                await writer.wait_closed()
                return
