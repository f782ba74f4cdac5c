"""How hard a text is to read, in school grades."""

import importlib
import importlib.util
import warnings

#: Tips harder than this are sent back to their writer.
HIGHEST_GRADE = 7.0


def can_grade() -> bool:
    """Whether textstat is installed: it is wanted where tips are edited, not in use."""
    return importlib.util.find_spec("textstat") is not None


def grade(text: str) -> float:
    """The Flesch-Kincaid grade of English words: 6 is read by most 11-year-olds.

    Raises ModuleNotFoundError where textstat is not installed: ask `can_grade`.
    """
    with warnings.catch_warnings():
        # The pinned version reads its word lists through pkg_resources.
        warnings.simplefilter("ignore")
        textstat = importlib.import_module("textstat")
    return float(textstat.flesch_kincaid_grade(text))
