"""What the words of a tip speak of, which its content tags have to say as well.

The rules forbid content tags. A tip that tells somebody to walk and does not say so in
`content` passes by every rule about walking; so the words themselves are read.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.never_say import whole_words
from service.content.shapes import MentionShape, SubjectShape, shaped
from service.content.tips import TipFiles, unknown_content
from service.content.words import Words
from service.domain.tips import Theme


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """Words that speak of one thing, and the content tags of which a tip needs one."""

    name: str
    words: re.Pattern[str]
    but: re.Pattern[str]
    content: tuple[str, ...]

    def found(self, text: str) -> str | None:
        """The first word of the text that speaks of it, if any does."""
        found = self.words.search(self.but.sub("", text))
        return None if found is None else found[0]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mention:
    """A tip that has a word of a subject and gives no advice about it."""

    tip: str
    subject: str
    place: Place


@dataclass(frozen=True, slots=True, kw_only=True)
class Subjects:
    """The subjects by language, and the tips that only mention one.

    A language without subjects is not read: its tips have the tags that the first
    language needed.
    """

    by_language: Mapping[str, tuple[Subject, ...]]
    mentions: tuple[Mention, ...]


def read_subjects(
    file: TomlFile, content_tags: Mapping[str, str], faults: list[Fault]
) -> Subjects:
    """The subjects and mentions of config/safety.toml."""
    by_language = {
        language: tuple(_subjects(file, language, content_tags, faults))
        for language in file.tables("subjects")
    }
    known = {one.name for subjects in by_language.values() for one in subjects}
    mentions: list[Mention] = []
    for nth, data in enumerate(file.rows("mentions")):
        place = Place(file=file, table="mentions", nth=nth, tip=f"mention {nth + 1}")
        shape = shaped(MentionShape, data, place, faults)
        if shape is None:
            continue
        if shape.subject not in known:
            remedy = f"use one of {', '.join(sorted(known))}"
            problem = f"subject '{shape.subject}' is not known"
            faults.append(place.fault(problem, remedy, key="subject"))
        mentions.append(Mention(tip=shape.tip, subject=shape.subject, place=place))
    return Subjects(by_language=by_language, mentions=tuple(mentions))


def untagged(
    subjects: Subjects, tips: TipFiles, words: Mapping[str, Mapping[str, Words]]
) -> Iterator[Fault]:
    """A fault for each tip whose words speak of what its content does not say.

    A care tip is never held back: it says when to get help, not what to do.
    """
    listed = {(mention.tip, mention.subject) for mention in subjects.mentions}
    spoken: set[tuple[str, str]] = set()
    for language, kinds in subjects.by_language.items():
        for said in words.get(language, {}).values():
            for subject in kinds:
                word = subject.found(said.source)
                if word is None:
                    continue
                spoken.add((said.tip, subject.name))
                if (said.tip, subject.name) not in listed:
                    yield from _untagged(said, subject, word, tips)
    for mention in subjects.mentions:
        if (mention.tip, mention.subject) not in spoken:
            problem = f"tip '{mention.tip}' does not mention {mention.subject}"
            yield mention.place.fault(problem, "remove it", key="tip")


def _untagged(
    said: Words, subject: Subject, word: str, tips: TipFiles
) -> Iterator[Fault]:
    tip = tips.tips[said.tip]
    if tip.theme is not Theme.CARE and tip.content.isdisjoint(subject.content):
        yield said.place.fault(
            f"'{word}' speaks of {subject.name} and its content does not say so",
            f"add one of {', '.join(subject.content)} to its content in config/tips, "
            "or list it under mentions in config/safety.toml with the reason",
            key=said.tip,
        )


def _subjects(
    file: TomlFile,
    language: str,
    content_tags: Mapping[str, str],
    faults: list[Fault],
) -> Iterator[Subject]:
    table = f"subjects.{language}"
    for nth, data in enumerate(file.rows("subjects", language)):
        place = Place(file=file, table=table, nth=nth, tip=f"{table} {nth + 1}")
        shape = shaped(SubjectShape, data, place, faults)
        if shape is not None:
            named = frozenset(shape.content)
            faults.extend(unknown_content(named, content_tags, place, key="content"))
            yield Subject(
                name=shape.subject,
                words=whole_words(shape.words),
                but=whole_words(shape.but),
                content=shape.content,
            )
