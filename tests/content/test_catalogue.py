"""The catalogue as it is shipped: complete, plain to read, and what a reader is told."""

import re
import subprocess
import sys
import tomllib
from datetime import date
from importlib.resources import files
from pathlib import Path

import pytest

from service.content.catalogue import Library, check, load
from service.content.readability import can_grade, grade
from service.domain.risk import CAUSES, IMPLIED, Cause, Tag
from service.domain.tips import Evidence, Theme, When
from service.domain.tonight import Ground, Reason

ROOT = Path(__file__).parents[2]
CONFIG, TEMPLATES = ROOT / "config", ROOT / "templates"
TODAY = date(2026, 11, 23)


@pytest.fixture(scope="module")
def library() -> Library:
    return load(CONFIG, TEMPLATES, today=TODAY)


def test_the_shipped_catalogue_has_no_fault():
    assert check(CONFIG, TEMPLATES, today=TODAY).faults == ()


def test_rules_and_sources_are_numbered_without_a_gap(library):
    rules = [rule.id for rule in library.catalogue.rules]
    sources = list(library.sources_by_id)
    assert rules == [f"H{number}" for number in range(1, len(rules) + 1)]
    assert sources == [f"S{number:02}" for number in range(1, len(sources) + 1)]


def test_an_id_that_was_given_up_is_not_given_again(library):
    assert "R4" not in library.catalogue.tips


def test_all_thirteen_causes_and_everyone_have_tips_and_the_causes_have_words(library):
    assert {tip.cause for tip in library.catalogue.tips.values()} == set(Cause)
    assert set(library.causes) == set(CAUSES)


@pytest.mark.parametrize("cause", Cause)
def test_each_cause_has_a_warning_sign_and_four_themes(library, cause):
    themes = {t.theme for t in library.catalogue.tips.values() if t.cause is cause}
    assert Theme.CARE in themes
    assert len(themes) >= 4


def test_a_tip_is_read_as_it_is_written(library):
    tip = library.catalogue.tips["M2"]
    assert tip.cause is Cause.MEDICINES
    assert tip.theme is Theme.MEDICATION
    assert tip.when is When.PLAN
    assert tip.content == {"med_review", "no_stop"}
    assert tip.requires == (frozenset({Tag.MED_DIURETIC}),)
    assert tip.evidence is Evidence.MODERATE
    assert not tip.is_warning
    assert tip.sources == ("S11", "S47")


def test_words_in_brackets_do_not_count_as_evidence(library):
    walking, warning = library.catalogue.tips["P1"], library.catalogue.tips["U6"]
    assert (walking.evidence, walking.is_warning) == (Evidence.HIGH, False)
    assert (warning.evidence, warning.is_warning) == (Evidence.HIGH, True)


def test_no_tip_is_for_under_18s_and_only_care_goes_with_a_warning_sign(library):
    for tip in library.catalogue.tips.values():
        assert Tag.AGE_U18 in tip.blocks
        assert (Tag.RED_FLAG_NOW in tip.blocks) is (tip.theme is not Theme.CARE)


def test_no_tip_is_said_to_have_been_reviewed(library):
    tips = library.catalogue.tips.values()
    assert {(t.reviewed_by, t.reviewed_on, t.expires_on) for t in tips} == {
        ("", None, None)
    }
    summary = f"0 of {len(tips)} tips reviewed by a clinician"
    assert str(library.review_summary) == summary


def test_every_tip_is_said_in_the_very_words_of_its_file(library):
    assert library.languages == ("en",)
    for cause in Cause:
        path = TEMPLATES / "tips" / "en" / f"{cause}.toml"
        for tip, words in tomllib.loads(path.read_text()).items():
            said = library.words(tip, language="en", country="GB")
            assert said == words.replace("{{ crisis_line }}", "Samaritans on 116 123")


def test_every_tip_reads_at_grade_7_or_below(library):
    grades = check(CONFIG, TEMPLATES, today=TODAY).grades
    assert set(grades) == set(library.catalogue.tips)
    assert max(grades.values()) <= 7


def test_long_words_read_at_a_higher_grade_than_short_ones():
    assert can_grade()
    assert grade("Pull your toes up.") < 3
    assert grade("Considerable musculoskeletal discomfort necessitates care.") > 12


def test_a_check_without_textstat_says_that_grades_are_missing():
    program = (
        "import sys; sys.modules['textstat'] = None\n"
        "from datetime import date; from pathlib import Path\n"
        "from service.content.catalogue import check\n"
        f"root = Path({str(ROOT)!r})\n"
        "found = check(root / 'config', root / 'templates', today=date(2026, 11, 23))\n"
        "assert not found.faults and not found.grades\n"
        "print(*found.warnings, sep='\\n')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], check=True, capture_output=True, text=True
    )
    assert "textstat is not installed; install the development" in done.stdout


