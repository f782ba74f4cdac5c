"""The audit log's high-water mark outside the database, in the service's state directory."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from hmac import compare_digest
from pathlib import Path

from service.domain.audit import Mark, NoMark, mark_code

FILE = "audit-mark"


@dataclass(frozen=True, slots=True, kw_only=True)
class StateMark:
    """The file `audit-mark` of a folder; several processes may write it at once."""

    folder: Path

    def read(self, *, key: bytes) -> Mark | NoMark:
        """The mark; forged where it was not made with the key, or is no mark at all."""
        try:
            said = json.loads((self.folder / FILE).read_text())
            mark = Mark(
                number=int(said["number"]),
                digest=bytes.fromhex(said["digest"]),
                keyed_from=datetime.fromisoformat(said["keyed_from"]),
            )
            code = bytes.fromhex(said["code"])
        except FileNotFoundError:
            return NoMark.ABSENT
        except OSError:
            # A disk or a file's owner is in the way; that is nobody's forgery.
            return NoMark.UNREADABLE
        except (ValueError, KeyError, TypeError):
            return NoMark.FORGED
        is_ours = compare_digest(code, mark_code(mark, key=key))
        return mark if is_ours else NoMark.FORGED

    def advance(self, mark: Mark, *, key: bytes) -> None:
        """Keep a newer mark; one that is there and is newer still stays. Raises OSError."""
        with self._alone():
            found = self.read(key=key)
            if not isinstance(found, Mark) or found.number < mark.number:
                self._write(mark, key=key)

    def replace(self, mark: Mark, *, key: bytes) -> None:
        """Keep a mark, whatever is there. Raises OSError."""
        with self._alone():
            self._write(mark, key=key)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        self.folder.mkdir(parents=True, exist_ok=True)
        handle = os.open(self.folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX)
            yield
            # The new name is to be there after a crash, as the entry is.
            os.fsync(handle)
        finally:
            os.close(handle)

    def _write(self, mark: Mark, *, key: bytes) -> None:
        said = {
            **asdict(mark),
            "digest": mark.digest.hex(),
            "keyed_from": mark.keyed_from.isoformat(),
            "code": mark_code(mark, key=key).hex(),
        }
        partial = self.folder / f"{FILE}.partial"
        with partial.open("w") as file:
            file.write(json.dumps(said) + "\n")
            file.flush()
            os.fsync(file.fileno())
        # Commands that run as root share it with the service by its group.
        partial.chmod(0o640)
        partial.replace(self.folder / FILE)
