"""What the composition root says when it opens the service."""

import asyncio
import shutil
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from service import app as composition
from service.domain.errors import Misconfigured
from service.keys import keys, new_keys
from service.settings import HERE, OidcSettings, read
from service.store.engine import opened
from tests.builders import NOON, message
from tests.conftest import stop_clock


@pytest.fixture
def config(tmp_path):
    folder = tmp_path / "config"
    shutil.copytree(HERE / "config", folder)
    return folder


@pytest.fixture
def settings(config, database_url):
    return read(
        {
            "EVENTIDE_CONTENT__CONFIG": str(config),
            "EVENTIDE_DATABASE__URL": database_url,
            "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
            "EVENTIDE_SMTP__TLS": "none",
        }
    )


@asynccontextmanager
async def parts(settings, now=NOON):
    found, url = keys(settings.secrets), settings.database.url
    async with opened(url, composition.sealer(found)) as store:
        await stop_clock(store, now)
    async with composition.opened(settings, url=url, keys=found) as service:
        yield service


async def test_a_tip_whose_review_ran_out_is_dropped_with_an_alarm(settings, config):
    path = config / "tips" / "fatigue.toml"
    text = path.read_text().replace(
        'reviewed_by = ""\nreviewed_on = ""\nexpires_on = ""',
        'reviewed_by = "Dr A. Example"\n'
        "reviewed_on = 2025-01-01\nexpires_on = 2026-01-01",
        1,
    )
    path.write_text(text)

    with capture_logs() as lines:
        async with parts(settings) as found:
            library = found.library

    assert "F1" not in library.catalogue.tips
    assert library.dropped == ("F1",)
    (line,) = [line for line in lines if line["action"] == "catalogue"]
    assert (line["log_level"], line["tip_id"]) == ("error", "F1")


async def test_a_worker_that_starts_after_an_outage_says_what_was_not_sent(settings):
    sealer = composition.sealer(keys(settings.secrets))
    async with opened(settings.database.url, sealer) as store:
        async with store.transaction() as tx:
            await tx.outbox.ensure_partitions(around=NOON.date())
        async with store.transaction() as tx:
            await tx.outbox.put([message()])

    with capture_logs() as lines:
        late = NOON + timedelta(hours=9)
        async with parts(settings, late) as found, composition.working(found):
            pass

    (line,) = [line for line in lines if line["action"] == "upkeep"]
    assert (line["log_level"], line["expired"], line["unknown"]) == ("warning", 1, 0)


async def test_no_production_role_starts_where_the_clock_can_be_moved(settings):
    async with parts(settings):
        pass

    with pytest.raises(Misconfigured, match="the clock of this database is a demo's"):
        await composition.service(settings).__aenter__()


async def test_a_role_without_a_heartbeat_sees_a_step_all_the_same(settings):
    async with parts(settings) as found, composition.keeping_time(found):
        await stop_clock(found.store, NOON + timedelta(hours=8))
        async with asyncio.timeout(60):
            while not await is_held(found.store):
                pass
        believed = found.clock.now()

    assert abs(believed - NOON) < timedelta(minutes=5)


async def is_held(store):
    async with store.transaction() as tx:
        return (await tx.timekeeping.read()).is_held


async def test_whoever_is_to_be_told_that_all_is_well_is_told_of_at_the_start(settings):
    operator = settings.operator.model_copy(
        update={"ping_url": "https://ping.example/long-name"}
    )
    told = settings.model_copy(update={"operator": operator})

    with capture_logs() as lines:
        async with parts(told) as found, composition.working(found) as health:
            trouble = await health.trouble()

    assert trouble == ""
    (line,) = [line for line in lines if "while all is well" in line["event"]]
    assert "long-name" not in str(line)


def test_a_demo_touches_neither_the_operator_s_relays_nor_their_bounces():
    theirs = read(
        {
            "EVENTIDE_SMTP__OTHERS": '[{"host": "relay.example.org"}]',
            "EVENTIDE_SMTP__PASSWORD": "hush",
            "EVENTIDE_BOUNCES__IMAP_HOST": "imap.example.org",
            "EVENTIDE_BOUNCES__LISTEN": "127.0.0.1:8024",
            "EVENTIDE_OPERATOR__PING_URL": "https://ping.example.org/theirs",
        }
    )

    demo = composition.kept_here(theirs, base_url="http://127.0.0.1:1", smtp_port=2)

    assert (demo.smtp.host, demo.smtp.port, demo.smtp.others) == ("127.0.0.1", 2, ())
    assert demo.smtp.password.get_secret_value() == ""
    assert (demo.bounces.imap_host, demo.bounces.listen) == ("", "")
    assert demo.operator.ping_url == ""
    # Whoever looks at it signs in with the password that it prints, and no more.
    assert theirs.operator.second_factor == "required"
    assert demo.operator.second_factor == "optional"


async def test_the_console_knows_the_identity_provider_that_was_set(settings):
    clinic = OidcSettings(issuer="https://id.example.org", name="Clinic ID")
    named = settings.model_copy(update={"oidc": clinic})

    async with parts(settings) as without, parts(named) as found:
        provider = composition.site(found).provider
        nobody = composition.site(without).provider

    assert provider is not None
    assert provider.name == "Clinic ID"
    assert nobody is None