def test_every_country_with_a_time_zone_can_be_chosen(library):
    table = (files("tzdata") / "zoneinfo" / "zone.tab").read_text(encoding="utf-8")
    codes = {line[:2] for line in table.splitlines() if not line.startswith("#")}
    assert {country.code for country in library.countries} == codes
    names = [country.name for country in library.countries]
    assert names == sorted(names)
    assert len(set(names)) == len(names)


def test_numbers_to_call_are_digits_that_can_be_dialled(library):
    for country in library.countries:
        assert re.fullmatch(r"\d{0,5}", country.emergency)
        for line in (country.crisis, country.advice, country.alcohol_help):
            assert line is None or re.fullmatch(r"[\d -]{3,}", line.number)


def test_an_unsure_number_becomes_words(library):
    assert library.country("GB").emergency_number == "999"
    assert library.country("SO").emergency_number == "your local emergency number"
    assert library.country("XX") == library.country("ZZ")
    assert library.country("ZZ").name == "your country"


def test_a_source_has_an_address_wherever_one_is_known(library):
    assert library.source("S02").address == "https://nidirect.gov.uk/node/10453"
    assert library.source("S57").address.startswith("https://doi.org/10.1001/")
    assert library.source("S21").address == ""


def test_the_rules_for_drink_name_whom_they_are_about(library):
    rule = next(rule for rule in library.catalogue.rules if rule.id == "H2")
    first, swallow = rule.cases
    assert first.when == {
        Tag.HEART_FAILURE,
        Tag.KIDNEY,
        Tag.FLUID_LIMIT,
        Tag.LIVER,
    }
    assert first.never == {"fluids_up", "electrolyte_warning"}
    assert (first.instead, swallow.instead) == (("U10",), ("X4",))


def test_a_rule_with_an_empty_list_of_exceptions_is_not_a_rule_without_one(library):
    only = {r.id: r.cases[0].only for r in library.catalogue.rules if r.cases}
    assert only["H26"] == frozenset()
    assert only["H27"] == {"U4", "U5", "U6", "U11", "U3b", "K1"}
    assert only["H2"] is None


def test_alcohol_comes_up_from_thursday_to_saturday_and_medicines_weekly(library):
    cadence = library.catalogue.cadence
    assert cadence[Theme.ALCOHOL].weekdays == {3, 4, 5}
    assert cadence[Theme.MEDICATION].gap == 6
    assert cadence[Theme.STRETCHING].gap == 0
    assert [theme for theme in Theme if cadence[theme].fixed] == [Theme.CARE]


@pytest.mark.parametrize(
    ("ground", "subject", "because"),
    [
        (Ground.TICKED, "restless_legs", "because you ticked restless legs"),
        (
            Ground.EVERYONE,
            "universal",
            "because it is for everyone who gets leg cramps",
        ),
        (Ground.RULE, "H14", "because you told us that you are trying for a baby"),
        (Ground.RULE_DRIVEN, "M3", "because you told us that you take a statin"),
        (Ground.TOLD, "heart_failure", "because you told us about heart failure"),
    ],
)
def test_the_reader_is_told_why(library, ground, subject, because):
    assert library.reason(Reason(ground=ground, subject=subject)) == because


def test_everything_that_a_rule_puts_in_place_comes_with_a_reason(library):
    for rule in library.catalogue.rules:
        if any(case.instead for case in rule.cases):
            reason = library.reason(Reason(ground=Ground.RULE, subject=rule.id))
            assert len(reason) > len("because ")


@pytest.mark.parametrize(
    ("country", "whom"),
    [
        ("GB", "Samaritans on 116 123"),
        # No crisis line that we are certain of.
        ("CZ", "112"),
        ("SO", "your local emergency number"),
    ],
)
def test_who_might_hurt_themselves_is_told_whom_to_call_there(library, country, whom):
    said = library.words("Z9b", language="en", country=country)
    assert said == f"If you might hurt yourself, call {whom} now."


def test_the_version_names_the_catalogue_and_its_content(library):
    version = tomllib.loads((CONFIG / "safety.toml").read_text())["version"]
    assert re.fullmatch(rf"{version}-[0-9a-f]{{12}}", library.catalogue.version)


def test_ticking_a_cause_never_forbids_all_of_its_own_tips(library):
    for cause, tag in IMPLIED.items():
        own = [t for t in library.catalogue.tips.values() if t.cause is cause]
        assert any(tag not in tip.blocks for tip in own)
