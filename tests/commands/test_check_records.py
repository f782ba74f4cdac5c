"""A doctor at the database: its schema, its clock, its people, and tonight."""

from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy.engine import make_url

from service.clock import SystemClock
from service.commands.doctor import database
from service.commands.doctor.examination import Area, examined
from service.commands.doctor.patient import Patient
from service.domain.finding import Grade, Sheet
from service.domain.limits import sources
from service.domain.outbox import Kind, Lane, State, ended
from service.domain.refusals import Verdict
from service.embedded.postgres import throwaway
from service.flows import deployment
from service.flows.crew import beat, leave, leave_alone
from service.flows.upkeep import upkeep
from service.keys import new_keys
from service.settings import read
from service.store import migrate
from service.store.suppression import Reason
from service.store.vitals import Replication, vitals
from tests.builders import message, subscriber
from tests.conftest import administer
from tests.fakes import StoppedClock
from tests.store.plain_sql import raw

FAULT, WARNING, OK = Grade.FAULT, Grade.WARNING, Grade.OK
PASSWORD = "right"
ADDRESS = "ann@example.com"


@pytest_asyncio.fixture
async def locked_url():
    """A database of a user who needs a password, which this URL has wrong."""
    async with throwaway() as url:
        plain = make_url(url).set(drivername="postgresql")
        connection = await asyncpg.connect(plain.render_as_string(hide_password=False))
        await connection.execute(f"CREATE ROLE locked LOGIN PASSWORD '{PASSWORD}'")
        ask_for_passwords(Path(await connection.fetchval("SHOW hba_file")))
        await connection.execute("SELECT pg_reload_conf()")
        await connection.close()
        yield plain.set(username="locked", password="wrong").render_as_string(
            hide_password=False
        )


def ask_for_passwords(rules):
    rules.write_text(f"local all locked scram-sha-256\n{rules.read_text()}")


async def seeded(clinic, people, *more):
    """Some invented people, as `eventide seed` adds them."""
    result = await clinic.run("seed", "--subscribers", str(people), *more)
    assert result.exit_code == 0, result.output


async def looked(clinic, area, look, now):
    """What one look finds when it is another time here."""
    patient = Patient(
        settings=read(clinic.settings),
        clock=StoppedClock(now),
        nameserver=clinic.names.address,
    )
    return await examined(patient, [Area(name=area, look=look)], done=lambda: None)


async def test_a_wrong_password_for_the_database_is_named(clinic, locked_url):
    clinic.settings["EVENTIDE_DATABASE__URL"] = locked_url

    await clinic.require(
        "database", "reachable", FAULT, "password authentication failed", "the password"
    )


async def test_a_database_that_is_not_there_is_named(clinic, database_url):
    other = make_url(database_url).set(database="eventide_of_nobody")
    clinic.settings["EVENTIDE_DATABASE__URL"] = other.render_as_string()

    await clinic.require(
        "database", "reachable", FAULT, "does not exist", "Create that database"
    )


async def test_a_database_without_tables_is_to_be_migrated(clinic, empty_database_url):
    clinic.settings["EVENTIDE_DATABASE__URL"] = empty_database_url

    await clinic.require(
        "database", "schema", FAULT, r"at nothing.*0001.*0004", "Run `eventide migrate`"
    )
    await clinic.require("tonight", "backlog", WARNING, "not known", "the schema first")


async def test_a_database_of_the_release_before_is_to_be_migrated(clinic, database_url):
    await migrate.downgrade(database_url, "0003")

    await clinic.require(
        "database", "schema", FAULT, r"at 0003.*0004", "Run `eventide migrate`"
    )


async def test_a_database_of_a_newer_release_wants_that_release(clinic, database_url):
    await raw(database_url, "UPDATE alembic_version SET version_num = '9999'")

    await clinic.require(
        "database", "schema", FAULT, "newer release", "Install that release"
    )


async def test_keys_that_open_what_people_told_are_told_to(clinic):
    await seeded(clinic, 7)
    async with clinic.store.transaction() as tx:
        now = SystemClock().now()
        await tx.suppression.add(ADDRESS, Reason.COMPLAINT, now=now)

    result = await clinic.check()

    assert result.exit_code == 0
    assert "they open what was sealed (7 people tried)" in result.stdout
    assert "1 addresses get no mail: 1 complaint" in " ".join(result.stdout.split())


