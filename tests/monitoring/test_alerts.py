"""Each alert fires when it should and only then, and leads to a page that tells what to do."""

import re
from dataclasses import dataclass

import pytest
import yaml
from structlog.dev import ConsoleRenderer
from structlog.processors import JSONRenderer

from service.settings import HERE
from tests.monitoring.tools import (
    MONITORING,
    RUNBOOK,
    alerts,
    needs_programs,
    output,
    page_of,
)

SENDS = 'eventide_standing{standing="sends"}'
PAUSED = {SENDS: "0x300", 'eventide_standing{standing="paused"}': "1x300"}
SENDING = {SENDS: "1x300"}
HELD = 'eventide_standing{{standing="{}"}}'


def not_sent(state, values, reason="deadline passed"):
    return {
        f'eventide_not_sent_messages{{state="{state}",reason="{reason}"}}': values,
    }


def waiting(people, seconds):
    return {
        "eventide_asked_for_messages": f"{people}x300",
        "eventide_oldest_asked_for_seconds": seconds,
    }


def messages(outcome, values, reason="accepted"):
    labels = f'kind="reminder",outcome="{outcome}",reason="{reason}"'
    return {f"eventide_messages_total{{{labels}}}": values}


def gmail(outcome, values):
    labels = f'provider="gmail",outcome="{outcome}"'
    return {f"eventide_provider_messages_total{{{labels}}}": values}


def held(provider, is_counted):
    return f'eventide_held_refusals{{provider="{provider}",is_counted="{is_counted}"}}'


def spent(scope):
    return f'eventide_budgets_spent{{scope="{scope}"}}'


def doubt(clock, values):
    return {f'eventide_clock_in_doubt{{instance="w1",clock="{clock}"}}': values}


def feedback(verdict, values):
    return {f'eventide_feedback_total{{verdict="{verdict}"}}': values}


def pages(status, values, route="signup"):
    labels = f'route="{route}",status="{status}"'
    return {f"eventide_http_requests_total{{{labels}}}": values}


def ages(age, patience):
    return {
        'eventide_tick_age_seconds{instance="w1",tick="evening"}': age,
        'eventide_tick_patience_seconds{instance="w1",tick="evening"}': patience,
    }


@dataclass(frozen=True, kw_only=True)
class Case:
    """Series, one value a minute, on which an alert fires, and others where it does not.

    They are judged after so many minutes. `labels` are those it has beside its own;
    `value` is the figure in its summary.
    """

    fires: dict[str, str]
    quiet: tuple[dict[str, str], ...]
    minutes: int = 30
    labels: dict[str, str] | None = None
    value: str = ""


