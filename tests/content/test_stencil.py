"""Stencils: what Jinja would say, most of it said and encoded once."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.content.stencil import SEGMENTS_KEPT
from service.content.templating import MailStencil, Templates
from service.domain.errors import Misconfigured

OWN = frozenset({"link"})
FIXED = {"house": "Eventide & Co"}
MJML = (
    "<mjml><mj-body><mj-section><mj-column><mj-raw>{}</mj-raw></mj-column>"
    "</mj-section></mj-body></mjml>"
)
EVERY_SHAPE = """\
{{ greeting|upper }}, {{ whom }}!
{% for tip in tips %}
{{ loop.index }}. {{ tip }} {% include "mail/parts/foot.txt" %}
{% endfor %}
{% if whom %}A{{ link }}B{% if tips %}{{ link }}{{ greeting }}{% endif %}C{% endif %}
{% if whom %}{{ link }}{% elif tips %}none{% else %}{{ greeting }}{% endif %}
{% for tip in tips %}{{ link }}{{ tip }}{% else %}{{ link }}{% endfor %}
{% include "mail/parts/foot.txt" %}
{{ link }}{{ "fixed" }}{{ house }}{% if house %}{{ whom }}{% endif %}"""
WORDS = st.text(alphabet="ab <&\"'\n", max_size=6)


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """One mail of every shape that a template can have, and one that is empty."""
    folder = tmp_path_factory.mktemp("templates")
    (folder / "mail" / "parts").mkdir(parents=True)
    (folder / "mail" / "parts" / "foot.txt").write_text("-- {{ greeting }}\n")
    written(folder, "hello", EVERY_SHAPE, subject=" Good {{ whom }}\n")
    written(folder, "empty", "", subject="")
    return folder


def written(folder: Path, kind: str, text: str, *, subject: str) -> None:
    """Both bodies of the mail say the same."""
    (folder / "mail" / kind).mkdir()
    (folder / "mail" / kind / "subject.txt").write_text(subject)
    (folder / "mail" / kind / "body.txt").write_text(text)
    mjml = MJML.format(text) if text else "<mjml><mj-body></mj-body></mjml>"
    (folder / "mail" / kind / "body.mjml").write_text(mjml)


class Recorder:
    """An encoding that knows what it was asked for."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, text: str) -> bytes:
        self.asked.append(text)
        return text.encode()


def stencil(folder: Path, encode=str.encode, kind="hello") -> MailStencil:
    return Templates(folder).stencil(kind, own=OWN, fixed=FIXED, encode=encode)


@pytest.fixture(scope="module")
def hello(folder) -> tuple[Templates, MailStencil]:
    templates = Templates(folder)
    return templates, templates.stencil(
        "hello", own=OWN, fixed=FIXED, encode=str.encode
    )


@given(
    st.fixed_dictionaries(
        {
            "greeting": WORDS,
            "whom": WORDS,
            "link": WORDS,
            "tips": st.lists(WORDS, max_size=3).map(tuple),
        }
    )
)
def test_a_stencil_says_what_the_template_says(hello, values):
    templates, filled_in = hello
    mail, filled = (
        templates.mail("hello", {**FIXED, **values}),
        filled_in.filled(values),
    )

    assert filled.subject == mail.subject
    assert filled.text.decode() == mail.text
    assert filled.html.decode() == mail.html


def test_an_empty_template_says_nothing(folder):
    filled = stencil(folder, kind="empty").filled({})
    assert (filled.subject, filled.text) == ("", b"")


VALUES = {"greeting": "good evening", "whom": "Ann", "tips": ("rest", "walk")}


def test_what_is_the_same_for_others_is_encoded_once(folder):
    recorder = Recorder()
    filled_in = stencil(folder, recorder)
    filled_in.filled({**VALUES, "link": "ann"})
    recorder.asked.clear()
    filled_in.filled({**VALUES, "link": "bo"})

    assert recorder.asked
    assert all("bo" in text.lower() for text in recorder.asked)


def test_one_person_s_link_is_never_kept(folder):
    recorder = Recorder()
    filled_in = stencil(folder, recorder)
    for _ in range(2):
        recorder.asked.clear()
        filled_in.filled({**VALUES, "link": "ann"})

    assert recorder.asked == ["ann", "ann"]


def test_no_more_is_kept_than_an_evening_needs(folder):
    recorder = Recorder()
    filled_in = stencil(folder, recorder)

    def asked_for(whom: str) -> int:
        recorder.asked.clear()
        filled_in.filled({**VALUES, "whom": whom, "link": ""})
        return len(recorder.asked)

    first, again = asked_for("Ann"), asked_for("Ann")
    for n in range(SEGMENTS_KEPT):
        asked_for(f"visitor {n}")

    assert again < first
    assert again < asked_for("Ann")


def test_a_name_that_is_not_given_is_told_with_its_template(folder):
    with pytest.raises(Misconfigured, match=r"hello/subject\.txt: 'whom' is undefined"):
        stencil(folder).filled({"link": "", "greeting": "", "tips": ()})
    with pytest.raises(Misconfigured, match=r"hello/body\.mjml: 'link' is undefined"):
        stencil(folder).filled(VALUES)


def test_a_part_that_is_missing_stops_the_start(tmp_path):
    (tmp_path / "mail").mkdir()
    written(tmp_path, "hello", "{% include 'mail/parts/none.txt' %}", subject="")
    with pytest.raises(Misconfigured, match=r"no template mail/parts/none\.txt"):
        stencil(tmp_path)
