"""A doctor at what lies outside: pages, relays, name servers, mailbox, catalogue."""

import re
import shutil
from datetime import timedelta

import pytest
from fastapi import FastAPI
from starlette.responses import RedirectResponse

from service.clock import SystemClock
from service.commands.doctor import pages, relays
from service.commands.doctor.examination import Area, examined
from service.commands.doctor.patient import Patient
from service.domain.finding import Grade, Sheet
from service.domain.refusals import Stage
from service.mail.commands import Offer
from service.mail.examination import Examined
from service.settings import HERE, read
from tests.builders import NOON, relay_refused
from tests.commands.clinic import HOST
from tests.fakes import StoppedClock
from tests.mail.relay import Mishap
from tests.worker.imap import FOLDER, PASSWORD, USER, Postbox

FAULT, WARNING, OK = Grade.FAULT, Grade.WARNING, Grade.OK


def graded(sheet, words):
    """The grade of the finding whose check has these words."""
    return next(one.grade for one in sheet.findings if words in one.check)


# --- Pages --------------------------------------------------------------------


async def test_another_program_at_the_address_of_the_pages_is_noticed(clinic):
    app = FastAPI()

    @app.api_route("/unsubscribe", methods=["GET", "POST"])
    async def elsewhere():
        return RedirectResponse("https://elsewhere.example/login")

    await clinic.serve_app(app)

    await clinic.require(
        "pages", "one-click", FAULT, "answered by 307", "without a redirect"
    )


async def test_a_certificate_of_the_pages_that_ends_soon_is_noticed(clinic, site):
    await clinic.serve(site, days=5)

    await clinic.require("pages", "certificate", WARNING, "for 5 days", "Renew it")


async def test_a_certificate_of_the_pages_for_another_name_is_noticed(clinic, site):
    await clinic.serve(site, name="another.example")

    await clinic.require("pages", "reachable", FAULT, "Hostname mismatch", "this name")


async def test_pages_without_https_are_noticed_at_the_pages_too(clinic, site):
    await clinic.serve_plainly(site)

    await clinic.require("pages", "certificate", FAULT, "not encrypted", "Put a proxy")


async def test_the_system_s_own_name_servers_find_the_pages_too(clinic):
    now = SystemClock().now()
    patient = Patient(
        settings=read(clinic.settings), clock=StoppedClock(now), nameserver=""
    )

    found = await examined(
        patient, [Area(name="pages", look=pages.look)], done=lambda: None
    )

    assert [(one.check, one.grade) for one in found] == [("reachable", FAULT)]