@pytest.mark.parametrize(
    ("kept", "words", "remedy"),
    [(1, "look-up key does not find", "Put the look-up key back"),
     (0, "does not open with key", "restore it from a backup")],
)  # fmt: skip
async def test_keys_of_another_service_are_told_from_ours(clinic, kept, words, remedy):
    await seeded(clinic, 1)
    ours = clinic.settings["EVENTIDE_SECRETS__KEYS"].splitlines()
    mixed = new_keys(name=f"{SystemClock().now():%Y-%m}").splitlines()
    mixed[kept] = ours[kept]
    clinic.settings["EVENTIDE_SECRETS__KEYS"] = "\n".join(mixed)

    await clinic.require("database", "keys fit", FAULT, words, remedy)


@pytest.mark.parametrize(
    ("apart", "grade"),
    [(timedelta(minutes=-3), FAULT), (timedelta(seconds=28), WARNING)],
)
async def test_a_clock_that_is_wrong_is_noticed_by_the_database(clinic, apart, grade):
    now = SystemClock().now() + apart

    found = await looked(clinic, "database", database.look, now)

    (clock,) = [one for one in found if one.check == "clock"]
    assert clock.grade is grade
    assert ("ahead of" if apart < timedelta() else "behind") in clock.finding
    assert "NTP" in clock.remedy


@pytest.mark.parametrize(
    ("statement", "finding", "remedy"),
    [
        ("UPDATE timekeeping SET is_held = true", "it stepped", "clock-stepped.md"),
        (
            "INSERT INTO shifted_clock (identity, instant) VALUES ('', now())",
            "it is a demo's",
            "no demo was run",
        ),
    ],
    ids=["stepped", "a demo's"],
)
async def test_a_clock_that_is_not_to_be_believed_is_told_of(
    clinic, database_url, statement, finding, remedy
):
    await administer(database_url, statement)

    await clinic.require("database", "clock steps", FAULT, finding, remedy)


async def test_the_audit_log_is_looked_at(clinic, database_url, tmp_path):
    async def told():
        now = SystemClock().now()
        found = await looked(clinic, "database", database.look, now)
        (line,) = [one for one in found if one.check == "audit log"]
        return line

    empty = await told()
    await clinic.run("pause")
    unmarked = await told()
    clinic.settings["EVENTIDE_DATABASE__STATE_DIR"] = str(tmp_path / "state")
    await clinic.run("resume")
    marked = await told()
    await administer(database_url, "ALTER TABLE audit DISABLE TRIGGER ALL")
    await administer(database_url, "DELETE FROM audit WHERE number = 2")
    cut = await told()

    grades = [one.grade for one in (empty, unmarked, marked, cut)]
    assert grades == [OK, WARNING, OK, FAULT]
    assert "detected, not prevented" in marked.finding
    assert "EVENTIDE_DATABASE__STATE_DIR" in unmarked.remedy
    assert "its last entry, 2, is missing" in cut.finding


@pytest.mark.parametrize(("free", "grade"), [(0.01, FAULT), (0.05, WARNING), (0.5, OK)])
def test_a_disk_that_is_nearly_full_is_noticed(free, grade):
    sheet = Sheet("database")

    database.disk(sheet, Path("/srv/eventide"), free)

    (found,) = sheet.findings
    assert found.grade is grade
    assert f"{free:.0%} of the disk" in found.finding
    assert ("Make room" in found.remedy) is (grade is not OK)


async def test_a_database_that_is_too_old_is_noticed(database_url):
    sheet = Sheet("database")
    found = await vitals(database_url)

    database.release(sheet, 140011)
    database.release(sheet, found.version)

    old, new = sheet.findings
    assert (old.grade, old.finding) == (FAULT, "PostgreSQL 14.11")
    assert old.remedy == "Use PostgreSQL 15 or newer"
    assert new.grade is OK


async def test_without_a_worker_the_operator_is_told_to_start_one(clinic):
    await leave(clinic.store, "one")

    await clinic.require("tonight", "workers", WARNING, "none is alive", "worker`")