CASES = {
    "EveningLate": Case(
        fires={"eventide_oldest_reminder_seconds": "0+60x300", **SENDING},
        quiet=(
            {"eventide_oldest_reminder_seconds": "300x300", **SENDING},
            # Whoever paused it knows.
            {"eventide_oldest_reminder_seconds": "0+60x300", **PAUSED},
        ),
    ),
    "EveningTooMuch": Case(
        fires={"eventide_too_late_messages": "12x300", **SENDING},
        quiet=(
            {"eventide_too_late_messages": "0x300", **SENDING},
            # For as long as it takes to start another worker.
            {"eventide_too_late_messages": "0x25 12x300", **SENDING},
            {"eventide_too_late_messages": "12x300", **PAUSED},
        ),
        value="12",
    ),
    "RemindersExpired": Case(
        fires=not_sent("expired", "_x20 1x300"),
        quiet=(
            not_sent("expired", "7x300"),
            not_sent("expired", "_x20 7x300", reason="paused by the operator"),
            # A full mailbox or two.
            not_sent("expired", "3x20 8x300", reason="mailbox full"),
            not_sent("failed", "_x20 7x300", reason="no such address"),
        ),
        minutes=40,
        value="1",
    ),
    "FateUnknown": Case(
        fires=not_sent("unknown", "2x20 5x300", reason="worker lost"),
        quiet=(not_sent("unknown", "5x300", reason="worker lost"),),
        minutes=40,
        value="5",
    ),
    "ConfirmationsLate": Case(
        fires={**waiting(4, "0+60x300"), **SENDING},
        quiet=(
            {**waiting(4, "120x300"), **SENDING},
            # One or two grey lists.
            {**waiting(3, "0+60x300"), **SENDING},
            {**waiting(4, "0+60x300"), **PAUSED},
        ),
        value="4",
    ),
    "ConfirmationHeldUp": Case(
        fires={**waiting(1, "0+60x300"), **SENDING},
        quiet=(
            {**waiting(1, "900x300"), **SENDING},
            {**waiting(1, "0+60x300"), **PAUSED},
        ),
        minutes=40,
    ),
    "RemindersHeld": Case(
        fires={HELD.format("promoted"): "0x25 1x300"},
        quiet=(SENDING, {HELD.format("fenced"): "1x300"}),
    ),
    "SendingPaused": Case(
        fires=PAUSED, quiet=(SENDING, {SENDS: "1x60 0x300"}), minutes=130
    ),
    "WorkersGone": Case(
        fires={"eventide_workers": "2x25 0x300"}, quiet=({"eventide_workers": "1x300"},)
    ),
    "WorkerStuck": Case(
        fires=ages("0+60x300", "30x300"),
        quiet=(ages("20x300", "30x300"),),
        labels={"instance": "w1", "tick": "evening"},
    ),
    "ClockWrong": Case(
        fires=doubt("own", "0x25 1x300"),
        # One heartbeat.
        quiet=(doubt("own", "0x29 1 0x300"), doubt("database", "1x300")),
        labels={"instance": "w1"},
    ),
    "ClockStepped": Case(
        fires=doubt("database", "0x29 1x300"),
        quiet=(doubt("database", "0x300"), doubt("own", "1x300")),
    ),
    "DatabaseGone": Case(
        fires={"eventide_database_up": "1x25 0x300"},
        quiet=({"eventide_database_up": "1x300"},),
    ),
    "WebDown": Case(
        fires={
            'up{job="web",instance="a"}': "0x300",
            'up{job="worker",instance="b"}': "1x300",
        },
        quiet=(
            {
                'up{job="web",instance="a"}': "0x300",
                'up{job="web",instance="b"}': "1x300",
            },
        ),
    ),
    "WebFails": Case(
        fires={**pages("5xx", "0+10x300"), **pages("2xx", "0+90x300")},
        quiet=(
            {**pages("5xx", "0+1x300"), **pages("2xx", "0+99x300")},
            # A load balancer that is told no by a web without a database.
            {**pages("5xx", "0+60x300", "health"), **pages("2xx", "0+1x300")},
        ),
        value="10%",
    ),
    "PingUnheard": Case(
        fires={'eventide_pings_total{result="not heard"}': "0+1x300"},
        quiet=(
            {'eventide_pings_total{result="sent"}': "0+1x300"},
            {'eventide_pings_total{result="not heard"}': "0x35 1x300"},
        ),
        minutes=60,
    ),
    "AlertsUnsent": Case(
        fires={
            'alertmanager_notifications_failed_total{integration="email"}': "0+1x300"
        },
        quiet=(
            # Mended, and fifteen minutes on.
            {
                'alertmanager_notifications_failed_total{integration="email"}': "0+1x9 9x300"
            },
        ),
        labels={"integration": "email"},
    ),
    "RelayLeftAlone": Case(
        fires={
            'eventide_relay_left_alone{relay="mx:25",instance="a"}': "1x300",
            'eventide_relay_left_alone{relay="mx:25",instance="b"}': "1x300",
        },
        quiet=(
            # One worker that cannot reach it is not the relay's fault.
            {
                'eventide_relay_left_alone{relay="mx:25",instance="a"}': "1x300",
                'eventide_relay_left_alone{relay="mx:25",instance="b"}': "0x300",
            },
            # No mail is left that would try it.
            {'eventide_relay_left_alone{relay="mx:25",instance="a"}': "1x20 0x300"},
        ),
        labels={"relay": "mx:25"},
    ),
    "ProviderDefers": Case(
        fires={**gmail("deferred", "0+5x300"), **gmail("sent", "0+5x300")},
        quiet=(
            {**gmail("deferred", "0+1x300"), **gmail("sent", "0+9x300")},
            # One person, tried again and again.
            {**gmail("deferred", "0+1x300"), **gmail("sent", "0x300")},
        ),
        labels={"provider": "gmail"},
        value="50%",
    ),
    "MailRefused": Case(
        fires=messages("deferred", "0+1x300", reason="our sender"),
        quiet=(
            messages("deferred", "0+1x300", reason="slower"),
            messages("failed", "0+1x300", reason="no such address"),
            messages("deferred", "0x15 3x300", reason="policy"),
            feedback("refused by policy", "0x15 3x300"),
            feedback("ignored", "0+1x300"),
        ),
        labels={"reason": "our sender"},
    ),
    "ComplaintsHigh": Case(
        fires={**messages("sent", "0+200x1600"), **feedback("complaint", "0+1x1600")},
        quiet=(
            {**messages("sent", "0+9999x1600"), **feedback("complaint", "0+1x1600")},
            # One of three hundred is no rate.
            {
                **messages("sent", "0+1x1600"),
                **feedback("complaint", "0x1000 1x600"),
            },
        ),
        minutes=1500,
        value="0.5%",
    ),
    "BouncesHigh": Case(
        fires={
            **messages("sent", "0+96x1600"),
            **messages("failed", "0+4x1600", reason="no such address"),
            **feedback("soft bounce", "0+1x1600"),
        },
        quiet=(
            {
                **messages("sent", "0+99x1600"),
                **messages("failed", "0+1x1600", reason="no such address"),
                **feedback("soft bounce", "0+1x1600"),
            },
            # Only complaints came back.
            {
                **messages("sent", "0+99x1600"),
                **messages("failed", "0x1600"),
                **feedback("complaint", "0+9x1600"),
                **feedback("soft bounce", "0x1600"),
            },
        ),
        minutes=1500,
        value="5%",
    ),
    "VerdictsHeld": Case(
        fires={held("gmail", "no"): "40x300", held("all", "no"): "0x300"},
        quiet=({held("gmail", "no"): "0x300", held("gmail", "yes"): "0x300"},),
        labels={"provider": "gmail", "is_counted": "no"},
    ),
    "SignUpsFlooded": Case(
        fires={spent("domain"): "2x300", spent("instance"): "0x300"},
        quiet=({spent("domain"): "0x300", spent("instance"): "0x300"},),
        labels={"scope": "domain"},
    ),
    "SuppressionSurge": Case(
        fires={
            'eventide_suppressed_lately_addresses{reason="complaint"}': "15x300",
            'eventide_suppressed_lately_addresses{reason="address_unknown"}': "6x300",
            'eventide_subscribers{status="active"}': "1000x300",
        },
        quiet=(
            {
                'eventide_suppressed_lately_addresses{reason="complaint"}': "15x300",
                'eventide_subscribers{status="active"}': "1000x300",
            },
            # What people wished themselves.
            {
                'eventide_suppressed_lately_addresses{reason="unsubscribed"}': "99x300",
                'eventide_subscribers{status="active"}': "1000x300",
            },
        ),
        value="21",
    ),
    "ReviewExpired": Case(
        fires={'eventide_catalogue_tips{review="expired"}': "1x300"},
        quiet=(
            {'eventide_catalogue_tips{review="expired"}': "0x300"},
            {"eventide_catalogue_review_left_seconds": "86400x300"},
        ),
    ),
    "ReviewExpiring": Case(
        fires={"eventide_catalogue_review_left_seconds": "864000x300"},
        quiet=(
            {"eventide_catalogue_review_left_seconds": "8640000x300"},
            # Then it has expired, which is another alert.
            {"eventide_catalogue_review_left_seconds": "-1x300"},
        ),
        value="10",
    ),
}

