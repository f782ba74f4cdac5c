"""The keys of a backup, in a file of their own."""

from collections.abc import Callable
from pathlib import Path

from pydantic import SecretStr

from service.domain.errors import Misconfigured
from service.embedded.archive import own_file
from service.settings import SecretsSettings


def default_keys(backup: Path) -> Path:
    """Where the keys of a backup are when nobody says so."""
    return backup.with_name(f"{backup.name}.keys")


def keep_keys(path: Path, secrets: SecretsSettings) -> None:
    """Write the keys for their owner alone; a file that has them stays as it is.

    Raises Misconfigured where other keys are there, or it cannot be written.
    """
    text = _lines(secrets)
    try:
        if path.exists():
            if path.read_text() == text:
                return
            raise _unusable(path, "other keys are there", "Choose another file")
        with own_file(path) as file:
            file.write(text.encode())
    except OSError as error:
        remedy = "Choose a folder that this user may write to"
        raise _unusable(path, f"cannot be kept ({error.strerror})", remedy) from error


def keys_in(path: Path, *, otherwise: Callable[[], SecretsSettings]) -> SecretsSettings:
    """The keys of a file, and `otherwise` others. Raises Misconfigured."""
    if not path.exists():
        return otherwise()
    try:
        return SecretsSettings(keys=SecretStr(path.read_text()))
    except (OSError, UnicodeDecodeError) as error:
        remedy = "Name a file of keys that this user may read"
        raise _unusable(path, "cannot be read", remedy) from error


def put_into_place(path: Path, secrets: SecretsSettings) -> None:
    """Make these the keys of the embedded database; the ones before stay beside them."""
    text = _lines(secrets)
    if path.exists() and path.read_text() != text:
        path.replace(path.with_name(f"{path.name}.before"))
    keep_keys(path, secrets)


def _lines(secrets: SecretsSettings) -> str:
    return "".join(f"{line}\n" for line in secrets.keys.get_secret_value().split())


def _unusable(path: Path, what: str, remedy: str) -> Misconfigured:
    return Misconfigured(what=what, where=f"the keys {path}", remedy=remedy)
