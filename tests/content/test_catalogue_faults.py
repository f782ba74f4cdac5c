"""A slip in the catalogue stops the start, and says where it is and what to do."""

import shutil
from datetime import date, timedelta
from pathlib import Path

import pytest

from service.content.catalogue import check, load
from service.domain.errors import Misconfigured

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 23)
FATIGUE, WORDS = "config/tips/fatigue.toml", "templates/tips/en/fatigue.toml"
SAFETY, THEMES = "config/safety.toml", "config/themes.toml"
SOURCES, COUNTRIES = "config/sources.toml", "config/countries.toml"
QUESTIONS = "config/questions.toml"
F4 = 'theme = "habit"\nwhen = "tomorrow"\ncontent = ["footwear"]'
F4_REVIEW = 'sources = ["S06"]\nreviewed_by = ""\nreviewed_on = ""\nexpires_on = ""'


class Copy:
    """A copy of the shipped catalogue that a test may spoil."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.config, self.templates = folder / "config", folder / "templates"
        shutil.copytree(ROOT / "config", self.config)
        shutil.copytree(ROOT / "templates" / "tips", self.templates / "tips")

    def edit(self, name: str, old: str, new: str) -> None:
        path = self.folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def load(self, *, today: date = TODAY):
        return load(self.config, self.templates, today=today)

    def check(self, *, today: date = TODAY):
        return check(self.config, self.templates, today=today)

    def faults(self) -> list[str]:
        with pytest.raises(Misconfigured) as stopped:
            self.load()
        faults = [str(fault) for fault in self.check().faults]
        assert len(str(stopped.value).splitlines()) == len(faults)
        return faults


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    return Copy(tmp_path)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        pytest.param(
            FATIGUE,
            '["stretch_standing"]',
            '["strech"]',
            (
                "line 16, tip F1: content tag 'strech' is not known; use one of alcohol_limit,",
                "or add it to content_tags in config/safety.toml",
            ),
            id="unknown content tag",
        ),
        pytest.param(
            FATIGUE,
            '"foot_numb", "pad_severe"',
            '"numb", "pad_severe"',
            ("tip F1: tag 'numb' is not known; use one of age_u18, ",),
            id="unknown tag",
        ),
        pytest.param(
            FATIGUE,
            'theme = "stretching"',
            'theme = "sports"',
            (
                "line 14, tip F1: theme 'sports' is not known; use one of hydration, stretching,",
            ),
            id="unknown theme",
        ),
        pytest.param(
            FATIGUE,
            'evidence = "low"',
            'strength = "low"',
            (
                "tip F1: key 'evidence' is missing; add it",
                "tip F1: key 'strength' is not known; remove it, or use one of theme,",
            ),
            id="unknown key",
        ),
        pytest.param(
            FATIGUE,
            'sources = ["S09", "S32"]',
            "sources = []",
            ("tip F1: sources: ", "docs/content.md describes"),
            id="no source",
        ),
        pytest.param(
            FATIGUE,
            '"S09", "S32"',
            '"S09", "S99"',
            ("tip F1: source 'S99' is not known; use an id of config/sources.toml",),
            id="unknown source",
        ),
        pytest.param(
            FATIGUE,
            "[F2]",
            "[D1]",
            (
                "dehydration.toml, line 13, tip D1: the id 'D1' is taken: ",
                "give one of the two a new id",
                "tip D1: its words are missing",
                "tip F2: words without a tip",
            ),
            id="one id in two files",
        ),
        pytest.param(
            FATIGUE,
            "[F2]",
            "[F1]",
            ("is not valid TOML: Cannot declare ('F1',) twice", "mend it there"),
            id="one id twice in a file",
        ),
        pytest.param(
            FATIGUE,
            "[F1]",
            'F0 = "a"\n[F1]',
            ("tip F0: 'a' stands where a table is wanted; write it below a heading",),
            id="no table",
        ),
        pytest.param(
            WORDS,
            "F3 = ",
            "# F3 = ",
            (
                "fatigue.toml, tip F3: its words are missing; add F3 = ",
                "or remove the tip from config/tips",
            ),
            id="missing words",
        ),
        pytest.param(
            WORDS,
            "F3 = ",
            'F9 = "Rest."\nF3 = ',
            (
                "tip F9: words without a tip; add [F9] to config/tips/fatigue.toml",
                "line 11",
            ),
            id="words without a tip",
        ),
        pytest.param(
            WORDS,
            'F1 = "Busy day',
            'F1 = " "\n#',
            (
                "line 7, tip F1: the words are empty; write one to three short sentences",
            ),
            id="empty words",
        ),
        pytest.param(
            WORDS,
            "Busy day",
            "Busy {{ day }}",
            (
                "tip F1: variable 'day' is not defined; use one of emergency_number, crisis_line, country_name",
            ),
            id="undefined variable",
        ),
        pytest.param(
            WORDS,
            "Busy day",
            "Busy {{ country_name.short }} day",
            ("tip F1: ", "; Use only the names"),
            id="undefined part of a variable",
        ),
        pytest.param(
            WORDS,
            "Busy day",
            "Busy {{ day",
            ("line 7, tip F1: ", "; Mend the template there"),
            id="broken template",
        ),
        pytest.param(
            WORDS,
            "Busy day",
            "This cures cramps. Busy day",
            ("tip F1: 'cures' is never said: we promise no", "say it otherwise"),
            id="never-say phrase",
        ),
        pytest.param(
            WORDS,
            "Busy day",
            "Busy day \U0001f642",
            ("tip F1: '\U0001f642' is never said: no pictures",),
            id="emoji",
        ),
        pytest.param(
            WORDS,
            "Busy day on",
            'Busy day" on',
            ("fatigue.toml, line 7: is not valid TOML: ", "mend it there"),
            id="broken TOML",
        ),
        pytest.param(
            FATIGUE,
            'reviewed_on = ""',
            'reviewed_on = "last week"',
            ("tip F1: reviewed_on: 'last week' is not a date; write it as YYYY-MM-DD",),
            id="bad date",
        ),
        pytest.param(
            FATIGUE,
            'reviewed_on = ""',
            "reviewed_on = 2026-11-01T10:00:00",
            ("tip F1: reviewed_on: '2026-11-01 10:00:00' is not a date",),
            id="time in place of a date",
        ),
        pytest.param(
            FATIGUE,
            'reviewed_by = ""',
            'reviewed_by = "A. Nurse"',
            ("tip F1: the review is half filled in; give reviewed_by, reviewed_on",),
            id="half a review",
        ),
        pytest.param(
            FATIGUE,
            F4_REVIEW,
            'sources = ["S06"]\nreviewed_by = "A. Nurse"\nreviewed_on = 2026-12-01\nexpires_on = 2026-12-01',
            (
                "tip F4: reviewed_on 2026-12-01 is in the future; mend the date",
                "tip F4: expires_on 2026-12-01 is not after reviewed_on; mend the date",
            ),
            id="impossible dates",
        ),
        pytest.param(
            FATIGUE,
            F4 + "\nblock = []",
            F4 + '\nblock = ["severe"]\nrequires = [["severe"]]',
            ("tip F4: nobody could ever be told it", "; mend its requires, block"),
            id="requires what it blocks",
        ),
        pytest.param(
            FATIGUE,
            F4 + "\nblock = []",
            F4 + '\nblock = []\nrequires = [["alc_low"], ["alc_high"]]',
            ("tip F4: nobody could ever be told it",),
            id="requires two answers to one question",
        ),
        pytest.param(
            "config/tips/pregnancy.toml",
            '"op_injury", "no_exercise"',
            '"pregnant", "no_exercise"',
            ("tip G1: nobody could ever be told it",),
            id="blocks what its cause implies",
        ),
        pytest.param(
            SAFETY,
            'instead = ["U10"]',
            'instead = ["U99"]',
            (
                "rule H2: tip 'U99' in instead is not in the catalogue; use an id",
                "safety.toml, line ",
            ),
            id="rule naming an unknown tip",
        ),
        pytest.param(
            SAFETY,
            'only = ["U4"',
            'only = ["U44"',
            ("rule H27: tip 'U44' in only is not in the catalogue",),
            id="exception naming an unknown tip",
        ),
        pytest.param(
            SAFETY,
            'never = ["fluids_up", "electrolyte_warning"]',
            'never = ["fluid_up"]',
            ("rule H2: content tag 'fluid_up' is not known; use one of",),
            id="rule naming an unknown content tag",
        ),
        pytest.param(
            SAFETY,
            'when = ["med_diuretic"]',
            'when = ["water_tablets"]',
            ("rule H3: when 'water_tablets' is not known; use one of age_u18",),
            id="rule naming an unknown tag",
        ),
        pytest.param(
            SAFETY,
            'never_causes = ["pregnancy"]',
            'never_causes = ["pregnant"]',
            ("rule H29: cause 'pregnant' is not known; use one of fatigue",),
            id="rule naming an unknown cause",
        ),
        pytest.param(
            SAFETY,
            'sources = ["S47"]',
            'sources = ["S470"]',
            ("rule H3: source 'S470' is not known",),
            id="rule naming an unknown source",
        ),
        pytest.param(
            SAFETY,
            'because = "you told us about your back"\n',
            "",
            ("rule H10: it puts tips in place but gives the reader no reason",),
            id="rule without a reason",
        ),
        pytest.param(
            SAFETY,
            "you told us about your back",
            "you have a bad back",
            ("rule H10: 'you have' is never said: we do not diagnose",),
            id="never-say phrase in a reason",
        ),
        pytest.param(
            SAFETY,
            "editorial = true\n\n[rules.H6]",
            "\n[rules.H6]",
            ("rule H5: it has no case, so it forbids nothing; add [[rules.H5.cases]]",),
            id="rule without a case",
        ),
        pytest.param(
            SAFETY,
            "[rules.H1]\nsays",
            "[rules.H1]\nsay",
            ("rule H1: key 'says' is missing", "rule H1: key 'say' is not known"),
            id="unknown key in a rule",
        ),
        pytest.param(
            SAFETY,
            'version = "2026',
            'hurry = "2026',
            ("version is missing; add the day", "line 7: key 'hurry' is not known"),
            id="no version",
        ),
        pytest.param(
            SAFETY,
            "[content_tags]",
            "[tags]",
            ("content_tags is missing; add the table", "key 'tags' is not known"),
            id="no content tags",
        ),
        pytest.param(
            SAFETY,
            "\\b(stop|stopping|skip|skipping)\\s",
            "\\b(stop|stopping\\s",
            ("never_say.phrases 6: the pattern is not a regular expression", "mend it"),
            id="broken pattern",
        ),
        pytest.param(
            SAFETY,
            'words = ["detox", "natural alternative", "natural alternatives", "miracle"]',
            "",
            ("never_say.phrases 4: it has neither words nor a pattern",),
            id="no phrase",
        ),
        pytest.param(
            SAFETY,
            '"words of sellers, not of care"\nwords =',
            '"words of sellers, not of care"\nword =',
            ("never_say.phrases 4: key 'word' is not known",),
            id="unknown key in the never-say list",
        ),
        pytest.param(
            THEMES,
            'label = "Drinks"\ngap = 1',
            'label = "Drinks"\ngap = "often"',
            ("line 10, theme hydration: gap: ",),
            id="bad gap",
        ),
        pytest.param(
            THEMES,
            '["thu", "fri", "sat"]',
            '["thursday"]',
            ("theme alcohol: weekday 'thursday' is not known; use one of mon, tue",),
            id="bad weekday",
        ),
        pytest.param(
            THEMES,
            "[habit]",
            "[habits]",
            ("theme 'habits' is not known", "theme 'habit' is missing; add [habit]"),
            id="unknown theme table",
        ),
        pytest.param(
            THEMES,
            'diabetes = "diabetes"',
            "",
            ("cause 'diabetes' has no words; add diabetes = ",),
            id="cause without words",
        ),
        pytest.param(
            THEMES,
            'tip = "M3"',
            'tip = "M33"',
            ("tip 'M33' in rule_driven is not in the catalogue; use an id",),
            id="unknown tip by rule",
        ),
        pytest.param(
            THEMES,
            "every = 7",
            "every = 0",
            ("rule_driven 3: every: ",),
            id="a tip by rule every no nights",
        ),
        pytest.param(
            THEMES,
            "mails = 7",
            "every = 7\nmails = 7",
            ("rule_driven 5: it has to come every so many nights or mails, one of",),
            id="a tip by rule both by nights and by mails",
        ),
        pytest.param(
            THEMES,
            "mails = 7\n",
            "",
            ("rule_driven 5: it has to come every so many nights or mails, one of",),
            id="a tip by rule neither by nights nor by mails",
        ),
        pytest.param(
            SAFETY,
            '[follows.kidney]\ntips = ["D9", "M9"]',
            '[follows.kidney]\ntips = ["D9", "M99"]',
            ("follows kidney: tip 'M99' in tips is not in the catalogue; use an id",),
            id="what follows is not in the catalogue",
        ),
        pytest.param(
            SAFETY,
            "[follows.kidney]",
            "[follows.kidneys]",
            ("follows kidneys: tag 'kidneys' is not known; use one of age_u18, ",),
            id="follows from an unknown tag",
        ),
        pytest.param(
            SAFETY,
            'because = "you told us about kidney disease"',
            'because = ""',
            ("follows kidney: because: ",),
            id="follows without a reason",
        ),
        pytest.param(
            SAFETY,
            'because = "you told us about kidney disease"',
            'because = "we diagnosed it"',
            ("follows kidney: 'diagnosed' is never said: we do not diagnose",),
            id="follows for a reason that is never said",
        ),
        pytest.param(
            SAFETY,
            'content = ["massage", "rest_cramp"]',
            'content = ["massage", "rubs"]',
            ("subjects.en 4: content tag 'rubs' is not known; use one of",),
            id="subject with an unknown content tag",
        ),
        pytest.param(
            SAFETY,
            'subject = "rubbing"\nwords',
            'subject = "rubbing"\nword',
            (
                "subjects.en 4: key 'words' is missing",
                "subjects.en 4: key 'word' is not known",
            ),
            id="subject without words",
        ),
        pytest.param(
            SAFETY,
            'tip = "W5"\nsubject = "exercise"',
            'tip = "W5"\nsubject = "sports"',
            ("mention 2: subject 'sports' is not known; use one of alcohol, bathing",),
            id="mention of an unknown subject",
        ),
        pytest.param(
            SAFETY,
            'tip = "W5"\nsubject = "exercise"\nreason',
            'tip = "W5"\nsubject = "exercise"\nwhy',
            ("mention 2: key 'reason' is missing", "mention 2: key 'why' is not known"),
            id="mention without a reason",
        ),
        pytest.param(
            FATIGUE,
            'content = ["footwear"]',
            'content = ["footwear"]\ninstead_of = ["F6"]',
            (
                "tip F4: tip 'F6' in instead_of does not stand above it in this file; use",
            ),
            id="instead of a tip that comes later",
        ),
        pytest.param(
            FATIGUE,
            'content = ["footwear"]',
            'content = ["footwear"]\ninstead_of = ["D1"]',
            ("tip F4: tip 'D1' in instead_of does not stand above it in this file",),
            id="instead of a tip of another cause",
        ),
        pytest.param(
            FATIGUE,
            'content = ["footwear"]',
            'content = ["footwear"]\nevery = 30',
            ("tip F4: every is for warning signs; other tips keep to their theme",),
            id="every of a tip that is no warning sign",
        ),
        pytest.param(
            SOURCES,
            'verified = "read"',
            'verified = "yes"',
            ("source S02: verified 'yes' is not known; use one of read, secondary",),
            id="bad source",
        ),
        pytest.param(
            COUNTRIES,
            "[ZZ]",
            "[Zz]",
            ("'Zz' is not a country code; use", "the table [ZZ] is missing; add it"),
            id="no table for people who give no country",
        ),
        pytest.param(
            COUNTRIES,
            'alcohol = "uk"',
            'alcohol = "us"',
            ("country GB: alcohol 'us' is not the advice that people there get",),
            id="drinking advice of another country",
        ),
        pytest.param(
            COUNTRIES,
            'name = "United Kingdom"',
            'nam = "United Kingdom"',
            ("country GB: key 'name' is missing", "country GB: key 'nam' is not known"),
            id="bad country",
        ),
        pytest.param(
            COUNTRIES,
            'number = "111" }',
            'phone = "111" }',
            ("country GB: key 'number' is missing", "key 'phone' is not known"),
            id="bad line",
        ),
        pytest.param(
            QUESTIONS,
            "[alcohol]",
            "[drinks]",
            (
                "question 'drinks' is not known; use one of conditions, pregnancy",
                "question alcohol: key 'question' is missing",
            ),
            id="unknown question",
        ),
        pytest.param(
            QUESTIONS,
            'question = "Alcohol: which is closest?"',
            'asks = "Alcohol: which is closest?"',
            ("question alcohol: key 'question' is missing",),
            id="question without words",
        ),
        pytest.param(
            QUESTIONS,
            "swallow = {",
            "swalow = {",
            (
                "question conditions: answer 'swalow' is not known; add it to Tag",
                "question conditions: answer 'swallow' has no words; add swallow to",
            ),
            id="unknown and missing answer",
        ),
        pytest.param(
            QUESTIONS,
            'console = "trouble swallowing" }',
            'told = "trouble swallowing" }',
            ("answer swallow: key 'console' is missing", "key 'told' is not known"),
            id="bad answer",
        ),
        pytest.param(
            QUESTIONS,
            'console = "trouble swallowing" }',
            'console = "trouble swallowing", since = 2027-01-01 }',
            ("answer swallow: since and alone stand together; give both",),
            id="a new answer that is never asked alone",
        ),
        pytest.param(
            QUESTIONS,
            "since = 2026-11-29\nalone",
            "since = 2026-11-01\nalone",
            ("answer postnatal: since is too early; use a day after 2026-11-01",),
            id="a new answer of the first questionnaire",
        ),
        pytest.param(
            QUESTIONS,
            'older = { no = "absent"',
            'older = { never = "absent"',
            ("answer postnatal: older names 'never', which is no answer to this",),
            id="an older answer that there never was",
        ),
        pytest.param(
            QUESTIONS,
            'older = { no = "absent"',
            'older = { no = "present"',
            ("answer postnatal: older 'present' is not known; use one of absent",),
            id="an older answer that reads as nothing known",
        ),
        pytest.param(
            QUESTIONS,
            "What you tick here takes away",
            "What you have takes away",
            ("question conditions: 'you have' is never said: we do not diagnose",),
            id="never-say phrase in a question",
        ),
        pytest.param(
            QUESTIONS,
            'words = "Trouble swallowing"',
            'words = "You have trouble swallowing"',
            ("answer swallow: 'You have' is never said: we do not diagnose",),
            id="never-say phrase in an answer",
        ),
    ],
)
def test_a_slip_is_named_with_its_file_place_and_remedy(copy, file, old, new, told):
    copy.edit(file, old, new)
    faults = copy.faults()
    for words in told:
        assert any(words in fault for fault in faults), faults
    assert any(str(copy.folder / file) in fault for fault in faults)


def test_a_question_that_is_left_out_is_named(copy):
    path = copy.folder / QUESTIONS
    path.write_text(path.read_text().partition("[alcohol]")[0])
    [fault] = copy.faults()
    assert (
        "question alcohol: question 'alcohol' is missing; add [alcohol] with" in fault
    )


def test_a_slip_is_told_on_one_line_with_what_where_and_remedy(copy):
    copy.edit(WORDS, "F3 = ", "# F3 = ")
    with pytest.raises(Misconfigured) as stopped:
        copy.load()
    assert str(stopped.value) == (
        f"{copy.folder / WORDS}, tip F3: its words are missing. "
        'add F3 = "..." here, or remove the tip from config/tips'
    )


def test_a_tip_whose_content_is_forbidden_to_everyone_is_named(copy):
    rule = """