# Other ways to the same alert.
MORE = (
    (
        "RemindersExpired",
        Case(
            fires=not_sent("expired", "3x20 10x300", reason="slower"),
            quiet=(),
            minutes=40,
            value="7",
        ),
    ),
    (
        # While there is mail, it is tried now and then.
        "RelayLeftAlone",
        Case(
            fires={
                'eventide_relay_left_alone{relay="mx:25",instance="a"}': (
                    "1 1 1 0 1 1 1 1 0 1 1 1 1 0 1 1 1 1 0 1 1 1 1 0 1 1 1 1 0 1 1"
                )
            },
            quiet=(),
            labels={"relay": "mx:25"},
        ),
    ),
    (
        # Behind a smarthost.
        "MailRefused",
        Case(
            fires=feedback("refused by policy", "0+1x300"),
            quiet=(),
            labels={"reason": "policy, by reports"},
        ),
    ),
    (
        # A smarthost that takes everything refuses nobody at once.
        "BouncesHigh",
        Case(
            fires={
                **messages("sent", "0+95x1600"),
                **feedback("hard bounce", "0+4.75x1600"),
            },
            quiet=(),
            minutes=1500,
            value="5%",
        ),
    ),
    (
        # Nobody reads what comes back.
        "BouncesHigh",
        Case(
            fires={
                **messages("sent", "0+95x1600"),
                **messages("failed", "0+5x1600", reason="no such address"),
            },
            quiet=(),
            minutes=1500,
            value="5%",
        ),
    ),
)


