"""Lists of people, as a clinic's office would save them, and what becomes of each row."""

import csv
import json
import re
import stat
from contextlib import asynccontextmanager
from datetime import timedelta

import pytest

from service.clock import SystemClock
from service.commands.enrol import patiently
from service.domain.errors import TryLater
from service.domain.records import parse_answers
from service.domain.subscriber import Person
from service.domain.zones import agree
from service.keys import keys, new_keys
from service.settings import SecretsSettings
from service.store.engine import opened
from service.store.sealing import Sealer
from tests.builders import NOON, TODAY, answers, subscriber
from tests.commands.processes import called
from tests.store.plain_sql import raw

HEADER = "address,zone,adult,red_flags"
ADA = "ada@example.org,Europe/London,yes,none"
LATER = {"med_thinner": {"answer": True, "on": "2026-11-23"}}
EVERYTHING = """address,zone,adult,red_flags,time,frequency,language,causes,conditions,\
pregnancy,pregnant_until,medicines,alcohol,severe,country,stretching
bob@example.org,America/New_York,yes,none,20:30,second,en,dehydration medicines,\
"kidney;balance",pregnant,2099-02,none,alc_low,no,us,sitting
"""


@pytest.fixture
def named(settings, database_url):
    return settings | {
        "EVENTIDE_DATABASE__URL": database_url,
        "EVENTIDE_SECRETS__KEYS": new_keys(name="1"),
    }


@asynccontextmanager
async def store_of(named):
    found = keys(SecretsSettings(keys=named["EVENTIDE_SECRETS__KEYS"]))
    sealer = Sealer(lookup=found.lookup, keys=found.seal, current="1")
    async with opened(named["EVENTIDE_DATABASE__URL"], sealer) as store:
        yield store


async def found_by(named, address):
    async with store_of(named) as store, store.transaction() as tx:
        return await tx.subscribers.find(address)


async def acts(named):
    """What the audit log says, newest first."""
    async with store_of(named) as store, store.transaction() as tx:
        found = await tx.audit.newest(operator="", before=99, limit=9)
    return [(entry.act, entry.details) for entry in found]


def listed(tmp_path, *lines, encoding="utf-8"):
    file = tmp_path / "people.csv"
    file.write_bytes("\n".join(lines).encode(encoding))
    return file


def reported(file):
    with (file.parent / f"{file.name}.report.csv").open() as rows:
        return [(int(r["row"]), r["outcome"], r["why"]) for r in csv.DictReader(rows)]


def fault(err):
    (line,) = [line for line in err.splitlines() if line.startswith("eventide: ")]
    return line


async def test_bad_rows_stop_no_good_ones_and_are_told_in_the_words_of_the_form(
    named, tmp_path
):
    file = listed(
        tmp_path,
        f"{HEADER},causes,language",
        f"{ADA},fatigue",
        "nobody,Europe/London,yes,none",
        "",
        "cyd@example.org,Mars/Olympus,yes,none",
        "dan@example.org,Europe/London,,",
        "eve@example.org,Europe/London,no,none",
        "fay@example.org,Europe/London,yes,chest",
        "guy@example.org,Europe/London,yes,none other",
        "hal@example.org,Europe/London,yes,none,frogs",
        "ida@example.org,Europe/London,yes,none,fatigue,en,more",
        "jon@example.org,Europe/London,yes,none,fatigue,xx",
        '"kay"@example.org,Europe/London,yes,none',
        "kim@example.org,Europe/London,yes,none",
        "KIM@example.org,Europe/London,yes,none",
    )
    code, out, err = await called(named, "import", str(file))

    report = reported(file)
    assert code == 1, err
    assert [(row, outcome) for row, outcome, _ in report] == [
        (2, "invited"), (3, "refused"), (5, "refused"), (6, "refused"),
        (7, "needs care"), (8, "needs care"), (9, "refused"), (10, "refused"),
        (11, "refused"), (12, "refused"), (13, "refused"), (14, "invited"),
        (15, "waiting"),
    ]  # fmt: skip
    why = {row: words for row, _, words in report}
    assert why[3].startswith("address: Enter an e-mail address")
    assert why[5] == ("zone: Write the city nearest to them, such as Europe/London.")
    assert "adult: " in why[6]
    assert "red_flags: " in why[6]
    assert why[7].startswith("under 18")
    assert why[8].startswith("a warning sign")
    assert why[9].startswith("red_flags: ")
    assert why[10].startswith("causes: ")
    assert why[11] == "there are more cells than columns"
    assert why[13].startswith("is not CSV (")
    assert why[12] == "language: there is only en"
    assert "        2 get a mail to confirm by\n" in out
    assert "        8 cannot be taken as they are: see the report\n" in out
    assert "example.org" not in str(report)


