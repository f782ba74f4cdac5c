"""The mails' words and looks: the fixed lines, both parts, and what is never there."""

import re
from html import unescape
from html.parser import HTMLParser

import pytest

from service.content.templating import RenderedMail, Templates
from service.domain.outbox import Kind
from service.mail.letters import TipLine
from service.settings import HERE

LINKS = {
    f"{name}_url": f"https://eventide.example/{name}?token=aB3-_.{'x' * 60}&v=1"
    for name in ("manage", "fresh", "unsubscribe", "confirm", "question", "undo")
}
WHO = {
    "language": "en",
    "operator_name": "Eventide",
    "postal_address": "12 Harbour Street\nBristol BS1 4XY",
}
STRETCH = TipLine(
    words="Before bed, stretch your calves. Hold each stretch for 10 seconds.",
    label="Stretching",
    when="Tonight",
    reason="you ticked muscle fatigue or overuse",
)
BEDDING = TipLine(
    words="Leave your bedding loose, so it does not press your toes down.",
    label="Evening habit",
    when="",
    reason="it suits most people & costs nothing.",
)
DIZZY = TipLine(
    words="Call your doctor today if you feel very thirsty or dizzy.",
    label="When to get help",
    when="Today",
    reason="you ticked not drinking enough",
)
POTIONS = "Do you take pills & potions (such as <those> that are green)?"
SEEK_CARE = "See a doctor or nurse if cramps keep coming back or hurt a lot."
PLAIN = {
    **LINKS,
    **WHO,
    "opening": (),
    "lead": None,
    "more": (),
    "care": (),
    "seek_care": SEEK_CARE,
    "ask_answers": False,
    "is_unanswered": False,
    "has_other": False,
    "question": "",
    "habit": "",
    "clash": "",
    "emergency_number": "999",
    "advice_line": "NHS 111, 111",
    "night_label": "Monday 23 November",
    "sources_url": "https://eventide.example/sources",
    "is_reviewed": False,
}
FULL = {
    **PLAIN,
    "opening": (DIZZY,),
    "lead": STRETCH,
    "more": (BEDDING, DIZZY),
    "care": (DIZZY,),
    "ask_answers": True,
    "is_unanswered": True,
    "has_other": True,
    "question": POTIONS,
    "habit": "every second evening at 19:00, UTC",
    "why": "asked",
    "clash": "from 29 March 2027 on 19:00 UTC is 20:00 London time",
}
# evidence.md D.2, word for word.
ALWAYS = (
    "Get help now",
    "chest pain or short of breath",
    "sudden cold, pale or numb leg",
    "loss of bladder or bowel control",
    "one leg swollen, hot, red or very sore",
    "cramp over 10 minutes",
    "Do not stop or change a prescribed medicine because of this e-mail",
    "General information, not medical advice; we do not read replies for emergencies",
    "12 Harbour Street, Bristol BS1 4XY",
)
# What a glance at somebody else's screen must not tell.
PRIVATE = re.compile(
    r"cramp|muscle|leg|medic|pill|pregnan|alcohol|drink|diabet|kidney|doctor|health",
    re.IGNORECASE,
)


