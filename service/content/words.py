"""The words of the tips, language by language, as templates/tips holds them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from service.content.countries import Country
from service.content.faults import Fault
from service.content.files import Files, Place
from service.content.never_say import NeverSay
from service.content.templating import compile_words, variables
from service.content.tips import TipFiles, strangers
from service.domain.errors import Misconfigured
from service.domain.risk import Cause

#: The language in which every tip is first written and reviewed.
FIRST_LANGUAGE = "en"
#: Any country will do: all words are tried once, so that a slip shows at the start.
SAMPLE = {
    "emergency_number": "112",
    "crisis_line": "Samaritans on 116 123",
    "country_name": "Ireland",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """What one tip says in one language, and where that is written."""

    tip: str
    source: str
    place: Place
    render: Callable[[Mapping[str, str]], str]

    def to(self, country: Country) -> str:
        """The words for a reader in that country."""
        return self.render(
            {
                "emergency_number": country.emergency_number,
                "crisis_line": country.crisis_line,
                "country_name": country.name,
            }
        ).strip()


def read_words(
    folder: Path,
    files: Files,
    tips: TipFiles,
    never_say: NeverSay,
    faults: list[Fault],
) -> dict[str, dict[str, Words]]:
    """What templates/tips says, by language and tip; each language must be complete."""
    languages = sorted(path for path in folder.glob("*") if path.is_dir())
    if FIRST_LANGUAGE not in {path.name for path in languages}:
        problem = f"there is no folder '{FIRST_LANGUAGE}'"
        remedy = "put it back: every tip is first written in that language"
        faults.append(Fault(file=str(folder), problem=problem, remedy=remedy))
    found: dict[str, dict[str, Words]] = {}
    for language in languages:
        faults.extend(strangers(language))
        said = [
            words
            for cause in Cause
            for words in _read(language, cause, files, tips, faults)
        ]
        for words in said:
            faults.extend(never_say.faults(words.source, words.place, key=words.tip))
        found[language.name] = {words.tip: words for words in said}
    return found


def _read(
    language: Path,
    cause: Cause,
    files: Files,
    tips: TipFiles,
    faults: list[Fault],
) -> list[Words]:
    file = files.read(language / f"{cause}.toml")
    own = tips.named.get(cause)
    if file is None or own is None:
        return []
    for name in sorted(own - file.data.keys()):
        place = Place(file=file, tip=f"tip {name}")
        remedy = f'add {name} = "..." here, or remove the tip from config/tips'
        faults.append(place.fault("its words are missing", remedy))
    read = []
    for name, source in file.data.items():
        place = Place(file=file, tip=f"tip {name}")
        if name not in own:
            remedy = f"add [{name}] to config/tips/{cause}.toml, or remove the words"
            faults.append(place.fault("words without a tip", remedy, key=name))
        elif not isinstance(source, str) or not source.strip():
            remedy = "write one to three short sentences in quotes"
            faults.append(place.fault("the words are empty", remedy, key=name))
        else:
            words = _compiled(name, source, place, faults)
            read += [words] if words else []
    return read


def _compiled(
    name: str, source: str, place: Place, faults: list[Fault]
) -> Words | None:
    try:
        unknown = sorted(variables(source) - SAMPLE.keys())
        for variable in unknown:
            problem = f"variable '{variable}' is not defined"
            remedy = f"use one of {', '.join(SAMPLE)}"
            faults.append(place.fault(problem, remedy, key=name))
        render = compile_words(source)
        if not unknown:
            render(SAMPLE)
    except Misconfigured as error:
        faults.append(place.fault(error.what, error.remedy, key=name))
        return None
    return Words(tip=name, source=source, place=place, render=render)