async def test_old_names_of_zones_are_read_and_for_others_it_is_said_what_to_write(
    named, tmp_path
):
    read = (
        *("Europe/Kiev", "Europe/Kyiv", "America/Ciudad_Juarez", "US/Pacific"),
        *("europe/berlin", "Asia/Calcutta"),
    )
    refused = {
        "EST": "America/New_York",
        "CET": "Europe/Berlin",
        "W. Europe Standard Time": "Europe/Berlin",
        "Etc/GMT-3": "Europe/Moscow",
        "GMT+1": "Africa/Lagos",
        "localtime": "Europe/London",
        "Factory": "Europe/London",
        "posixrules": "Europe/London",
        "": "Europe/London",
    }
    zones = (*read, *refused)
    file = listed(
        tmp_path,
        HEADER,
        *(
            f"p{number}@example.org,{zone},yes,none"
            for number, zone in enumerate(zones)
        ),
    )

    await called(named, "import", str(file), "--consented-elsewhere", "paper form 7")

    report = {row: (outcome, why) for row, outcome, why in reported(file)}
    for line, zone in enumerate(zones, 2):
        outcome, why = report[line]
        assert outcome == ("active" if zone in read else "refused"), zone
        if zone in refused:
            said, instead = why.removesuffix(".").split(", such as ")
            assert said == "zone: Write the city nearest to them"
            assert agree(instead, refused[zone], today=TODAY), zone
    kept = [await found_by(named, f"p{n}@example.org") for n in range(len(read))]
    assert [one.evening.zone for one in kept] == [*read[:4], "Europe/Berlin", read[5]]
    assert not any(one.evening.is_zone_confirmed for one in kept)


async def test_a_row_whose_zone_is_not_its_country_s_is_refused_with_both_times(
    named, tmp_path
):
    file = listed(
        tmp_path,
        f"{HEADER},country,zone_confirmed",
        "a@example.org,UTC,yes,none,JP,",
        "b@example.org,UTC,yes,none,JP,yes",
        "c@example.org,UTC,yes,none,JP,no",
        "d@example.org,UTC,yes,none,JP,perhaps",
        "e@example.org,Europe/Oslo,yes,none,de,",
        "f@example.org,Asia/Tokyo,yes,none,US,",
        "g@example.org,EST,yes,none,US,",
        "h@example.org,America/Detroit,yes,none,US,",
        "i@example.org,Asia/Tokyo,yes,none,GB,yes",
        "j@example.org,EST,yes,none,XX,",
        "k@example.org,Asia/Tokyo,yes,none,JP,perhaps",
    )

    await called(named, "import", str(file), "--consented-elsewhere", "paper form 7")

    report = [(outcome, why) for _, outcome, why in reported(file)]
    assert [outcome for outcome, _ in report] == [
        *("refused", "active", "refused", "refused", "active", "refused"),
        *("refused", "active", "active", "refused", "refused"),
    ]
    both_times = (
        "zone: It is none of their country's: 19:00 UTC is 04:00 Tokyo time. Write"
        " Asia/Tokyo, or zone_confirmed = yes where it is meant."
    )
    assert report[0][1] == report[2][1] == both_times
    assert re.search("19:00 Tokyo time is 0[56]:00 New York time", report[5][1])
    assert report[6][1].startswith(
        "zone: Write the city nearest to them, such as America/New_York or "
    )
    assert "zone: Write the city" in report[9][1]
    assert "country: Choose a country." in report[9][1]
    assert report[10][1] == "zone_confirmed: is yes or no"
    meant = await found_by(named, "b@example.org")
    usual = await found_by(named, "e@example.org")
    assert (meant.evening.zone, meant.evening.is_zone_confirmed) == ("UTC", True)
    assert (usual.evening.zone, usual.evening.is_zone_confirmed) == (
        "Europe/Oslo",
        False,
    )


