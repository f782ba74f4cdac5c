"""Whether keys are those of a backup: tried on a person's row as the backup has it."""

from collections.abc import Mapping

from service.domain.errors import Misconfigured
from service.domain.records import person_from_json
from service.store.sealing import Sealer

#: The table whose rows are tried, and what of a row is needed.
TABLE = "subscriber"
NEEDED = ("id", "address_key", "sealed", "key_id")


def insist_on_keys(sealer: Sealer, row: Mapping[str, str], *, where: str) -> None:
    """Return if the row opens and its address is found under its key.

    `row` holds the columns in the text form of COPY.

    Raises:
        SealBroken: the key that sealed it is missing or another one.
        Misconfigured: the look-up key is another one.
    """
    plain = sealer.open(
        _bytes(row["sealed"]), row["key_id"], about=f"{TABLE}:{row['id']}"
    )
    address = person_from_json(plain.decode()).address
    if sealer.address_key(address) != _bytes(row["address_key"]):
        raise Misconfigured(
            what="the look-up key is not the one of the backup",
            where=where,
            remedy="Name the file of keys that was made with it",
        )


def _bytes(text: str) -> bytes:
    # COPY doubles the backslash of PostgreSQL's hexadecimal form.
    return bytes.fromhex(text.removeprefix("\\\\x"))