async def test_without_a_worker_while_people_wait_there_is_a_fault(clinic):
    await leave(clinic.store, "one")
    await seeded(clinic, 5, "--due-now")

    await clinic.require("tonight", "workers", FAULT, "5 reminders are due", "worker`")


@pytest.mark.parametrize(("minutes", "grade"), [(11, WARNING), (31, FAULT)])
async def test_a_reminder_that_waits_though_workers_live_is_a_backlog(
    clinic, minutes, grade
):
    now = SystemClock().now()
    await upkeep(clinic.store, now=now)
    since = now - timedelta(minutes=minutes)
    waiting = message(
        night=now.date(), not_before=since, expires_at=now + timedelta(hours=1)
    )
    async with clinic.store.transaction() as tx:
        await tx.outbox.put([waiting])

    await clinic.require(
        "tonight", "backlog", grade, f"waited for {minutes} minutes", "log of the"
    )


async def test_an_evening_whose_rate_nobody_knows_is_not_called_in_order(clinic):
    await beat(clinic.store, "one", per_second=0)
    await seeded(clinic, 5, "--due-now")

    await clinic.require("tonight", "forecast", WARNING, "not known", "Look again")


async def test_an_evening_that_will_be_late_is_foretold(clinic):
    await beat(clinic.store, "one", per_second=0.0001)
    await seeded(clinic, 20, "--due-now")

    await clinic.require(
        "tonight", "forecast", WARNING, "would be too late", "more workers"
    )


async def test_what_was_not_sent_is_counted_with_its_reason(clinic):
    now = SystemClock().now()
    await upkeep(clinic.store, now=now)
    late = message(
        night=now.date(), not_before=now, expires_at=now + timedelta(hours=1)
    )
    other = message(
        2, night=now.date(), not_before=now, expires_at=now + timedelta(hours=1)
    )
    async with clinic.store.transaction() as tx:
        await tx.outbox.put([late, other])
        claimed = await tx.outbox.claim(
            Lane.EVENING, limit=2, worker="one", lease=timedelta(minutes=1), now=now
        )
        states = (State.EXPIRED, State.SUPPRESSED)
        gone = [
            ended(mine, state, "the relay was away: 421", now)
            for mine, state in zip(claimed, states, strict=True)
        ]
        await tx.outbox.record(gone, worker="one", now=now)

    await clinic.require(
        "tonight", "not sent", WARNING, "1 expired since yesterday", "docs/relays.md"
    )
    assert "1 suppressed since yesterday" in (await clinic.check()).stdout


async def test_whom_refusals_ended_and_where_they_are_held_is_said(
    clinic, database_url
):
    now = SystemClock().now()
    await upkeep(clinic.store, now=now)
    assert "nobody's reminders were ended" in (await clinic.check()).stdout
    async with clinic.store.transaction() as tx:
        await tx.subscribers.add(subscriber(), next_due_at=now, now=now)
        await tx.refusals.end(1, Verdict.DEAD, mailbox="gmail", now=now)
    for mailbox, nights_down in (("", 0), ("gmail", 12)):
        await raw(
            database_url,
            "INSERT INTO fence VALUES ($1, 'r:25', $2, 40, 30, true, true, $3, now())",
            now.date(),
            mailbox,
            nights_down,
        )

    await clinic.require(
        "tonight", "fence", WARNING, "10 of 40 arrived at all", "verdicts-held.md"
    )
    said = (await clinic.check()).stdout
    assert "1 ended in the last 7 days: dead, gmail" in said
    assert "count all the same, after 12 such nights" in said


async def test_a_relay_that_a_worker_leaves_alone_is_named(clinic):
    since = SystemClock().now() - timedelta(minutes=7)
    await leave_alone(clinic.store, "one", {"mail.clinic.org:25": since})

    await clinic.require(
        "tonight", "relays", WARNING, "no mail, for 7 minutes", "relay-left-alone"
    )


async def test_a_confirmation_that_waits_for_long_is_a_warning(clinic):
    now = SystemClock().now()
    await upkeep(clinic.store, now=now)
    asked = message(
        kind=Kind.CONFIRMATION,
        night=now.date(),
        not_before=now - timedelta(minutes=11),
        expires_at=now + timedelta(hours=1),
    )
    async with clinic.store.transaction() as tx:
        await tx.outbox.put([asked])

    await clinic.require(
        "tonight", "confirmations", WARNING, "waited for 11 minutes", "log of the"
    )