def series(values):
    return [{"series": name, "values": said} for name, said in values.items()]


def summary(rule, case):
    """The summary as it will be read."""
    text = rule["annotations"]["summary"]
    for name, value in (case.labels or {}).items():
        text = text.replace(f"{{{{ $labels.{name} }}}}", value)
    return re.sub(r"{{ \$value.*? }}", case.value, text)


def trials(alert, case):
    """A case in the form of promtool."""
    rule = alerts()[alert]
    fired = {
        "exp_labels": {**rule["labels"], **(case.labels or {})},
        "exp_annotations": {
            **rule["annotations"],
            "summary": summary(rule, case),
        },
    }
    told = [(case.fires, [fired]), *((quiet, []) for quiet in case.quiet)]
    return [
        {
            "interval": "1m",
            "input_series": series(given),
            "alert_rule_test": [
                {
                    "eval_time": f"{case.minutes}m",
                    "alertname": alert,
                    "exp_alerts": expected,
                }
            ],
        }
        for given, expected in told
    ]


@needs_programs
@pytest.mark.parametrize(("alert", "case"), [*CASES.items(), *MORE])
async def test_an_alert_fires_when_it_should_and_only_then(tmp_path, alert, case):
    written = tmp_path / "trials.yml"
    rules = str(MONITORING / "alerts.yml")
    trial = {"rule_files": [rules], "tests": trials(alert, case)}
    written.write_text(yaml.safe_dump(trial))

    assert "SUCCESS" in await output("promtool", "test", "rules", written)


@needs_programs
async def test_prometheus_and_alertmanager_take_our_configuration():
    config = await output("promtool", "check", "config", MONITORING / "prometheus.yml")
    rules = await output("promtool", "check", "rules", MONITORING / "alerts.yml")
    mail = await output("amtool", "check-config", MONITORING / "alertmanager.yml")

    assert "is valid prometheus config" in config
    assert f"SUCCESS: {len(CASES)} rules found" in rules
    assert "SUCCESS" in mail


def test_every_alert_is_tried():
    assert CASES.keys() == alerts().keys()


def test_every_alert_has_its_page_and_every_page_its_alert():
    named = {page_of(alert): rule["annotations"] for alert, rule in alerts().items()}
    pages = {path.name for path in RUNBOOK.glob("*.md")} - {"index.md"}

    assert pages == named.keys()
    assert all(
        said["runbook"] == f"docs/runbook/{page}" for page, said in named.items()
    )


@pytest.mark.parametrize("alert", alerts())
def test_a_page_says_what_it_means_what_to_do_and_when_to_wake_somebody(alert):
    text = (RUNBOOK / page_of(alert)).read_text()
    index = (RUNBOOK / "index.md").read_text()

    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    assert headings == [
        alert,
        "What it means for people",
        "Look first",
        "Remedy",
        "When to wake somebody",
    ]
    assert f"[{alert}]({page_of(alert)})" in index


def test_a_page_speaks_only_of_figures_that_an_alert_or_a_board_knows():
    known = "".join(
        path.read_text()
        for path in MONITORING.rglob("*")
        if path.suffix in {".yml", ".json"}
    )
    told = "".join(path.read_text() for path in RUNBOOK.glob("*.md"))

    figures = set(re.findall(r"\beventide_\w+", told))
    assert {figure for figure in figures if figure not in known} == set()


@pytest.mark.parametrize("page", [*RUNBOOK.glob("*.md")], ids=lambda page: page.stem)
def test_what_a_page_greps_for_is_found_in_both_forms_of_the_log(page):
    forms = ConsoleRenderer(colors=False), JSONRenderer()
    for pattern in re.findall(r"grep ([^`]*)", page.read_text()):
        told = re.fullmatch(r"-E '(action\S+ \"\)\(?([a-z]+).*)'", pattern)
        assert told, pattern
        line = {"event": "said", "action": told[2], "level": "warning"}
        for form in forms:
            assert re.search(told[1], str(form(None, "", dict(line)))), form


def test_every_alert_is_a_reason_to_wake_somebody_or_none():
    assert {rule["labels"]["severity"] for rule in alerts().values()} == {
        "critical",
        "warning",
    }


def test_a_critical_alert_does_not_wait_for_long():
    waits = {
        alert: rule.get("for", "0m")
        for alert, rule in alerts().items()
        if rule["labels"]["severity"] == "critical"
    }

    assert set(waits.values()) <= {"0m", "1m", "2m", "5m", "10m"}
    assert (HERE / "docs" / "monitoring.md").exists()
