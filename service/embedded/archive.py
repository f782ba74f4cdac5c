"""The file of a backup: a zip of PostgreSQL's own dump and a manifest that vouches for it.

    database.dump   pg_dump's custom format, people's answers sealed in it
    manifest.json   when, of which schema, how many rows, the dump's checksum

The keys are not in it. It appears under its name when it is whole, for its owner alone.
"""

import hashlib
import json
import os
import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import IO

from service.domain.errors import Misconfigured
from service.embedded.tools import CHUNK, Sink, Tell

FORMAT = 1
DUMP, MANIFEST = "database.dump", "manifest.json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What a backup says of itself; `rows` counts each table, partitions apart."""

    created_at: str
    eventide: str
    schema: str
    postgresql: int
    programs: int
    is_paused: bool
    rows: Mapping[str, int]
    bytes: int
    sha256: str
    format: int = FORMAT


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A dump as it was written."""

    bytes: int
    sha256: str


def write(
    path: Path,
    dump: Callable[[Sink], None],
    manifest: Callable[[Written], Manifest],
) -> Manifest:
    """Make the file of what `dump` writes and `manifest` says of it.

    Raises:
        Misconfigured: it cannot be written here, or is there already.
    """
    partial = path.with_name(f"{path.name}.partial")
    try:
        if path.exists():
            raise _unusable(path, "is there already", "Choose another name")
        # Of a backup that broke off.
        partial.unlink(missing_ok=True)
        with own_file(partial) as file:
            with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
                with archive.open(DUMP, "w", force_zip64=True) as entry:
                    counted = _Counted(entry)
                    dump(counted)
                said = manifest(counted.written())
                archive.writestr(MANIFEST, json.dumps(asdict(said), indent=2))
            file.flush()
            os.fsync(file.fileno())
        partial.rename(path)
    except OSError as error:
        remedy = "Choose a folder that this user may write to and that has room"
        raise _unusable(
            path, f"cannot be written ({error.strerror})", remedy
        ) from error
    finally:
        partial.unlink(missing_ok=True)
    return said


@contextmanager
def own_file(path: Path) -> Iterator[IO[bytes]]:
    """A new file that only its owner may read.

    Raises OSError, FileExistsError where something is there already.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, mode=0o600)
    with os.fdopen(handle, "w+b") as file:
        yield file


class Archive:
    """A backup that is read."""

    def __init__(self, path: Path, file: zipfile.ZipFile, manifest: Manifest) -> None:
        """Keep what `opened` read."""
        self.manifest = manifest
        self._path = path
        self._file = file

    @contextmanager
    def dump(self) -> Iterator[IO[bytes]]:
        """The dump, from its beginning."""
        with self._file.open(DUMP) as entry:
            yield entry

    def check(self, *, tell: Tell) -> None:
        """Return if the dump is the one that was written. Raises Misconfigured."""
        found = hashlib.sha256()
        try:
            with self.dump() as entry:
                while chunk := entry.read(CHUNK):
                    found.update(chunk)
                    tell(len(chunk))
        except zipfile.BadZipFile as error:
            raise _damaged(self._path) from error
        if found.hexdigest() != self.manifest.sha256:
            raise _damaged(self._path)


@contextmanager
def opened(path: Path) -> Iterator[Archive]:
    """The backup in a file. Raises Misconfigured."""
    try:
        with zipfile.ZipFile(path) as file:
            yield Archive(path, file, _manifest(path, file))
    except OSError as error:
        remedy = "Name a backup that this user may read"
        raise _unusable(path, f"cannot be read ({error.strerror})", remedy) from error
    except zipfile.BadZipFile as error:
        raise _damaged(path) from error


def _manifest(path: Path, file: zipfile.ZipFile) -> Manifest:
    try:
        said = json.loads(file.read(MANIFEST))
        if said["format"] != FORMAT:
            remedy = "Use the release that made it"
            raise _unusable(path, f"is of format {said['format']}", remedy)
        return Manifest(**{field.name: said[field.name] for field in fields(Manifest)})
    except (KeyError, TypeError, ValueError) as error:
        raise _damaged(path) from error


class _Counted:
    """A file that is only written to, with the length and checksum of what it got."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._bytes = 0
        self._sha256 = hashlib.sha256()

    def write(self, chunk: bytes) -> int:
        self._bytes += len(chunk)
        self._sha256.update(chunk)
        return self._file.write(chunk)

    def written(self) -> Written:
        return Written(bytes=self._bytes, sha256=self._sha256.hexdigest())


def _damaged(path: Path) -> Misconfigured:
    return _unusable(path, "is no backup, or is damaged", "Use another one")


def _unusable(path: Path, what: str, remedy: str) -> Misconfigured:
    return Misconfigured(what=what, where=f"the backup {path}", remedy=remedy)