async def test_a_clock_that_is_wrong_is_noticed_by_the_pages(clinic, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", clinic.settings["SSL_CERT_FILE"])
    an_hour_ago = SystemClock().now() - timedelta(hours=1)
    patient = Patient(
        settings=read(clinic.settings),
        clock=StoppedClock(an_hour_ago),
        nameserver=clinic.names.address,
    )

    found = await examined(
        patient, [Area(name="pages", look=pages.look)], done=lambda: None
    )

    (clock,) = [one for one in found if one.check == "clock"]
    assert clock.grade is FAULT
    assert re.search(r"pages is 3,(599|600) s ahead of ours", clock.finding)


def test_pages_that_do_not_tell_the_time_leave_the_clock_unknown():
    sheet = Sheet("pages")
    answer = pages.Answer(status=200, text="", date="", tls=None)

    pages.judge_clock(sheet, answer, now=NOON)

    assert graded(sheet, "clock") is WARNING


# --- Relays -------------------------------------------------------------------


def examined_relay(**change):
    offer = Offer(pipelining=True, dsn=True, smtputf8=True, size=0)
    plain = {
        "address": "192.0.2.1",
        "encrypted": None,
        "offers_tls": False,
        "is_signed_in": True,
        "offer": offer,
        "refused": None,
    }
    return Examined(**{**plain, **change})


def judged(**change):
    sheet = Sheet("relay")
    relays.judge(sheet, examined_relay(**change), "relay", "", now=NOON)
    return sheet


def test_a_relay_far_away_that_does_not_encrypt_is_a_fault():
    assert graded(judged(address="8.8.8.8"), "TLS") is FAULT
    assert graded(judged(address="fe80::1%eth0"), "TLS") is OK


def test_a_relay_that_offers_nothing_takes_mail_all_the_same():
    nothing = Offer(pipelining=False, dsn=False, smtputf8=False, size=None)

    assert graded(judged(offer=nothing), "offers") is OK
    assert graded(judged(), "offers") is OK


def test_a_relay_that_wants_a_sender_says_so():
    no = relay_refused(Stage.MAIL, 550, "", "Who are you?")

    assert graded(judged(refused=no), "sender") is FAULT


async def test_a_relay_that_hangs_up_on_our_sender_is_away(clinic):
    clinic.relay.script["MAIL"] = [Mishap.HANG_UP]

    await clinic.require("relay", "localhost", FAULT, "closed the conn", "relay runs")


# --- Name servers -------------------------------------------------------------


@pytest.mark.parametrize(
    ("spf", "pointers"),
    [
        ("v=spf1 a:mail.{domain} -all", "PTR of 192.0.2.10"),
        ("v=spf1 mx -all", "PTR of 192.0.2.10"),
        ("v=spf1 ip6:2001:db8::25 -all", "PTR of 2001:db8::25"),
        ("v=spf1 include:_spf.provider.net -all", "left to the providers in SPF"),
    ],
)
async def test_the_names_of_those_addresses_are_looked_at_that_spf_lets_send(
    clinic, spf, pointers
):
    known = clinic.names.zone
    known |= {
        (f"bounce.{clinic.domain}", "TXT"): [f'"{spf.format(domain=clinic.domain)}"'],
        ("_spf.provider.net", "TXT"): ['"v=spf1 ip4:198.51.100.0/24 -all"'],
        ("six.example", "AAAA"): ["2001:db8::25"],
        (f"5.2.{'0.' * 22}8.b.d.0.1.0.0.2.ip6.arpa", "PTR"): ["six.example."],
    }

    result = await clinic.check()

    told = " ".join(result.stdout.split())
    assert result.exit_code == 0, told
    assert pointers in told


async def test_a_name_server_that_is_none_makes_the_records_unknown(clinic):
    clinic.names.address = "nonsense"

    await clinic.require("dns", "records", WARNING, "no name server", "--nameserver")


async def test_a_sender_at_an_example_domain_has_no_records_to_look_at(clinic):
    clinic.settings["EVENTIDE_SMTP__SENDER"] = "tips@example.org"

    await clinic.require("dns", "records", WARNING, "nobody can own", "of yours")


async def test_the_usual_port_is_asked_where_none_is_named(clinic):
    clinic.names.address = "127.0.0.255"

    await clinic.require("dns", "records", WARNING, "not reachable", "--nameserver")


# --- The mailbox of bounces ---------------------------------------------------


@pytest.mark.parametrize("refused", ["", "LOGIN"])
async def test_the_mailbox_of_bounces_is_tried(clinic, refused):
    async with Postbox() as box:
        box.refused[refused] = 1
        for name, value in {
            "HOST": HOST,
            "PORT": str(box.port),
            "USER": USER,
            "PASSWORD": PASSWORD,
            "TLS": "none",
            "FOLDER": FOLDER,
        }.items():
            clinic.settings[f"EVENTIDE_BOUNCES__IMAP_{name}"] = value
        if refused:
            await clinic.require(
                "bounces", "mailbox", FAULT, "refuses LOGIN", "__PASSWORD"
            )
        else:
            result = await clinic.check()
            assert result.exit_code == 0
            assert "lets us in" in result.stdout
        await box.is_left_alone(1)


# --- The catalogue ------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "check", "grade", "words"),
    [
        (-1, "expired", FAULT, r"\d+ are not said any more: .* ..."),
        (9, "expiring", WARNING, r"\d+ within 30 days: .* ..."),
    ],
)
async def test_reviews_that_end_are_noticed(
    clinic, tmp_path, days, check, grade, words
):
    day = SystemClock().now().date() + timedelta(days=days)
    config = tmp_path / "config"
    shutil.copytree(HERE / "config", config)
    for path in (config / "tips").glob("*.toml"):
        text = path.read_text().replace(
            'reviewed_by = ""\nreviewed_on = ""\nexpires_on = ""',
            'reviewed_by = "Dr A. Example"\n'
            f"reviewed_on = 2026-01-01\nexpires_on = {day}",
        )
        path.write_text(text)
    clinic.settings["EVENTIDE_CONTENT__CONFIG"] = str(config)

    await clinic.require("tips", check, grade, words, "Have a clinician read")