async def waiting(named):
    """The mails to confirm by, the next one first."""
    query = "SELECT not_before, expires_at FROM outbox ORDER BY not_before"
    return await raw(named["EVENTIDE_DATABASE__URL"], query)


async def test_each_one_has_a_mail_of_their_own_second(named, tmp_path):
    file = listed(
        tmp_path, HEADER, *(f"p{n}@example.org,UTC,yes,none" for n in range(4))
    )

    code, _, err = await called(named, "import", str(file))
    again = await called(named, "import", str(file))

    times = [mail["not_before"] for mail in await waiting(named)]
    assert code == 0, err
    assert [time - times[0] for time in times] == [
        timedelta(seconds=n) for n in range(4)
    ]
    assert "        4 were asked to confirm before, untouched\n" in again[1]


@pytest.mark.parametrize(
    ("more", "gap"),
    [
        ({"EVENTIDE_SMTP__RATE": "0.1"}, timedelta(seconds=20)),
        ({"EVENTIDE_SMTP__WARM_UP": "today"}, timedelta(seconds=216)),
    ],
)
async def test_a_list_takes_half_of_what_the_relays_do(named, tmp_path, more, gap):
    today = f"{SystemClock().now():%Y-%m-%d}"
    slow = {name: today if value == "today" else value for name, value in more.items()}
    file = listed(
        tmp_path, HEADER, *(f"p{n}@example.org,UTC,yes,none" for n in range(2))
    )

    code, out, err = await called(named | slow, "import", str(file))

    first, last = await waiting(named)
    assert code == 0, err
    assert last["not_before"] - first["not_before"] == gap
    assert last["expires_at"] - last["not_before"] == timedelta(days=3)
    assert f"goes out {last['not_before']:%Y-%m-%d %H:%M} UTC." in out


async def test_all_that_the_form_asks_can_be_on_the_list(named, tmp_path):
    file = listed(tmp_path, EVERYTHING)

    code, out, err = await called(
        named, "import", str(file), "--consented-elsewhere", "paper form 7"
    )

    bob = await found_by(named, "bob@example.org")
    assert code == 0, err
    assert await acts(named) == [
        ("people imported", "active: 1. Consent: paper form 7"),
        ("people imported", "begun. Consent: paper form 7"),
    ]
    assert "        1 are subscribers now\n" in out
    assert (bob.evening.zone, bob.evening.minute) == ("America/New_York", 20 * 60 + 30)
    assert bob.evening.frequency == "second"
    assert bob.person.answers == parse_answers(
        {
            "causes": ["dehydration", "medicines"],
            "conditions": ["kidney", "balance"],
            "pregnancy": "pregnant",
            "pregnant_until": "2099-02",
            "medicines": [],
            "alcohol": "alc_low",
            "severe": False,
            "country": "US",
            "stretching": "sitting",
        },
        answered_on=bob.person.answers.answered_on,
    )


@pytest.mark.parametrize(
    ("column", "cell", "asked"),
    [("", "", "2026-11-01"), (",asked", ",2026-11-29", "2026-11-29")],
)
async def test_a_list_says_what_its_people_were_asked_or_counts_as_an_old_one(
    named, tmp_path, column, cell, asked
):
    file = listed(tmp_path, f"{HEADER},medicines{column}", f"{ADA},none{cell}")

    await called(named, "import", str(file), "--consented-elsewhere", "paper form 7")

    ada = await found_by(named, "ada@example.org")
    assert ada.person.answers.medicines == ()
    assert f"{ada.person.answers.asked}" == asked


async def test_what_an_import_did_before_it_broke_off_is_in_the_audit_log(
    named, tmp_path
):
    file = listed(tmp_path, HEADER, *[ADA] * 400)
    file.write_bytes(file.read_bytes() + b"\n\xff")

    code, _, err = await called(
        named, "import", str(file), "--consented-elsewhere", "paper form 7"
    )

    ended, begun = await acts(named)
    assert (code, "is not in UTF-8" in fault(err)) == (1, True)
    assert begun == ("people imported", "begun. Consent: paper form 7")
    assert ended[1].startswith("active: 1, known: ")


