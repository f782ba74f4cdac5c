"""TOML files as an editor sees them: what they hold, and on which line it stands."""

import hashlib
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

from service.content.faults import Fault

LINE_OF_SLIP = re.compile(r"\(at line (\d+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class TomlFile:
    """A file that could be read."""

    path: Path
    text: str
    data: dict[str, object]

    def tables(self, key: str = "") -> dict[str, object]:
        """What stands below `key` (or at the top) by name; nothing without it."""
        found = self.data.get(key) if key else self.data
        return dict(found) if isinstance(found, dict) else {}

    def rows(self, *keys: str) -> list[object]:
        """The entries of an array of tables such as [[never_say.phrases]]."""
        found: object = self.data
        for key in keys:
            found = found.get(key) if isinstance(found, dict) else None
        return list(found) if isinstance(found, list) else []


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A table in a file: the `nth` one of that name, or the top where it is empty."""

    file: TomlFile
    table: str = ""
    nth: int = 0
    tip: str = ""

    def fault(self, problem: str, remedy: str, *, key: str = "") -> Fault:
        """A fault here, with the line of the key or else of the table's heading."""
        return Fault(
            file=str(self.file.path),
            line=self._line(key),
            tip=self.tip,
            problem=problem,
            remedy=remedy,
        )

    def _line(self, key: str) -> int | None:
        heading = re.compile(rf"\s*\[\[?\s*{re.escape(self.table)}\s*\]")
        entry = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=")
        begins, seen = (None, -1) if self.table else (1, self.nth)
        for number, line in enumerate(self.file.text.splitlines(), start=1):
            if line.lstrip().startswith("["):
                if seen == self.nth:
                    break
                if heading.match(line):
                    seen += 1
                    begins = number
            elif key and seen == self.nth and entry.match(line):
                return number
        return begins if self.table else None


class Files:
    """Reads files and keeps them, for the faults in them and for their fingerprint."""

    def __init__(self, faults: list[Fault]) -> None:
        """Faults are added to the list as they are met."""
        self._faults = faults
        self._texts: list[str] = []
        self.all_read = True

    def read(self, path: Path) -> TomlFile | None:
        """The file, or None and a fault if it is not there or is not TOML."""
        try:
            text = path.read_text(encoding="utf-8")
            self._texts.append(f"{path.name}\n{text}")
            return TomlFile(path=path, text=text, data=tomllib.loads(text))
        except OSError as error:
            problem = f"cannot be read ({error.strerror})"
            self._unreadable(path, problem, "put the file back")
        except UnicodeDecodeError:
            self._unreadable(path, "is not UTF-8 text", "save it as UTF-8")
        except tomllib.TOMLDecodeError as error:
            found = LINE_OF_SLIP.search(str(error))
            line = int(found[1]) if found else None
            remedy = "mend it there; each name may be given once, words in quotes"
            self._unreadable(path, f"is not valid TOML: {error}", remedy, line)
        return None

    def fingerprint(self) -> str:
        """12 hex digits that change with any word of any file read."""
        joined = "\0".join(sorted(self._texts))
        return hashlib.sha256(joined.encode()).hexdigest()[:12]

    def _unreadable(
        self, path: Path, problem: str, remedy: str, line: int | None = None
    ) -> None:
        self.all_read = False
        self._faults.append(
            Fault(file=str(path), problem=problem, remedy=remedy, line=line)
        )
