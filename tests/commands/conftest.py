"""Commands called inside this process leave no trace in it; others have a home."""

import logging
import shutil
import tempfile
from contextlib import AsyncExitStack
from pathlib import Path
from uuid import uuid4

import pytest
import pytest_asyncio
import structlog

from service.clock import SystemClock
from service.content.templating import Templates
from service.domain.verp import Verp
from service.flows.bounces import Desk
from service.flows.crew import beat
from service.keys import keys
from service.logs import HANDLER
from service.settings import HERE, read
from service.store.engine import opened
from service.store.sealing import Sealer
from service.worker import lmtp
from tests.builders import REFUSALS
from tests.commands.authority import Authority
from tests.commands.clinic import HOST, Clinic, named, only_us, zone
from tests.commands.nameserver import Nameserver
from tests.mail.relay import Relay
from tests.web.visits import cut_off_site


@pytest.fixture(autouse=True)
def _own_logs():
    yield
    structlog.reset_defaults()
    root = logging.getLogger()
    root.handlers[:] = [each for each in root.handlers if each.name != HANDLER]


@pytest.fixture
def settings(tmp_path):
    # Root's own temporary folders are closed to the user that PostgreSQL runs as.
    home = Path(tempfile.mkdtemp(prefix="eventide-test-"))
    home.chmod(0o711)
    yield {
        "EVENTIDE_DATABASE__DIR": str(home / "data"),
        "HOME": str(tmp_path),
        "XDG_DATA_HOME": str(tmp_path / "share"),
    }
    shutil.rmtree(home)


@pytest.fixture(scope="session")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"), now=SystemClock().now())


@pytest.fixture(scope="session")
def site(library):
    """Pages that never ask the database."""
    return cut_off_site(library, Templates(HERE / "templates"), SystemClock())


@pytest_asyncio.fixture
async def clinic(settings, database_url, authority, site):
    """A service in order: database, worker, relay, name server, pages over https."""
    domain = f"{uuid4().hex[:12]}.org"
    told = {
        **settings,
        **named(domain, f"{SystemClock().now():%Y-%m}"),
        "EVENTIDE_DATABASE__URL": database_url,
        "SSL_CERT_FILE": str(authority.path),
    }
    found = keys(read(told).secrets)
    sealer = Sealer(
        lookup=found.lookup, keys=found.seal, current=next(iter(found.seal))
    )
    async with AsyncExitStack() as stack:
        names = await stack.enter_async_context(Nameserver())
        names.zone = zone(domain, f"bounce.{domain}")
        tls = authority.server("localhost")
        relay = Relay(tls_context=tls, authenticator=only_us, data_size_limit=1_000_000)
        await stack.enter_async_context(relay)
        told["EVENTIDE_SMTP__PORT"] = str(relay.port)
        store = await stack.enter_async_context(opened(database_url, sealer))
        await beat(store, "one", per_second=5)
        verp = Verp(keys=found.link, address=f"bounce@bounce.{domain}")
        desk = Desk(store=store, verp=verp, refusals=REFUSALS, clock=SystemClock())
        port = await stack.enter_async_context(lmtp.listening(desk, f"{HOST}:0"))
        told["EVENTIDE_BOUNCES__LISTEN"] = f"{HOST}:{port}"
        clinic = Clinic(
            settings=told,
            domain=domain,
            names=names,
            authority=authority,
            relay=relay,
            store=store,
            stack=stack,
        )
        await clinic.serve(site)
        yield clinic