[rules.H99]
says = "Nobody is told about shoes."
sources = []
[[rules.H99.cases]]
when = ["region_uk", "region_us", "region_other"]
never = ["footwear"]
"""
    copy.edit(SAFETY, "\n[rules.H29]", f"{rule}\n[rules.H29]")
    [fault] = copy.faults()
    assert f"{copy.folder / FATIGUE}, line 50, tip F4: nobody could ever" in fault
    assert "or the rule that forbids it" in fault


@pytest.mark.parametrize(
    ("word", "words", "content"),
    [
        ("exercise", "Exercise a little each day.", "light_activity"),
        ("walking", "Try walking to the shop.", "walk_program"),
        ("stretching", "Stretch your calves.", "stretch_seated"),
        ("rubbing", "Rub your calf with both hands.", "massage"),
        ("bathing", "Have a BATH.", "warm_bath"),
        ("heat", "A heat pad may feel good.", "heat_warning"),
        ("alcohol", "A glass of wine can upset your sleep.", "alcohol_limit"),
        ("salt", "Put some salt on your food.", "electrolyte_warning"),
        ("fluid", "Keep a drink by the bed.", "fluids_up"),
    ],
)
def test_a_tip_whose_content_does_not_say_what_its_words_do_is_refused(
    copy, word, words, content
):
    copy.edit(WORDS, 'F4 = "', f'F4 = "{words} ')
    [fault] = copy.faults()
    assert f"{copy.folder / WORDS}, line 13, tip F4: '" in fault
    assert f"speaks of {word} and its content does not say so; add one of " in fault
    assert "under mentions in config/safety.toml with the reason" in fault
    copy.edit(FATIGUE, '["footwear"]', f'["footwear", "{content}"]')
    assert copy.check().faults == ()


def test_a_warning_sign_may_say_what_it_likes(copy):
    copy.edit(WORDS, 'F8 = "', 'F8 = "Do not walk, stretch or have a drink. ')
    assert copy.check().faults == ()


def test_water_tablets_are_not_a_drink_and_a_bottle_of_hot_water_is_heat(copy):
    copy.edit(WORDS, 'F4 = "', 'F4 = "Water tablets may tire you. ')
    assert copy.check().faults == ()
    copy.edit(WORDS, 'F4 = "', 'F4 = "Fill a hot water bottle. ')
    [fault] = copy.faults()
    assert "'hot water' speaks of heat" in fault


def test_a_mention_that_is_no_longer_there_is_named(copy):
    words = "templates/tips/en/neuromuscular.toml"
    copy.edit(words, "tight clothes, heat or", "tight clothes or")
    [fault] = copy.faults()
    assert "mention 3: tip 'X3' does not mention heat; remove it" in fault


def test_a_language_whose_words_are_not_listed_is_not_read(copy):
    english = copy.templates / "tips" / "en"
    shutil.copytree(english, copy.templates / "tips" / "de")
    copy.edit("templates/tips/de/fatigue.toml", 'F4 = "', 'F4 = "Walk, and rub. ')
    assert copy.check().faults == ()
    listed = '[[subjects.de]]\nsubject = "walking"\nwords = ["walk"]\ncontent = ["light_activity", "walk_program"]\n'
    copy.edit(SAFETY, "[[subjects.en]]", f"{listed}\n[[subjects.en]]")
    [fault] = copy.faults()
    assert f"{copy.folder}/templates/tips/de/fatigue.toml, line 13, tip F4" in fault


def test_every_slip_is_named_not_only_the_first(copy):
    copy.edit(FATIGUE, '["footwear"]', '["shoes"]')
    copy.edit(WORDS, "F3 = ", "# F3 = ")
    copy.edit(SAFETY, 'instead = ["U10"]', 'instead = ["U99"]')
    assert len(copy.faults()) == 3


def test_a_slip_in_a_tip_is_not_blamed_on_its_words(copy):
    copy.edit(FATIGUE, 'theme = "stretching"', 'theme = "sports"')
    assert len(copy.faults()) == 1


@pytest.mark.parametrize("file", [FATIGUE, WORDS, SAFETY, SOURCES, QUESTIONS])
def test_a_missing_file_is_the_only_thing_that_is_named(copy, file):
    (copy.folder / file).unlink()
    [fault] = copy.faults()
    reason = "cannot be read (No such file or directory); put the file back"
    assert fault == f"{copy.folder / file}: {reason}"


def test_a_file_that_is_not_text_is_named(copy):
    (copy.folder / WORDS).write_bytes(b"F1 = '\xff'")
    [fault] = copy.faults()
    assert fault == f"{copy.folder / WORDS}: is not UTF-8 text; save it as UTF-8"


@pytest.mark.parametrize("folder", ["config/tips", "templates/tips/en"])
def test_a_file_of_no_cause_is_named(copy, folder):
    (copy.folder / folder / "gout.toml").write_text("")
    [fault] = copy.faults()
    assert f"{folder}/gout.toml: cause 'gout' is not known; name the file" in fault


def test_a_language_is_complete_or_it_is_a_fault(copy):
    shutil.copytree(
        copy.templates / "tips" / "en", copy.templates / "tips" / "en_simple"
    )
    assert copy.load().languages == ("en", "en_simple")
    (copy.templates / "tips" / "en_simple" / "alcohol.toml").unlink()
    assert len(copy.faults()) == 1


def test_the_first_language_is_always_there(copy):
    (copy.templates / "tips" / "en").rename(copy.templates / "tips" / "fr")
    [fault] = copy.faults()
    assert "there is no folder 'en'; put it back" in fault


def test_words_that_are_hard_to_read_are_a_fault_of_the_check_alone(copy):
    hard = "Considerable musculoskeletal overexertion necessitates recuperation. "
    copy.edit(WORDS, 'F3 = "', f'F3 = "{hard}')
    assert copy.load().words("F3", language="en", country="GB").startswith(hard)
    [fault] = copy.check().faults
    assert "line 11, tip F3: it reads at grade " in str(fault)
    assert "; use shorter sentences and shorter words" in str(fault)


def test_words_may_name_the_number_to_call_and_the_country(copy):
    copy.edit(WORDS, "Busy day", "{{ country_name }}, {{ emergency_number }}. Busy day")
    library = copy.load()
    said = library.words("F1", language="en", country="GB")
    assert said.startswith("United Kingdom, 999. Busy day")
    said = library.words("F1", language="en", country="SO")
    assert said.startswith("Somalia, your local emergency number. Busy day")


def test_a_tip_whose_review_has_expired_drops_out_and_is_reported(copy):
    review = 'sources = ["S06"]\nreviewed_by = "A. Nurse"\nreviewed_on = "2025-11-23"\nexpires_on = 2026-11-23'
    copy.edit(FATIGUE, F4_REVIEW, review)
    last_day = copy.load(today=TODAY - timedelta(days=1))
    assert last_day.dropped == ()
    assert "F4" in last_day.catalogue.tips
    assert str(last_day.review_summary).startswith("1 of ")
    library = copy.load()
    assert library.dropped == ("F4",)
    assert "F4" not in library.catalogue.tips
    assert library.words("F4", language="en", country="GB")
    assert str(library.review_summary).endswith(", 1 of them too long ago")
    report = copy.check()
    assert report.faults == ()
    assert "tip F4: its review has expired, so it is not said; have it" in str(
        report.warnings[0]
    )


def test_a_catalogue_reviewed_in_full_needs_no_warning(copy):
    empty = 'reviewed_by = ""\nreviewed_on = ""\nexpires_on = ""'
    full = 'reviewed_by = "A"\nreviewed_on = 2026-11-01\nexpires_on = 2027-11-01'
    for path in (copy.config / "tips").iterdir():
        path.write_text(path.read_text().replace(empty, full))
    assert copy.check().warnings == ()


@pytest.mark.parametrize("file", [FATIGUE, WORDS, SAFETY, THEMES, COUNTRIES, QUESTIONS])
def test_the_version_changes_with_any_file(copy, file):
    before = copy.load().catalogue.version
    path = copy.folder / file
    path.write_text(path.read_text(encoding="utf-8") + "# changed\n", encoding="utf-8")
    assert copy.load().catalogue.version != before


def test_the_version_is_the_same_wherever_the_files_are(copy, tmp_path):
    other = Copy(tmp_path / "elsewhere")
    assert other.load().catalogue.version == copy.load().catalogue.version