@pytest.mark.parametrize("failures", [0, 2, 3])
async def test_a_row_is_tried_again_while_the_database_is_away(failures):
    left = iter(["away"] * failures + ["back"])

    async def act():
        if next(left) == "away":
            raise TryLater
        return "invited", "done"

    trying = patiently(act, waits=(timedelta(), timedelta()))
    if failures == 3:
        with pytest.raises(TryLater):
            await trying
    else:
        assert await trying == ("invited", "done")


async def test_an_export_that_breaks_off_is_in_the_audit_log(named, tmp_path):
    other = named | {"EVENTIDE_SECRETS__KEYS": new_keys(name="1")}
    async with store_of(other) as store, store.transaction() as tx:
        await tx.subscribers.add(subscriber(1), next_due_at=None, now=NOON)

    code, _, _ = await called(named, "export", str(tmp_path / "everybody.csv"))

    assert code == 1
    assert await acts(named) == [
        ("people exported", "subscribers: 0"),
        ("people exported", "begun"),
    ]


async def test_what_is_left_empty_counts_as_prefer_not_to_say(named, tmp_path):
    file = listed(tmp_path, HEADER, ADA)

    await called(named, "import", str(file), "--consented-elsewhere", "paper form 7")

    ada = await found_by(named, "ada@example.org")
    unsaid = parse_answers({}, answered_on=ada.person.answers.answered_on)
    assert ada.person.answers == unsaid
    assert (ada.evening.minute, ada.evening.frequency) == (19 * 60, "every")


@pytest.mark.parametrize(
    ("encoding", "between"),
    [("utf-8", ","), ("utf-8-sig", ";"), ("utf-16", "\t")],
)
async def test_a_list_is_read_as_spreadsheets_save_it(
    named, tmp_path, encoding, between
):
    lines = (HEADER.replace(",", between).title(), ADA.replace(",", between))
    file = listed(tmp_path, *lines, encoding=encoding)

    code, out, err = await called(named, "import", str(file))

    assert code == 0, err
    assert "1 get a mail" in out


async def test_a_drill_says_what_would_be_done_and_writes_nothing(named, tmp_path):
    file = listed(tmp_path, HEADER, ADA, "bob@example.org,UTC,yes,none")
    async with store_of(named) as store, store.transaction() as tx:
        await tx.suppression.add("bob@example.org", "complaint", now=NOON)

    told = [
        await called(named, "import", str(file), "--dry-run", *more)
        for more in ((), ("--consented-elsewhere", "paper form 7"))
    ]

    assert [code for code, _, _ in told] == [0, 0]
    assert "        1 get a mail to confirm by\n" in told[0][1]
    assert "        1 are subscribers now\n" in told[1][1]
    for _, out, _ in told:
        assert "        1 asked for no mail, or cannot get any, untouched\n" in out
        assert out.endswith("Nothing was written.\n")
    assert await found_by(named, "ada@example.org") is None


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"address,zone,adult,red_flags\n\xff", "is not in UTF-8"),
        (b"address,zone\n", "lacks the columns: adult, red_flags"),
        (b"address,zone,adult,red_flags,name,\n", "are not: name, one without a name"),
        (b"address,zone,adult,red_flags,zone\n", "has more than once: zone"),
        (b"a" * 140_000, "is not CSV (field larger than field limit"),
        (b"", "lacks the columns"),
        (None, "cannot be read (No such file or directory)"),
    ],
)
async def test_a_file_that_is_no_such_list_is_refused_in_one_line(
    named, tmp_path, content, words
):
    file = tmp_path / "people.csv"
    if content is not None:
        file.write_bytes(content)

    code, _, err = await called(named, "import", str(file))

    assert code == 1
    assert words in fault(err)
    assert "docs/enrolment.md" in fault(err)


