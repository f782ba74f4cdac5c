"""The audit log: every act of an operator, each entry sealed to the one before.

`digest(n) = HMAC-SHA-256(key, digest(n-1) + entry n)`, with a key that the database does
not have: whoever alters, removes or inserts an entry there cannot write those that
follow anew. The high-water mark, sealed with the same key, says which entry is the
newest; it is kept in the database and outside it, so that a log that was cut short or
put back is told from a whole one. The first release chained entries by a plain SHA-256.
"""

import hashlib
import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum

#: What the first entry is sealed to.
BEGINNING = bytes(32)
#: Processes of the release before, whose entries have no key, may run on for a day.
OVERLAP = timedelta(days=1)


class Act(StrEnum):
    """What was done. Written as it stands in the log; never renamed."""

    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    SIGNED_OUT = "signed out"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an act, not a password
    SECOND_FACTOR_ADDED = "second factor added"
    SECOND_FACTOR_REMOVED = "second factor removed"
    RECOVERY_CODES_MADE = "recovery codes made"
    RECOVERY_CODE_USED = "recovery code used"
    OPERATOR_ADDED = "operator added"
    ROLE_CHANGED = "role changed"
    OPERATOR_DISABLED = "operator disabled"
    OPERATOR_ENABLED = "operator enabled"
    SESSIONS_ENDED = "sessions ended"
    PERSON_LOOKED_UP = "person looked up"
    ANSWERS_SEEN = "answers seen"
    LINK_SENT = "link sent"
    PERSON_PAUSED = "person paused"
    PERSON_RESUMED = "person resumed"
    PERSON_SUPPRESSED = "person suppressed"
    PERSON_EXPORTED = "person exported"
    PERSON_ERASED = "person erased"
    RETURNED_MAIL_READ = "returned mail read"
    RETURNED_MAIL_DELETED = "returned mail deleted"
    BOUNCES_UNDONE = "bounces undone"
    PEOPLE_IMPORTED = "people imported"
    PEOPLE_EXPORTED = "people exported"
    ALL_PAUSED = "all paused"
    ALL_RESUMED = "all resumed"
    DATABASE_ADOPTED = "database adopted"
    BACKED_UP = "backed up"
    RESTORED = "restored"
    ROWS_RESEALED = "rows resealed"
    LOG_ANCHORED = "audit log anchored"


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One act. `details` never hold an address or an answer."""

    number: int
    at: datetime
    operator: str
    act: str
    subscriber_id: int | None
    details: str
    digest: bytes

    def is_sealed_to(
        self, before: bytes, *, key: bytes, plain_until: datetime | None
    ) -> bool:
        """Whether nothing of it was changed since it was written after `before`.

        Without the key it may be sealed where it is from before `plain_until`; None where
        nothing was sealed with a key yet.
        """
        if hmac.compare_digest(self.digest, sealed(self, before, key=key)):
            return True
        is_old = plain_until is None or self.at < plain_until
        return is_old and self.digest == _plain(self, before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """The high-water mark: the newest entry, and since when entries have a key."""

    number: int
    digest: bytes
    keyed_from: datetime

    @property
    def plain_until(self) -> datetime:
        """From when on an entry without the key is a forgery."""
        return self.keyed_from + OVERLAP


class NoMark(StrEnum):
    """Why there is no mark to go by."""

    ABSENT = "absent"
    FORGED = "forged"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What reading the log from its beginning showed.

    `broken_at` is the number of the first entry that was altered, is missing, or was put
    in; None where the chain is whole. `outside_digest` is that of the entry that the mark
    outside is about, None where there is no such entry.
    """

    entries: int
    head: bytes
    newest_at: datetime | None
    broken_at: int | None
    inside: Mark | NoMark
    outside: Mark | NoMark
    outside_digest: bytes | None

    @property
    def problem(self) -> str:
        """What was done to the log, in words; "" where it is whole."""
        if self.broken_at is not None:
            return f"entry {self.broken_at} was altered, is missing or was put in"
        return self._against_inside() or self._against_outside()

    def _against_inside(self) -> str:
        mark = self.inside
        if isinstance(mark, NoMark):
            # Before the first entry of this release there is none at all.
            is_wrong = mark is NoMark.FORGED or self.outside is not NoMark.ABSENT
            return f"its mark in the database is {mark}" if is_wrong else ""
        if self.entries < mark.number:
            return _missing(self.entries, mark.number)
        if self.entries == mark.number and self.head != mark.digest:
            return f"entry {mark.number} is not the one that was kept"
        is_behind = self.entries > mark.number
        if is_behind and self.newest_at and self.newest_at >= mark.plain_until:
            return f"its mark in the database was put back to entry {mark.number}"
        return ""

    def _against_outside(self) -> str:
        mark = self.outside
        if mark is NoMark.FORGED:
            return "its mark in the state directory was altered"
        if mark is NoMark.UNREADABLE:
            return "its mark in the state directory cannot be read"
        if isinstance(mark, NoMark) or self.outside_digest == mark.digest:
            return ""
        known = f"the state directory knows entry {mark.number}"
        if self.outside_digest is None:
            return f"it was put back to entry {self.entries}: {known}"
        return f"it was put back, and went on: {known}, which was another one"


def sealed(entry: Entry, before: bytes, *, key: bytes) -> bytes:
    """The digest of an entry that follows on the digest `before`."""
    return hmac.digest(key, before + _said(entry), "sha256")


def mark_code(mark: Mark, *, key: bytes) -> bytes:
    """What proves that a mark was made with the key."""
    said = ["mark", mark.number, mark.digest.hex(), _instant(mark.keyed_from)]
    return hmac.digest(key, _json(said), "sha256")


def _missing(entries: int, known: int) -> str:
    if known == entries + 1:
        return f"its last entry, {known}, is missing"
    if not entries:
        return f"all of its {known} entries are missing"
    return f"its last entries, {entries + 1} to {known}, are missing"


def _plain(entry: Entry, before: bytes) -> bytes:
    """The digest as the first release made it."""
    return hashlib.sha256(before + _said(entry)).digest()


def _said(entry: Entry) -> bytes:
    return _json(
        [
            entry.number,
            _instant(entry.at),
            entry.operator,
            entry.act,
            entry.subscriber_id,
            entry.details,
        ]
    )


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def _json(said: Sequence[object]) -> bytes:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()
