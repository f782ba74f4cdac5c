"""The audit log: every act of an operator, each entry sealed to the one before.

`digest(n) = SHA-256(digest(n-1) + entry n)`, so that whoever alters, removes or inserts
an entry must alter all that follow, and the newest digest stands in the service's log.
"""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

#: What the first entry is sealed to.
BEGINNING = bytes(32)


class Act(StrEnum):
    """What was done. Written as it stands in the log; never renamed."""

    SIGNED_IN = "signed in"
    SIGN_IN_REFUSED = "sign-in refused"
    SIGNED_OUT = "signed out"
    PASSWORD_CHANGED = "password changed"  # noqa: S105 - an act, not a password
    SECOND_FACTOR_ADDED = "second factor added"
    SECOND_FACTOR_REMOVED = "second factor removed"
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

    def is_sealed_to(self, before: bytes) -> bool:
        """Whether nothing of it was changed since it was written after `before`."""
        return self.digest == sealed(self, before)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verification:
    """What reading the log from its beginning showed.

    `broken_at` is the number of the first entry that was altered, is missing, or was put
    in; None where the chain is whole.
    """

    entries: int
    head: bytes
    broken_at: int | None


def sealed(entry: Entry, before: bytes) -> bytes:
    """The digest of an entry that follows on the digest `before`."""
    said = [
        entry.number,
        entry.at.astimezone(UTC).isoformat(timespec="microseconds"),
        entry.operator,
        entry.act,
        entry.subscriber_id,
        entry.details,
    ]
    plain = json.dumps(said, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(before + plain.encode()).digest()