async def test_a_report_that_cannot_be_written_is_named(named, tmp_path):
    file = listed(tmp_path, HEADER, ADA)

    code, _, err = await called(
        named, "import", str(file), "--report", str(tmp_path / "nowhere" / "r.csv")
    )

    assert (code, "r.csv: cannot be written" in fault(err)) == (1, True)


@pytest.mark.parametrize("evidence", ["--dry-run", "-", "", "yes", "  " * 20])
async def test_what_is_no_evidence_enrols_nobody(named, tmp_path, evidence):
    file = listed(tmp_path, HEADER, ADA)

    code, _, err = await called(
        named, "import", str(file), "--consented-elsewhere", evidence
    )

    assert (code, "is no evidence" in fault(err)) == (1, True)
    assert await found_by(named, "ada@example.org") is None


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
async def test_everybody_is_exported_with_their_answers_for_the_owner_s_eyes(
    named, tmp_path, suffix
):
    async with store_of(named) as store, store.transaction() as tx:
        for number in (2, 1):
            said = answers(later=LATER if number == 1 else {})
            person = Person(address=f"person{number}@example.org", answers=said)
            one = subscriber(number, person=person, started_on=TODAY)
            await tx.subscribers.add(one, next_due_at=None, now=NOON)
    file = tmp_path / f"everybody{suffix}"

    code, out, err = await called(named, "export", str(file))

    assert (code, out) == (0, "Exported subscribers: 2\n")
    assert await acts(named) == [
        ("people exported", "subscribers: 2"),
        ("people exported", "begun"),
    ]
    assert "in plain words" in err
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with file.open() as lines:
        found = (
            list(csv.DictReader(lines))
            if suffix == ".csv"
            else [json.loads(line) for line in lines]
        )
    assert [str(record["id"]) for record in found] == ["1", "2"]
    first = found[0]
    assert first["address"] == "person1@example.org"
    assert (first["status"], first["zone"], first["time"]) == (
        "active",
        "Europe/London",
        "19:00",
    )
    if suffix == ".csv":
        assert (first["conditions"], first["severe"], first["pregnant_until"]) == (
            "none",
            "no",
            "",
        )
    else:
        assert (first["conditions"], first["severe"]) == ([], False)
    later = (json.dumps(LATER), "") if suffix == ".csv" else (LATER, {})
    assert (first["later"], found[1]["later"]) == later
    assert first["asked"] == "2026-11-29"


async def test_a_spreadsheet_runs_nothing_of_what_somebody_wrote(named, tmp_path):
    address = "=1+1@example.org"
    async with store_of(named) as store, store.transaction() as tx:
        one = subscriber(1, person=Person(address=address, answers=answers()))
        await tx.subscribers.add(one, next_due_at=None, now=NOON)
    exported = tmp_path / "everybody.csv"
    file = listed(tmp_path, HEADER, f"'{address},UTC,yes,none")

    code, _, err = await called(named, "export", str(exported))
    await called(named, "import", str(file))

    assert code == 0, err
    with exported.open() as lines:
        assert [row["address"] for row in csv.DictReader(lines)] == [f"'{address}"]
    assert reported(file) == [(2, "known", "are subscribers already, untouched")]


@pytest.mark.parametrize("suffix", [".csv", ".jsonl"])
async def test_an_export_is_never_written_over_a_file(named, tmp_path, suffix):
    file = tmp_path / f"theirs{suffix}"
    file.write_text("mine")

    code, _, err = await called(named, "export", str(file))

    assert (code, "is there already. Choose another name" in fault(err)) == (1, True)
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    ("name", "words"),
    [("people.csv", "is the list itself"), ("theirs.csv", "is there already")],
)
async def test_a_report_is_never_written_over_a_file(named, tmp_path, name, words):
    file = listed(tmp_path, HEADER, ADA)
    (tmp_path / "theirs.csv").write_text(before := file.read_text())

    code, _, err = await called(
        named, "import", str(file), "--report", str(tmp_path / name)
    )

    assert (code, words in fault(err)) == (1, True)
    assert (tmp_path / name).read_text() == before


async def test_an_export_says_which_formats_there_are(named, tmp_path):
    code, _, err = await called(named, "export", str(tmp_path / "x.xlsx"))

    assert (code, "is neither .csv nor .jsonl" in fault(err)) == (1, True)
