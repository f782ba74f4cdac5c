"""The never-say list: phrases that no tip, mail or page may hold, and why."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from service.content.faults import Fault
from service.content.files import Place, TomlFile
from service.content.shapes import AllowedShape, PhrasesShape, shaped

#: Pictographs, dingbats, arrows with a face, flags, and what joins or colours them.
EMOJI = re.compile(
    "[\u2600-\u27bf\u2b00-\u2bff\ufe0f\u200d\u20e3\U0001f000-\U0001faff\U000e0000-\U000e007f]+"
)
NO_EMOJI = "no pictures: they do not suit this subject, and a voice reads them out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Offence:
    """A forbidden phrase in a text: on which line, and why it is forbidden."""

    line: int
    phrase: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class NeverSay:
    """Patterns with their reasons, and the phrases that are taken out first."""

    patterns: tuple[tuple[re.Pattern[str], str], ...]
    allowed: re.Pattern[str]

    def offences(self, text: str) -> tuple[Offence, ...]:
        """Every forbidden phrase in any text (words, template, page), in its order."""
        plain = self.allowed.sub(lambda found: _blank(found[0]), text)
        found = [
            (match.start(), match[0], reason)
            for pattern, reason in self.patterns
            for match in pattern.finditer(plain)
        ]
        return tuple(
            Offence(
                line=text.count("\n", 0, start) + 1,
                phrase=" ".join(phrase.split()),
                reason=reason,
            )
            for start, phrase, reason in sorted(found)
        )

    def faults(self, text: str, place: Place, *, key: str) -> Iterator[Fault]:
        """The offences of words that stand in a file of the catalogue."""
        for offence in self.offences(text):
            yield place.fault(
                f"'{offence.phrase}' is never said: {offence.reason}",
                "say it otherwise; the list is never_say in config/safety.toml",
                key=key,
            )


def read_never_say(file: TomlFile, faults: list[Fault]) -> NeverSay:
    """The list in config/safety.toml."""
    patterns = [(EMOJI, NO_EMOJI)]
    for place, data in _entries(file, "phrases"):
        phrases = shaped(PhrasesShape, data, place, faults)
        if phrases is not None:
            patterns += [
                (found, phrases.reason) for found in _patterns(phrases, place, faults)
            ]
    allowed = [
        entry.words
        for place, data in _entries(file, "allowed")
        if (entry := shaped(AllowedShape, data, place, faults)) is not None
    ]
    # The longest first, so that it is taken out before a shorter one breaks it up.
    allowed.sort(key=len, reverse=True)
    return NeverSay(patterns=tuple(patterns), allowed=whole_words(tuple(allowed)))


def _entries(file: TomlFile, kind: str) -> Iterator[tuple[Place, object]]:
    table = f"never_say.{kind}"
    for nth, data in enumerate(file.rows("never_say", kind)):
        yield Place(file=file, table=table, nth=nth, tip=f"{table} {nth + 1}"), data


def _patterns(
    phrases: PhrasesShape, place: Place, faults: list[Fault]
) -> Iterator[re.Pattern[str]]:
    if phrases.words:
        yield whole_words(phrases.words)
    if phrases.pattern:
        try:
            yield re.compile(phrases.pattern, re.IGNORECASE | re.VERBOSE)
        except re.error as error:
            problem = f"the pattern is not a regular expression: {error}"
            faults.append(place.fault(problem, "mend it there", key="pattern"))
    if not (phrases.words or phrases.pattern):
        problem = "it has neither words nor a pattern"
        faults.append(place.fault(problem, "add one of them, or remove it"))


def whole_words(phrases: tuple[str, ...]) -> re.Pattern[str]:
    """Any of the phrases as whole words, in any case, across line breaks."""
    spaced = [r"\s+".join(map(re.escape, phrase.split())) for phrase in phrases]
    # With no phrase at all, a pattern that never matches.
    return re.compile(
        rf"(?<!\w)(?:{'|'.join(spaced)})(?!\w)" if spaced else r"(?!)", re.IGNORECASE
    )


def _blank(phrase: str) -> str:
    """As long as the phrase and with its line breaks, but without its words."""
    return re.sub(r"[^\n]", "·", phrase)
