"""The never-say list holds for any text: tips, mails, pages."""

from datetime import date
from pathlib import Path

import pytest

from service.content.catalogue import load
from service.content.never_say import NeverSay

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def never_say() -> NeverSay:
    library = load(ROOT / "config", ROOT / "templates", today=date(2026, 11, 23))
    return library.never_say


@pytest.mark.parametrize(
    "text",
    [
        "This treats cramps.",
        "A CURE for cramps",
        "It heals sore legs.",
        "Stretching prevents cramps.",
        "for the prevention of cramps",
        "We diagnose nothing.",
        "You have a clot.",
        "you\n    have a clot",
        "It is safe for you.",
        "doctor-approved",
        "clinically proven",
        "Try a detox.",
        "a natural alternative to tablets",
        "We guarantee it.",
        "Stop your tablets tonight.",
        "Skip a dose.",
        "Cut down your water tablets.",
        "Stop taking it.",
        "Take less of it.",
        "Change your dose.",
        "change the time you take it",
        "Take 300 mg at night.",
        "Take 400IU.",
        "take two tablets",
        "Take ibuprofen.",
        "Good luck \u2728",
    ],
)
def test_a_forbidden_phrase_is_found(never_say, text):
    assert never_say.offences(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "If you have a drink, eat too.",
        "Do you have cramps?",
        "Do not stop your tablets.",
        "Do not change the dose.",
        "a sore that will not heal",
        "no more than 14 units a week",
        "Hold it for 10 seconds, 3 times on each leg.",
        "Stop if it hurts.",
        "a theatrical entreaty, obscured",
    ],
)
def test_a_phrase_that_only_looks_like_one_is_not(never_say, text):
    assert never_say.offences(text) == ()


def test_an_offence_says_where_and_why(never_say):
    text = "Do you have cramps?\nThen this\ncures\nthem, for you  have\nno choice."
    first, second = never_say.offences(text)
    assert (first.line, first.phrase) == (3, "cures")
    assert first.reason.startswith("we promise no effect")
    assert (second.line, second.phrase) == (4, "you have")


def test_an_allowed_phrase_does_not_hide_what_follows_it(never_say):
    assert never_say.offences("Do not stop, or halve your tablets.")


def test_every_allowed_phrase_is_needed_by_a_tip_a_mail_or_a_page():
    library = load(ROOT / "config", ROOT / "templates", today=date(2026, 11, 23))
    templates = [
        path.read_text(encoding="utf-8")
        for path in (ROOT / "templates").rglob("*")
        if path.suffix in {".toml", ".txt", ".html", ".mjml"}
    ]
    said = " ".join(" ".join(templates).lower().split())
    for phrase in library.never_say.allowed.pattern.split("(?:")[1].split("|"):
        assert phrase.removesuffix(r")(?!\w)").replace(r"\s+", " ") in said
