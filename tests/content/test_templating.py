"""Templates: what is shown, what is escaped, and which slips stop the start."""

from pathlib import Path

import pytest

from service.content.templating import Templates, compile_words, variables
from service.domain.errors import Misconfigured

MJML = (
    "<mjml><mj-head><mj-include path='parts/head.mjml' /></mj-head><mj-body>"
    "<mj-section><mj-column>{}</mj-column></mj-section></mj-body></mjml>"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A smallest set of templates: one mail, one part, one page."""
    letter = tmp_path / "mail" / "hello"
    letter.mkdir(parents=True)
    (letter / "subject.txt").write_text("Good evening, {{ whom }}\n")
    (letter / "body.txt").write_text("{% if whom %}\nDear {{ whom }}\n{% endif %}\n")
    (letter / "body.mjml").write_text(
        MJML.format(
            '<mj-raw>{% if whom %}</mj-raw><mj-text>Dear {{ whom }}, <a href="{{ url'
            ' }}">go</a></mj-text><mj-raw>{% endif %}</mj-raw>'
        )
    )
    parts = tmp_path / "mail" / "parts"
    parts.mkdir()
    (parts / "head.mjml").write_text("<mj-title>A mail for {{ whom }}</mj-title>")
    (tmp_path / "web").mkdir()
    (tmp_path / "web" / "page.html").write_text("<p>{{ whom }}</p>")
    return tmp_path


def rewrite(path: Path, text: str) -> None:
    """Put other text into a template."""
    path.write_text(text)


def test_a_mail_has_a_subject_on_one_line_and_two_bodies(folder):
    mail = Templates(folder).mail("hello", {"whom": "Ann", "url": "https://a.example"})
    assert mail.subject == "Good evening, Ann"
    assert mail.text == "Dear Ann\n"
    assert "<title>A mail for Ann</title>" in mail.html
    assert 'href="https://a.example"' in mail.html


def test_words_are_escaped_in_html_and_left_alone_in_text(folder):
    values = {"whom": "<Ann & Bo>", "url": "https://a.example?a=1&b=2"}
    mail = Templates(folder).mail("hello", values)
    assert "Dear &lt;Ann &amp; Bo&gt;, " in mail.html
    assert 'href="https://a.example?a=1&amp;b=2"' in mail.html
    assert mail.text == "Dear <Ann & Bo>\n"
    assert mail.subject == "Good evening, <Ann & Bo>"
    assert Templates(folder).page("page.html", values) == "<p>&lt;Ann &amp; Bo&gt;</p>"


def test_parts_of_a_mail_can_be_left_out(folder):
    mail = Templates(folder).mail("hello", {"whom": "", "url": ""})
    assert "Dear" not in mail.html
    assert mail.text == ""


def test_an_undefined_name_is_never_shown_as_nothing(folder):
    with pytest.raises(Misconfigured, match=r"hello/subject\.txt: 'whom' is undefined"):
        Templates(folder).mail("hello", {})
    with pytest.raises(Misconfigured, match=r"page\.html: 'whom' is undefined"):
        Templates(folder).page("page.html", {})


def test_templates_know_no_names_but_those_they_are_given(folder):
    rewrite(folder / "web" / "page.html", "{{ lipsum() }}")
    with pytest.raises(Misconfigured, match="'lipsum' is undefined"):
        Templates(folder).page("page.html", {})


def test_a_missing_template_is_named(folder):
    with pytest.raises(Misconfigured, match=r"there is no template web/other\.html"):
        Templates(folder).page("other.html", {})


@pytest.mark.parametrize(
    ("path", "text", "said"),
    [
        ("mail/hello/subject.txt", "{{ whom", r"subject\.txt: line 1: "),
        ("mail/hello/body.txt", "\n{% if %}", r"body\.txt: line 2: "),
        ("mail/hello/body.mjml", "<mjml><mj-body>", r"body\.mjml: .*MJML"),
        (
            "mail/hello/body.mjml",
            MJML.format("<mj-bogus>x</mj-bogus>"),
            "<mj-bogus> is not an MJML element",
        ),
        (
            "mail/hello/body.mjml",
            MJML.format("<mj-text>{% if %}</mj-text>"),
            r"hello/body\.mjml: line \d+",
        ),
        ("mail/parts/head.mjml", "<mj-title>", r"body\.mjml: "),
        ("web/page.html", "{% for %}", r"page\.html: line 1: "),
    ],
)
def test_a_slip_in_a_template_stops_the_start(folder, path, text, said):
    rewrite(folder / path, text)
    with pytest.raises(Misconfigured, match=said):
        Templates(folder)


def test_words_of_a_tip_are_plain_text_with_their_variables_filled_in():
    words = compile_words("Ring {{ emergency_number }} & don't wait.")
    assert words({"emergency_number": "112"}) == "Ring 112 & don't wait."
    assert words({"emergency_number": "<9>"}) == "Ring <9> & don't wait."


def test_words_of_a_tip_name_the_variables_they_need():
    source = "Ring {{ emergency_number }} in {{ country_name }}."
    assert variables(source) == {"emergency_number", "country_name"}
    assert variables("Stretch your calves.") == frozenset()


def test_a_slip_in_the_words_of_a_tip_is_told_at_once():
    with pytest.raises(Misconfigured, match="line 1"):
        compile_words("Ring {{ emergency_number")
    with pytest.raises(Misconfigured, match="line 1"):
        variables("Ring {% emergency_number")


def test_words_are_not_said_with_a_variable_missing():
    with pytest.raises(Misconfigured, match="'emergency_number' is undefined"):
        compile_words("Ring {{ emergency_number }}")({})