class Page(HTMLParser):
    """What a reader of the HTML part sees, and what it points at."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.addresses: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self._texts: list[str] = []
        self._skipped = ""
        self.feed(html)

    @property
    def text(self) -> str:
        """The words, in one line."""
        return " ".join(" ".join(self._texts).split())

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag in {"style", "title"}:
            self._skipped = tag
        found = dict(attrs)
        self.links += [found["href"]] if "href" in found else []
        fetched = {"src", "srcset", "background", "poster", "data"} & set(found)
        self.addresses += [found[name] for name in fetched]

    def handle_endtag(self, tag):
        if tag == self._skipped:
            self._skipped = ""

    def handle_data(self, data):
        if not self._skipped:
            self._texts.append(data)


@pytest.fixture(scope="module")
def templates() -> Templates:
    """The templates of the product."""
    return Templates(HERE / "templates")


def flat(text: str) -> str:
    """The words without their line breaks."""
    return " ".join(text.split())


def both_parts(mail: RenderedMail) -> tuple[str, str]:
    """The words of the HTML part and of the text part."""
    return Page(mail.html).text, flat(mail.text)


CONTEXTS = [
    pytest.param(PLAIN, id="nothing to say"),
    pytest.param(FULL, id="everything to say"),
    pytest.param({**FULL, "opening": (), "more": (), "care": ()}, id="one tip"),
    pytest.param({**FULL, "seek_care": ""}, id="care said already"),
    pytest.param(
        {**FULL, "emergency_number": "", "advice_line": ""}, id="no known numbers"
    ),
    pytest.param({**FULL, "is_reviewed": True}, id="reviewed"),
]


@pytest.mark.parametrize("context", CONTEXTS)
def test_every_reminder_carries_the_fixed_lines_in_both_parts(templates, context):
    mail = templates.mail(Kind.REMINDER, context)
    for part in both_parts(mail):
        for line in (*ALWAYS, context["seek_care"]):
            assert line.lower() in part.lower()
    for name in ("manage", "unsubscribe"):
        assert LINKS[f"{name}_url"] in Page(mail.html).links
        assert LINKS[f"{name}_url"] in mail.text.split()
    assert context["sources_url"] in Page(mail.html).links
    assert context["sources_url"] in mail.text.split()


@pytest.mark.parametrize("context", CONTEXTS)
def test_both_parts_say_the_same_tips_in_the_same_order(templates, context):
    lead = [context["lead"]] if context["lead"] else []
    tips = [*context["opening"], *lead, *context["more"], *context["care"]]
    for part in both_parts(templates.mail(Kind.REMINDER, context)):
        rest = part
        for tip in tips:
            reason = f"Why you get this: {tip.reason.removesuffix('.')}."
            for words in (tip.words, reason):
                assert words in rest
                rest = rest.split(words, 1)[1]


def test_the_lead_tip_is_the_hero_and_says_when(templates):
    for part in both_parts(templates.mail(Kind.REMINDER, FULL)):
        assert part.count(STRETCH.words) == 1
    html, text = both_parts(templates.mail(Kind.REMINDER, FULL))
    assert "Stretching · Tonight" in html
    assert "STRETCHING - Tonight" in text
    assert "Evening habit Leave" in html
    assert "EVENING HABIT Leave" in text


def test_a_night_without_a_tip_still_says_so(templates):
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert "We have no new tip for you tonight." in part
        assert "Why you get this" not in part
    for part in both_parts(templates.mail(Kind.REMINDER, FULL)):
        assert "no new tip" not in part


def test_stale_answers_are_asked_about_with_the_link_to_change_them(templates):
    mail = templates.mail(Kind.REMINDER, {**FULL, "is_unanswered": False})
    for part in both_parts(mail):
        assert "please check your answers" in part.lower()
    # At the end too, and where the clock is asked for.
    assert Page(mail.html).links.count(LINKS["manage_url"]) == 3
    assert mail.text.split().count(LINKS["manage_url"]) == 3
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert "check your answers" not in part.lower()


def test_what_was_never_asked_is_asked_with_the_link_to_answer_it(templates):
    mail = templates.mail(Kind.REMINDER, FULL)
    for part in both_parts(mail):
        assert POTIONS in part
        assert "You have not been asked this yet." in part
    assert Page(mail.html).links.count(LINKS["question_url"]) == 1
    assert LINKS["question_url"] in mail.text.split()
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert "not been asked" not in part


def test_a_mail_about_a_change_says_how_to_undo_it_and_not_what_it_was(templates):
    mail = templates.mail(Kind.ANSWERED, FULL)
    assert mail.subject == "Your answers were changed"
    undo, unsubscribe = LINKS["undo_url"], LINKS["unsubscribe_url"]
    assert Page(mail.html).links == [undo, undo, unsubscribe]
    assert {undo, unsubscribe} <= set(mail.text.split())
    for part in both_parts(mail):
        assert POTIONS not in part
        assert "This works for 14 days" in part
        assert "12 Harbour Street, Bristol BS1 4XY" in part


def test_a_clock_that_is_not_their_country_s_is_asked_about_with_both_times(templates):
    for part in both_parts(templates.mail(Kind.REMINDER, FULL)):
        assert "is this your evening?" in part.lower()
        assert "19:00 UTC is 20:00 London time" in part
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert "is this your evening?" not in part.lower()


def test_the_first_reminder_says_when_they_come(templates):
    for part in both_parts(templates.mail(Kind.REMINDER, FULL)):
        assert "it comes every second evening at 19:00, UTC." in part
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert "your first reminder" not in part.lower()


def test_a_question_about_the_clock_says_both_times_and_that_reminders_wait(templates):
    mail = templates.mail(Kind.ZONE_QUESTION, FULL)
    manage, unsubscribe = LINKS["manage_url"], LINKS["unsubscribe_url"]
    assert mail.subject == "What does your clock show?"
    assert Page(mail.html).links == [manage, manage, unsubscribe]
    assert {manage, unsubscribe} <= set(mail.text.split())
    for part in both_parts(mail):
        assert "You chose a mail every second evening at 19:00, UTC." in part
        assert "19:00 UTC is 20:00 London time" in part
        assert "yours wait until you tell us" in part


def test_where_no_number_is_known_none_is_given(templates):
    known = both_parts(templates.mail(Kind.REMINDER, FULL))
    unknown = {**FULL, "emergency_number": "", "advice_line": ""}
    for part in known:
        assert re.search(r"Call 999 for:", part)
        assert "For urgent advice: NHS 111, 111" in part
    for part in both_parts(templates.mail(Kind.REMINDER, unknown)):
        assert "Call your local emergency number for:" in part
        assert "For urgent advice" not in part


def test_the_footer_owns_up_to_what_no_clinician_has_checked(templates):
    words = "have not yet been checked by a clinician"
    for part in both_parts(templates.mail(Kind.REMINDER, FULL)):
        assert words in part
    reviewed = {**FULL, "is_reviewed": True}
    for part in both_parts(templates.mail(Kind.REMINDER, reviewed)):
        assert words not in part


@pytest.mark.parametrize("kind", list(Kind))
def test_a_glance_at_the_inbox_tells_nothing_about_anybody(templates, kind):
    mail = templates.mail(kind, FULL)
    first_seen = [mail.subject, Page(mail.html).text[:180], flat(mail.text)[:90]]
    title = re.search(r"<title>(.*?)</title>", mail.html)
    assert title
    for words in (*first_seen, title[1]):
        assert not PRIVATE.search(words)
    assert "\n" not in mail.subject


@pytest.mark.parametrize(
    "kind", [Kind.CONFIRMATION, Kind.MANAGE_LINK, Kind.ZONE_QUESTION]
)
def test_a_mail_about_the_sign_up_tells_nothing_about_anybody(templates, kind):
    for part in both_parts(templates.mail(kind, FULL)):
        assert not PRIVATE.search(part)


def test_a_confirmation_says_what_to_do_and_what_happens_otherwise(templates):
    mail = templates.mail(Kind.CONFIRMATION, {**PLAIN})
    assert mail.subject == "Please confirm your e-mail address"
    assert Page(mail.html).links == [LINKS["confirm_url"]] * 2
    assert LINKS["confirm_url"] in mail.text.split()
    for part in both_parts(mail):
        assert "7 days" in part
        assert (
            "Was it not you? Then ignore this mail. Nothing more will be sent" in part
        )
        assert "12 Harbour Street, Bristol BS1 4XY" in part


def test_a_confirmation_says_where_another_browser_has_signed_up_too(templates):
    for part in both_parts(templates.mail(Kind.CONFIRMATION, FULL)):
        assert "another sign-up for this address" in part.lower()
    for part in both_parts(templates.mail(Kind.CONFIRMATION, PLAIN)):
        assert "another sign-up" not in part.lower()


def test_answers_that_wait_are_offered_both_ways_and_the_form(templates):
    mail = templates.mail(Kind.REMINDER, {**PLAIN, "is_unanswered": True})
    for part in both_parts(mail):
        assert "your answers do not count yet" in part.lower()
        assert "in the browser in which you filled in our form" in part
        assert "4-digit code" in part
        assert "answer the questions again" in part
    assert LINKS["confirm_url"] in Page(mail.html).links
    assert LINKS["confirm_url"] in mail.text.split()


def test_a_mail_for_which_no_answers_count_does_not_say_that_they_did(templates):
    words = "picked for you from what you told us"
    unread = {**PLAIN, "is_unanswered": True}
    for part in both_parts(templates.mail(Kind.REMINDER, unread)):
        assert words not in part
        assert "with what suits everyone" in part
    for part in both_parts(templates.mail(Kind.REMINDER, PLAIN)):
        assert words in part
        assert "with what suits everyone" not in part


def test_where_no_answers_wait_any_more_the_form_is_offered_alone(templates):
    none = {**PLAIN, "is_unanswered": True, "confirm_url": ""}
    for part in both_parts(templates.mail(Kind.REMINDER, none)):
        assert "your answers do not count yet" in part.lower()
        assert "Answer the questions" in part
        assert "code" not in part


def test_a_link_mail_opens_the_page_and_offers_the_way_out(templates):
    mail = templates.mail(Kind.MANAGE_LINK, {**LINKS, **WHO, "why": "asked"})
    assert mail.subject == "Your link"
    fresh, unsubscribe = LINKS["fresh_url"], LINKS["unsubscribe_url"]
    assert Page(mail.html).links == [fresh, fresh, unsubscribe]
    assert {fresh, unsubscribe} <= set(mail.text.split())
    for part in both_parts(mail):
        assert "12 Harbour Street, Bristol BS1 4XY" in part


def test_the_link_after_an_undo_says_why_it_comes(templates):
    for part in both_parts(templates.mail(Kind.MANAGE_LINK, {**FULL, "why": "undone"})):
        assert "A change of your answers was undone" in part
        assert "You asked for" not in part
        assert "Nothing has changed" not in part


@pytest.mark.parametrize("kind", list(Kind))
def test_a_mail_fetches_nothing_and_runs_nothing(templates, kind):
    mail = templates.mail(kind, FULL)
    page = Page(mail.html)
    assert page.addresses == []
    assert {tag for tag, _ in page.tags} & {"img", "script", "link", "iframe"} == set()
    assert "url(" not in mail.html
    assert "@import" not in mail.html
    assert not {link.split("/")[2] for link in page.links} - {"eventide.example"}
    # No promise of an image or a tracking pixel by another way.
    assert "<object" not in mail.html
    assert len(mail.html.encode()) < 40_000


@pytest.mark.parametrize("kind", list(Kind))
def test_a_screen_reader_finds_its_way(templates, kind):
    tags = Page(templates.mail(kind, FULL).html).tags
    (html,) = (attributes for tag, attributes in tags if tag == "html")
    assert html["lang"] == "en"
    assert html["dir"] == "ltr"
    assert sum(tag == "h1" for tag, _ in tags) == 1
    assert sum(attributes.get("role") == "main" for _, attributes in tags) == 1
    tables = [attributes for tag, attributes in tags if tag == "table"]
    assert all(table["role"] == "presentation" for table in tables)


@pytest.mark.parametrize("kind", list(Kind))
def test_a_mail_can_be_read_in_the_dark_by_tired_eyes(templates, kind):
    html = templates.mail(kind, FULL).html
    assert '<meta name="color-scheme" content="light dark"' in html
    assert "@media (prefers-color-scheme: dark)" in html
    assert "[data-ogsc]" in html
    sizes = [int(size) for size in re.findall(r"font-size:(\d+)px", html)]
    # MJML sets 0 where nothing is said, and 1 for the line between two parts.
    assert min(size for size in sizes if size > 1) >= 16


@pytest.mark.parametrize("kind", list(Kind))
def test_the_text_part_fits_a_narrow_window(templates, kind):
    long = STRETCH.words * 3
    lead = TipLine(words=long, label="Stretching", when="Tonight", reason=long)
    text = templates.mail(kind, {**FULL, "lead": lead}).text
    lines = [line for line in text.split("\n") if "https://" not in line]
    assert max(len(line) for line in lines) <= 78
    assert "\n\n\n" not in text


@pytest.mark.parametrize("context", CONTEXTS)
def test_words_from_outside_stay_words(templates, context):
    odd = TipLine(words="a <b> & 'c'", label="<i>", when="<u>", reason="<s>")
    mail = templates.mail(Kind.REMINDER, {**context, "lead": odd, "more": (odd,)})
    assert unescape("a &lt;b&gt; &amp; &#39;c&#39;") in mail.text
    assert not {tag for tag, _ in Page(mail.html).tags} & {"b", "i", "u", "s"}


@pytest.mark.parametrize("kind", list(Kind))
def test_no_mail_says_what_is_never_said(templates, library, kind):
    mail = templates.mail(kind, FULL)
    for part in both_parts(mail):
        assert library.never_say.offences(part) == ()
