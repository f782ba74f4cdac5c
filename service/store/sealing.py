"""What is private is sealed here before it is stored, and opened when it is read.

Addresses, answers, choices and mails lie in the database as boxes of PyNaCl's `Aead`
(XChaCha20-Poly1305): its nonces are random and long enough for any volume. A box is
bound to the row it was made for, so that moved to another row it no longer opens. The
id of its key stands beside it; old keys go on opening while the current one seals.

A box is as long as what is in it, so that is padded with spaces: to one block, which
holds 99 % of the rows of its table, else to the next multiple. Most of it is JSON, which
means the same with spaces behind it, also to the release before.
"""

import hashlib
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType

import idna
from nacl.exceptions import CryptoError
from nacl.secret import Aead

from service.domain.errors import Misconfigured, ServiceError
from service.store.packing import packed, unpacked

SETTING = "EVENTIDE_SECRETS__KEYS"
#: How the sessions of our processes are named in the database: then comes the
#: fingerprint of the key that seals there.
PROCESS = "eventide"
#: What a box is longer than its plain text: nonce and tag.
OVERHEAD_BYTES = Aead.NONCE_SIZE + Aead.MACBYTES
#: Its rows are most of what is stored: one a person and night.
PACKED_TABLE = "night"
#: The block of each table in bytes, as `benchmarks.lengths` measures them.
BLOCKS: Mapping[str, int] = MappingProxyType(
    {
        "signup": 1024,
        "subscriber": 512,
        "answer_change": 512,
        "request": 2048,
        "history": 8192,
        "outbox": 1024,
        "night": 104,
        "refusal": 512,
        "feedback": 65536,
        "operator": 32,
    }
)


class SealBroken(Misconfigured):
    """A sealed row cannot be opened: its key is missing, or the row was altered."""


class KeyMissing(SealBroken):
    """The key of a row is not among ours: the operator's fault, not the row's."""


#: What a single row can be guilty of when it is opened and read.
UNREADABLE = (ServiceError, ValueError, KeyError, TypeError)


class Sealer:
    """Seals, opens, and turns an address into the key it is looked up by.

    The look-up key is never rotated: with another one no address is found again.
    """

    def __init__(self, lookup: bytes, keys: Mapping[str, bytes], current: str) -> None:
        """Take the keys; a key of the wrong size or an unknown `current` is refused."""
        if len(lookup) != Aead.KEY_SIZE:
            raise _bad_key(f"the look-up key does not have {Aead.KEY_SIZE} bytes")
        for key_id, key in keys.items():
            if len(key) != Aead.KEY_SIZE:
                raise _bad_key(f"key {key_id!r} does not have {Aead.KEY_SIZE} bytes")
        if current not in keys:
            raise _bad_key(f"the current key {current!r} is missing")
        self._lookup = lookup
        self._boxes = {key_id: Aead(key) for key_id, key in keys.items()}
        self._current = current
        #: What tells in the open which key seals here, and nothing else about it.
        self.fingerprint = hashlib.blake2b(
            key=keys[current], digest_size=4, person=b"fingerprint"
        ).hexdigest()

    @property
    def current(self) -> str:
        """The name of the key that seals."""
        return self._current

    @property
    def audit_key(self) -> bytes:
        """What the audit log is sealed with: as the look-up key, it is never rotated."""
        return hashlib.blake2b(
            key=self._lookup, digest_size=32, person=b"audit"
        ).digest()

    def address_key(self, address: str) -> bytes:
        """The keyed BLAKE2b-256 hash of the address, however it was written."""
        plain = canonical(address).encode()
        return hashlib.blake2b(plain, key=self._lookup, digest_size=32).digest()

    def domain_key(self, domain: str) -> str:
        """The keyed hash of a domain, however it was written, as 32 hex digits."""
        plain = _a_label(domain.strip()).encode()
        digest = hashlib.blake2b(
            plain, key=self._lookup, digest_size=16, person=b"domain"
        )
        return digest.hexdigest()

    def source_key(self, name: str) -> bytes:
        """The keyed hash of a network, a mailbox or a domain that requests come by."""
        return hashlib.blake2b(
            name.encode(), key=self._lookup, digest_size=16, person=b"source"
        ).digest()

    def seal(self, plain: bytes, *, about: str) -> tuple[bytes, str]:
        """The padded box and the id of its key.

        `about` names the row it is made for: its table, then its key.
        """
        table = about.partition(":")[0]
        if table == PACKED_TABLE:
            plain = packed(plain)
        padded = _padded(plain, BLOCKS[table])
        box = self._boxes[self._current].encrypt(padded, about.encode())
        return bytes(box), self._current

    def open(self, box: bytes, key_id: str, *, about: str) -> bytes:
        """What was sealed for the row `about`, without spaces at its end.

        Raises `SealBroken` (`KeyMissing`).
        """
        if key_id not in self._boxes:
            raise KeyMissing(
                what=f"key {key_id!r} is missing, which sealed the row {about}",
                where=SETTING,
                remedy="Put the key back; rows that it sealed cannot be read without",
            )
        try:
            plain = self._boxes[key_id].decrypt(box, about.encode()).rstrip(b" ")
        except CryptoError as error:
            raise SealBroken(
                what=f"the row {about} does not open with key {key_id!r}",
                where=SETTING,
                remedy="Check that the key is the one that sealed it; if it is, the "
                "row was altered: restore it from a backup",
            ) from error
        return unpacked(plain) if about.startswith(f"{PACKED_TABLE}:") else plain


def _padded(plain: bytes, block: int) -> bytes:
    blocks = max(1, -(-len(plain) // block))
    return plain.ljust(blocks * block)


def canonical(address: str) -> str:
    """The address in the one spelling that is looked up.

    Unicode form NFC, local part case-folded, domain as lower-case A-labels. Dots and
    plus-tags stay: only the receiving host knows whether they mean anything.
    """
    local, _, domain = address.strip().rpartition("@")
    folded = unicodedata.normalize(
        "NFC", unicodedata.normalize("NFC", local).casefold()
    )
    return f"{folded}@{_a_label(domain)}"


def _a_label(domain: str) -> str:
    lowered = domain.lower().rstrip(".")
    if lowered.isascii():
        return lowered
    try:
        return idna.encode(lowered, uts46=True).decode("ascii")
    except idna.IDNAError:
        # No such host can exist; it still needs a spelling to be looked up by.
        return unicodedata.normalize("NFC", lowered)


def _bad_key(what: str) -> Misconfigured:
    return Misconfigured(
        what=what,
        where=SETTING,
        remedy="Restore the keys, or make new ones if nothing is stored yet",
    )
