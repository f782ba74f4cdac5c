"""SECURITY.md answers each requirement of ASVS 5.0.0, and names tests that there are."""

import re

import pytest

from service.settings import HERE

SAID = (HERE / "SECURITY.md").read_text().partition("## OWASP ASVS 5")[2]
#: Of each section: the last of levels 1 and 2, which come first, and the last of all.
SECTIONS = """
1.1 2 2, 1.2 9 10, 1.3 11 12, 1.4 3 3, 1.5 2 3, 2.1 3 3, 2.2 3 3, 2.3 4 5, 2.4 1 2,
3.1 0 1, 3.2 2 3, 3.3 4 5, 3.4 6 8, 3.5 5 8, 3.6 0 1, 3.7 2 5, 4.1 3 5, 4.2 1 5, 4.3 2 2,
4.4 4 4, 5.1 1 1, 5.2 3 6, 5.3 2 3, 5.4 3 3, 6.1 3 3, 6.2 12 12, 6.3 4 8, 6.4 4 6,
6.5 5 8, 6.6 3 4, 6.7 0 2, 6.8 4 4, 7.1 3 3, 7.2 4 4, 7.3 2 2, 7.4 5 5, 7.5 2 3, 7.6 2 2,
8.1 2 4, 8.2 3 4, 8.3 1 3, 8.4 1 2, 9.1 3 3, 9.2 4 4, 10.1 2 2, 10.2 2 3, 10.3 4 5,
10.4 11 16, 10.5 5 5, 10.6 2 2, 10.7 3 3, 11.1 2 4, 11.2 3 5, 11.3 3 5, 11.4 4 4,
11.5 1 2, 11.6 1 2, 11.7 0 2, 12.1 3 5, 12.2 2 2, 12.3 4 5, 13.1 1 4, 13.2 5 6, 13.3 2 4,
13.4 5 7, 14.1 2 2, 14.2 4 8, 14.3 3 3, 15.1 3 5, 15.2 3 5, 15.3 7 7, 15.4 0 4, 16.1 1 1,
16.2 5 5, 16.3 4 4, 16.4 3 3, 16.5 3 4, 17.1 1 2, 17.2 4 8, 17.3 2 2
"""
#: In the order of the standard.
ALL = tuple(
    (f"{section}.{number}", number <= int(second))
    for section, second, last in (one.split() for one in SECTIONS.split(","))
    for number in range(1, int(last) + 1)
)
NAMES = [name for name, _ in ALL]
NUMBER = r"\d+\.\d+\.\d+"


def named(text):
    """The requirements that a text names, those within "1.2.6 to 1.2.8" included."""
    found = set()
    for first, last in re.findall(rf"({NUMBER})(?: to ({NUMBER}))?", text):
        span = slice(NAMES.index(first), NAMES.index(last or first) + 1)
        found.update(NAMES[span])
    return found


def test_the_standard_has_as_many_requirements():
    assert len(ALL) == 345
    assert sum(is_ours for _, is_ours in ALL) == 253


def test_each_requirement_of_levels_1_and_2_has_one_row():
    rows = SAID.partition("### What falls short")[0].splitlines()
    firsts = [named(row.split("|")[1]) for row in rows if re.match(r"\| \d", row)]
    wanted = {name for name, is_ours in ALL if is_ours}

    assert {name for first in firsts for name in first} - wanted == set()
    assert wanted - {name for first in firsts for name in first} == set()
    assert sum(map(len, firsts)) == len(wanted)


def test_each_requirement_of_level_3_is_met_or_knowingly_not():
    spoken = named(SAID.partition("### Level 3")[2])

    assert {name for name, is_ours in ALL if not is_ours} - spoken == set()


@pytest.mark.parametrize("letter", sorted(set(re.findall(r"\(([A-Z])[,)]", SAID))))
def test_what_falls_short_is_explained(letter):
    assert f"- **{letter}, " in SAID


@pytest.mark.parametrize(
    "test", sorted(set(re.findall(r"`([\w/]+\.py(?:::\w+)?)`", SAID)))
)
def test_the_test_that_shows_it_is_there(test):
    place, _, name = test.partition("::")
    file = HERE / place if place.startswith("tests/") else HERE / "tests" / place

    assert f"def {name}(" in file.read_text() or not name


def test_the_pages_that_it_links_to_are_there():
    for page, anchor in re.findall(r"\]\((docs/[\w/.-]+)(?:#([\w-]+))?\)", SAID):
        headings = re.findall(r"^#+ (.+)$", (HERE / page).read_text(), re.MULTILINE)
        anchors = {
            re.sub(r"[^\w\s-]", "", h).lower().replace(" ", "-") for h in headings
        }

        assert not anchor or anchor in anchors, (page, anchor)
