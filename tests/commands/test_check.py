"""`eventide check`, as the operator runs it."""

import asyncio
import json
from datetime import timedelta

import pytest
import pytest_asyncio
from aiosmtpd.smtp import SMTP

from service.clock import SystemClock
from service.domain.outbox import Lane, State, ended
from service.flows.crew import beat, leave
from service.flows.upkeep import upkeep
from service.keys import keys, new_keys
from service.settings import read
from service.store.engine import Store, opened
from service.store.sealing import Sealer
from tests.builders import message
from tests.commands.processes import outcome


@pytest_asyncio.fixture
async def relay_port():
    """Where a relay listens that lets everybody in."""
    server = await asyncio.get_running_loop().create_server(
        lambda: SMTP(object(), hostname="relay"), "127.0.0.1", 0
    )
    async with server:
        yield server.sockets[0].getsockname()[1]


@pytest.fixture
def named(settings, database_url, relay_port):
    return {
        **settings,
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
        "EVENTIDE_SMTP__HOST": "127.0.0.1",
        "EVENTIDE_SMTP__PORT": str(relay_port),
        "EVENTIDE_SMTP__TLS": "none",
    }


@pytest_asyncio.fixture
async def records(named, database_url):
    found = keys(read(named).secrets)
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with opened(database_url, sealer) as store:
        yield store


async def expired(store: Store, *, now) -> None:
    """A night on which somebody's reminder was not sent in time."""
    await upkeep(store, now=now)
    night = now.date()
    one = message(night=night, not_before=now, expires_at=now + timedelta(hours=1))
    async with store.transaction() as tx:
        await tx.outbox.put([one])
        (mine,) = await tx.outbox.claim(
            Lane.EVENING, limit=1, worker="one", lease=timedelta(minutes=1), now=now
        )
        gone = ended(mine, State.EXPIRED, "the relay was away: 421", now)
        await tx.outbox.record([gone], worker="one", now=now)


async def test_a_service_in_order_is_told_to_be(named, records, relay_port):
    await beat(records, "one", per_second=5)
    await beat(records, "two", per_second=5)
    await leave(records, "two")

    code, out, err = await outcome(named, "check")

    assert code == 0, err
    assert out.splitlines() == [
        "warning  tips      0 of 130 tips are reviewed by a clinician",
        f"ok       relay     127.0.0.1:{relay_port} lets us in",
        "ok       database  the database answers and has the schema of this release",
        "ok       tonight   workers alive: 1",
        "ok       tonight   nothing is due in the next hours",
    ]


async def test_the_operator_sees_how_many_were_not_sent_and_why(named, records):
    await expired(records, now=SystemClock().now())

    code, out, _ = await outcome(named, "check")

    assert code == 0
    assert "no worker is alive: start one with `eventide worker`" in out
    assert "1 expired since yesterday: the relay was away\n" in out


async def test_each_fault_is_named_and_the_rest_looked_at_all_the_same(named):
    others = [{"host": "127.0.0.1", "port": 1, "tls": "none"}]
    broken = {
        "EVENTIDE_CONTENT__CONFIG": "/nowhere",
        "EVENTIDE_SMTP__OTHERS": json.dumps(others),
        "EVENTIDE_DATABASE__URL": "postgresql://u@127.0.0.1:1/db",
    }

    code, out, err = await outcome({**named, **broken}, "check")

    faults = [line for line in out.splitlines() if line.startswith("fault")]
    assert code == 1, err
    assert [line.split()[1] for line in faults] == ["tips", "relay", "database"]
    assert "no connection to the relay 127.0.0.1:1" in faults[1]
    assert "See that the relay runs" in faults[1]
    assert "lets us in" in out