async def test_mail_that_an_operator_paused_is_not_forgotten(clinic):
    await deployment.pause(clinic.store, by="ada", now=SystemClock().now())

    await clinic.require("tonight", "sending", WARNING, "paused all mail", "resume`")


async def test_a_restored_copy_is_told_from_the_one_that_sends(clinic, database_url):
    await raw(database_url, "UPDATE deployment SET identity = 'another'")

    await clinic.require("tonight", "sending", FAULT, "a restored copy", "adopt`")


@pytest.mark.parametrize(
    ("change", "is_promised", "grade", "words"),
    [
        ({}, False, OK, "alone: no standby"),
        ({}, True, FAULT, "reminders wait"),
        ({"standbys": 1}, False, OK, "asynchronous: 1 standby, which may lag"),
        ({"is_standby": True}, True, FAULT, "this is a standby"),
        (
            {"is_synchronous": True, "standbys": 2, "waited_for": 1},
            True,
            OK,
            "waits for 1 of 2 standbys",
        ),
        (
            {"is_synchronous": True, "standbys": 1, "waited_for": 1},
            False,
            OK,
            "synchronous does not say so",
        ),
        (
            {"is_synchronous": True, "standbys": 1, "unseen": 1},
            True,
            WARNING,
            "cannot be seen",
        ),
        ({"is_synchronous": True}, True, FAULT, "every commit hangs"),
    ],
)
def test_the_doctor_says_whether_commits_wait_for_a_standby(
    change, is_promised, grade, words
):
    plain = dict.fromkeys(("is_standby", "is_synchronous"), False)
    counts = dict.fromkeys(("standbys", "waited_for", "unseen"), 0)
    sheet = Sheet("database")

    found = Replication(**{**plain, **counts, **change})
    database.replication(sheet, found, is_promised=is_promised)

    (finding,) = sheet.findings
    assert finding.grade is grade
    assert words in finding.finding


async def test_a_database_on_its_own_is_seen_to_be_alone(database_url):
    assert (await vitals(database_url)).replication == Replication(
        is_standby=False, is_synchronous=False, standbys=0, waited_for=0, unseen=0
    )


@pytest.mark.parametrize(
    ("change", "words", "remedy"),
    [
        ("timeline = 99", "was promoted", "adopt`"),
        ("replication = 'synchronous'", "waits for a standby", "standby"),
    ],
)
async def test_what_holds_reminders_alone_is_named(
    clinic, database_url, change, words, remedy
):
    await raw(database_url, f"UPDATE deployment SET {change}")  # noqa: S608

    await clinic.require("tonight", "sending", FAULT, words, remedy)


async def test_the_embedded_database_is_made_and_looked_at(clinic):
    clinic.settings.update(EVENTIDE_DATABASE__URL="", EVENTIDE_SECRETS__KEYS="")

    first, second = await clinic.check(), await clinic.check()

    for result in (first, second):
        assert result.exit_code == 0, result.stdout
        assert "of the disk with" in result.stdout
    assert "by the first start" in " ".join(first.stdout.split())
    assert "age of seal.1" in second.stdout


async def ask_for_mail(clinic, address, *, host, times):
    async with clinic.store.transaction() as tx:
        for _ in range(times):
            found = sources(address, host=host, own=())
            await tx.limits.count(found, now=SystemClock().now())


async def test_a_flood_of_one_domain_or_of_all_is_said(clinic):
    assert "0 requests for a mail within the hour" in (await clinic.check()).stdout
    await ask_for_mail(clinic, "ada@example.org", host="192.0.2.1", times=61)

    await clinic.require(
        "tonight", "strangers", WARNING, "over their budget: 1;", "sign-ups-flooded.md"
    )


async def test_a_proxy_that_is_not_trusted_is_noticed(clinic):
    await ask_for_mail(clinic, "ada@example.org", host="172.18.0.5", times=5)

    await clinic.require(
        "tonight", "proxy", WARNING, "one private address", "EVENTIDE_WEB__PROXIES"
    )
    await ask_for_mail(clinic, "ada@example.org", host="192.0.2.1", times=1)
    assert "one private address" not in (await clinic.check()).stdout
