"""Records in a file of their own, as programs and spreadsheets read them."""

import codecs
import csv
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from service.domain.errors import Misconfigured
from service.embedded.archive import own_file
from service.web.forms import NO, NONE, YES

UTF_8 = codecs.getwriter("utf-8")
#: A spreadsheet runs a cell that begins so, unless an apostrophe stands before it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
AS_TEXT = "'"


@contextmanager
def new_table(
    path: Path, columns: Sequence[str], *, is_again: bool = False
) -> Iterator[Callable[[Mapping[str, object]], object]]:
    """A new file of records, for its owner alone: JSON, a line each, or CSV.

    Raises Misconfigured where it cannot be written, or something is there already:
    but for a table with these columns, where it is made again.
    """
    try:
        if is_again and _is_ours(path, columns):
            path.unlink()
        with own_file(path) as file:
            text = UTF_8(file)
            if path.suffix == ".jsonl":
                yield lambda record: text.write(f"{json.dumps(record)}\n")
                return
            rows = csv.DictWriter(text, columns)
            rows.writeheader()
            yield lambda record: rows.writerow(
                {name: _cell(value) for name, value in record.items()}
            )
    except FileExistsError as error:
        raise Misconfigured(
            what="is there already", where=str(path), remedy="Choose another name"
        ) from error
    except OSError as error:
        raise Misconfigured(
            what=f"cannot be written ({error.strerror})",
            where=str(path),
            remedy="Choose a folder that this user may write to",
        ) from error


def plain(cell: str) -> str:
    """What stands in a cell, without the apostrophe before what looks like a formula."""
    inside = cell.removeprefix(AS_TEXT)
    return inside if inside.startswith(FORMULA) else cell


def _is_ours(path: Path, columns: Sequence[str]) -> bool:
    header = ",".join(columns).encode()
    return path.is_file() and path.read_bytes().startswith(header)


def _cell(value: object) -> object:
    """What the import reads back: words with spaces between them, nothing unanswered."""
    cell = value
    match value:
        case None | {} if not value:
            cell = ""
        case bool():
            cell = YES if value else NO
        case list():
            cell = " ".join(map(str, value)) or NONE
        case dict():
            cell = json.dumps(value)
        case str() if value.startswith(FORMULA):
            cell = f"{AS_TEXT}{value}"
    return cell
