"""The tables, as the migrations leave them; rows of theirs never leave this package.

A person has one number before and after confirming: the sequence `person_id` numbers
sign-ups, and a confirmed sign-up becomes the subscriber of the same number. What is
hot is narrow and apart from what is sealed: planning reads `schedule` by its index.
`outbox` (by night) and `night` (by month) are partitioned, and old partitions dropped.
"""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Sequence,
    SmallInteger,
    Table,
    Text,
    Uuid,
    false,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

METADATA = MetaData(
    naming_convention={
        "pk": "%(table_name)s_pkey",
        "ck": "%(table_name)s_%(constraint_name)s_check",
        "fk": "%(table_name)s_%(column_0_name)s_fkey",
        "uq": "%(table_name)s_%(column_0_name)s_key",
    }
)

PERSON_ID = Sequence("person_id", metadata=METADATA, data_type=BigInteger)


def instant(name: str, *, nullable: bool = False) -> Column[object]:
    """A column that holds a moment in time, with its zone."""
    return Column(name, DateTime(timezone=True), nullable=nullable)


def _sealed() -> tuple[Column[bytes], Column[str]]:
    return (
        Column("sealed", LargeBinary, nullable=False),
        Column("key_id", Text, nullable=False),
    )


def _evening() -> tuple[Column[str] | Column[int] | Column[bool], ...]:
    return (
        Column("zone", Text, nullable=False),
        Column("minute", SmallInteger, nullable=False),
        Column("frequency", Text, nullable=False),
        Column("language", Text, nullable=False),
        Column("zone_confirmed", Boolean, nullable=False, server_default=false()),
    )


def _evening_checks() -> tuple[CheckConstraint, CheckConstraint]:
    return (
        CheckConstraint("minute BETWEEN 960 AND 1320", name="minute"),
        CheckConstraint(
            "frequency IN ('every', 'second', 'tapering')", name="frequency"
        ),
    )


def _person() -> Column[int]:
    """The person's number, which goes when the person does."""
    return Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscriber.id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    )


def _given_by_check() -> CheckConstraint:
    return CheckConstraint("given_by IN ('person', 'list', 'nobody')", name="given_by")


def _whose() -> Column[int]:
    """The same, for a table in which a person has several rows."""
    return Column(
        "subscriber_id",
        BigInteger,
        ForeignKey("subscriber.id", ondelete="CASCADE"),
        nullable=False,
    )


SIGNUP = Table(
    "signup",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("address_key", LargeBinary, nullable=False),
    *_sealed(),
    *_evening(),
    Column("consents", ARRAY(Text), nullable=False),
    instant("requested_at"),
    instant("expires_at"),
    # Wrong codes that were typed to claim the answers.
    Column("tries", SmallInteger, nullable=False, server_default=text("0")),
    # The newer sign-up of the same browser for this address.
    Column("replaced_by", BigInteger),
    # Whose address it confirmed; since then its answers wait to be claimed.
    Column(
        "subscriber_id", BigInteger, ForeignKey("subscriber.id", ondelete="CASCADE")
    ),
    *_evening_checks(),
    CheckConstraint("tries BETWEEN 0 AND 5", name="tries"),
    Index(
        "signup_subscriber",
        "subscriber_id",
        postgresql_where=text("subscriber_id IS NOT NULL"),
    ),
    Index("signup_address", "address_key", "requested_at"),
    Index("signup_expiry", "expires_at"),
)

#: What visitors asked for on a public form and no worker has looked up yet. All rows have
#: one size.
REQUEST = Table(
    "request",
    METADATA,
    Column("id", Uuid, primary_key=True),
    *_sealed(),
    instant("asked_at"),
    # Later than that for one that could not be answered.
    instant("not_before"),
    Index("request_due", "not_before"),
)

SUBSCRIBER = Table(
    "subscriber",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("address_key", LargeBinary, nullable=False, unique=True),
    *_sealed(),
    *_evening(),
    Column("status", Text, nullable=False),
    Column("started_on", Date, nullable=False),
    instant("confirmed_at"),
    instant("changed_at"),
    Column("paused_until", Date),
    instant("stopped_at", nullable=True),
    # The night of the last mail that only asked which clock is theirs.
    Column("zone_asked_on", Date),
    # Where the answers come from (domain/subscriber.py).
    Column("given_by", Text, nullable=False, server_default=text("'person'")),
    _given_by_check(),
    # How often their links were ended: those of an earlier generation are dead.
    Column("generation", Integer, nullable=False, server_default=text("0")),
    *_evening_checks(),
    CheckConstraint(
        "status IN ('active', 'paused', 'stopped', 'suppressed')", name="status"
    ),
    Index(
        "subscriber_pause",
        "paused_until",
        postgresql_where=text("paused_until IS NOT NULL"),
    ),
    Index(
        "subscriber_stop", "stopped_at", postgresql_where=text("stopped_at IS NOT NULL")
    ),
)

#: A fresh link that was pressed, and the browser on which it opened the page.
SUBSCRIBER_SESSION = Table(
    "subscriber_session",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    _whose(),
    Column("link", LargeBinary, nullable=False, unique=True),
    instant("started_at"),
    instant("ended_at", nullable=True),
    Index("subscriber_session_person", "subscriber_id"),
    Index("subscriber_session_age", "started_at"),
)

ANSWER_CHANGE_ID = Sequence("answer_change_id", metadata=METADATA, data_type=BigInteger)

#: What somebody's answers were before they were changed. Those in doubt count as well
#: as the answers of today, until the person has looked.
ANSWER_CHANGE = Table(
    "answer_change",
    METADATA,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    _whose(),
    *_sealed(),
    # Where those answers came from.
    Column("given_by", Text, nullable=False),
    _given_by_check(),
    instant("changed_at"),
    Column("is_undone", Boolean, nullable=False, server_default=false()),
    Column("is_doubted", Boolean, nullable=False, server_default=false()),
    Index("answer_change_person", "subscriber_id", "id"),
    Index("answer_change_age", "changed_at"),
    Index(
        "answer_change_doubted",
        "subscriber_id",
        postgresql_where=text("is_doubted"),
    ),
)

# Every plan moves `next_due_at`, which is indexed, so no update is HOT: the row is
# kept narrow and cleaned by count, not by share (a share of millions is too late).
SCHEDULE = Table(
    "schedule",
    METADATA,
    _person(),
    instant("next_due_at"),
    Index("schedule_due", "next_due_at"),
    postgresql_with={
        "fillfactor": 85,
        "autovacuum_vacuum_scale_factor": 0,
        "autovacuum_vacuum_threshold": 50000,
    },
)

HISTORY = Table(
    "history", METADATA, _person(), *_sealed(), postgresql_with={"fillfactor": 80}
)

CONSENT = Table(
    "consent",
    METADATA,
    _person(),
    Column("what", Text, primary_key=True),
    Column("given_at", DateTime(timezone=True), primary_key=True),
    Column("wording_version", Text, nullable=False),
    instant("withdrawn_at", nullable=True),
    # Where it was given, when not on our form: what the clinic says it holds.
    Column("evidence", Text),
)

SUPPRESSION = Table(
    "suppression",
    METADATA,
    Column("address_key", LargeBinary, primary_key=True),
    Column("reason", Text, nullable=False),
    instant("since"),
    CheckConstraint(
        "reason IN ('complaint', 'address_unknown', 'undeliverable', 'unsubscribed', "
        "'erased')",
        name="reason",
    ),
)

# No longer used; the next release drops it.
SOFT_BOUNCE = Table(
    "soft_bounce",
    METADATA,
    _person(),
    Column("night", Date, primary_key=True),
    Index("soft_bounce_night", "night"),
)

#: One person's reminder of one night that was refused, at once or by a report. `fence` is
#: what that is worth (domain/fence.py), None until the night is closed; `is_weighed` once
#: the person's memory took it in. The provider's last words are sealed, and few.
REFUSAL = Table(
    "refusal",
    METADATA,
    _person(),
    Column("night", Date, primary_key=True),
    Column("verdict", Text, nullable=False),
    Column("relay", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("has_reply", Boolean, nullable=False),
    instant("sent_at"),
    Column("fence", Text),
    Column("is_weighed", Boolean, nullable=False),
    Column("sealed", LargeBinary),
    Column("key_id", Text),
    CheckConstraint("verdict IN ('dead', 'undelivered', 'ours')", name="verdict"),
    CheckConstraint("fence IN ('open', 'relay', 'thin', 'held')", name="fence"),
    Index("refusal_night", "night", "relay", "mailbox"),
    Index("refusal_unweighed", "night", postgresql_where=text("NOT is_weighed")),
    Index("refusal_words", "night", postgresql_where=text("sealed IS NOT NULL")),
)

#: What became of a night's reminders by relay and provider; "" is all of them. Only
#: providers with enough people to say something have a row: it names nobody.
FENCE = Table(
    "fence",
    METADATA,
    Column("night", Date, primary_key=True),
    Column("relay", Text, primary_key=True),
    Column("mailbox", Text, primary_key=True),
    Column("known", Integer, nullable=False),
    Column("refused", Integer, nullable=False),
    Column("is_closed", Boolean, nullable=False),
    Column("is_down", Boolean, nullable=False, server_default=text("false")),
    Column("nights_down", SmallInteger, nullable=False, server_default=text("0")),
    instant("counted_at"),
    Index("fence_mailbox", "relay", "mailbox", "night"),
)

#: Whose reminders refusals ended. `counts_from`: they came back, and nothing of the
#: nights before this one counts against them any more.
ENDED = Table(
    "ended",
    METADATA,
    _person(),
    instant("ended_at"),
    Column("verdict", Text, nullable=False),
    Column("mailbox", Text, nullable=False),
    Column("counts_from", Date),
    CheckConstraint("verdict IN ('dead', 'undelivered')", name="verdict"),
    Index("ended_at", "ended_at"),
)

#: Mail that came back and could not be used, for the operator to look at. `has_token`: it
#: answers a mail of ours, so it is no stranger's.
FEEDBACK = Table(
    "feedback",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    *_sealed(),
    instant("received_at"),
    Column("why", Text, nullable=False),
    Column("has_token", Boolean, nullable=False, server_default=text("false")),
    Index("feedback_age", "received_at"),
)

# The key is the promise of one mail per night. The person comes first in it: with the
# night first, a fresh partition without statistics is walked whole (450 ms, not 0.5).
OUTBOX = Table(
    "outbox",
    METADATA,
    Column("subscriber_id", BigInteger, primary_key=True, autoincrement=False),
    Column("night", Date, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("state", Text, nullable=False),
    instant("not_before"),
    instant("expires_at"),
    instant("lease_until", nullable=True),
    Column("claimed_by", Text),
    Column("attempts", SmallInteger, nullable=False),
    *_sealed(),
    Column("reason", Text),
    instant("updated_at", nullable=True),
    # The mailbox provider, once a worker has spoken of the message to a relay.
    Column("provider", Text),
    # Which relay took or refused it, and at which provider: a domain that is not well
    # known stands as a keyed hash.
    Column("relay", Text),
    Column("mailbox", Text),
    CheckConstraint(
        "kind IN ('reminder', 'confirmation', 'manage_link', 'answered', "
        "'zone_question')",
        name="kind",
    ),
    CheckConstraint(
        "state IN ('due', 'claimed', 'sending', 'sent', 'failed', 'unknown', "
        "'expired', 'suppressed')",
        name="state",
    ),
    Index(
        "outbox_evening",
        "not_before",
        postgresql_where=text("state = 'due' AND kind = 'reminder'"),
    ),
    Index(
        "outbox_priority",
        "expires_at",
        "not_before",
        postgresql_where=text("state = 'due' AND kind <> 'reminder'"),
    ),
    Index(
        "outbox_lease",
        "lease_until",
        postgresql_where=text("state IN ('claimed', 'sending')"),
    ),
    # Few rows on a good night, and why on a bad one.
    Index(
        "outbox_not_sent",
        "night",
        "state",
        "reason",
        postgresql_where=text(
            "state IN ('failed', 'unknown', 'expired', 'suppressed')"
        ),
    ),
    postgresql_partition_by="RANGE (night)",
)

NIGHT = Table(
    "night",
    METADATA,
    Column("subscriber_id", BigInteger, primary_key=True, autoincrement=False),
    Column("night", Date, primary_key=True),
    *_sealed(),
    Column("catalogue_version", Text, nullable=False),
    Column("outcome", Text),
    Column("reason", Text),
    Column("relay", Text),
    Column("mailbox", Text),
    instant("sent_at", nullable=True),
    postgresql_partition_by="RANGE (night)",
)

#: How often somebody asked for mail, until `ends_at`; `source` is a keyed hash.
RATE_LIMIT = Table(
    "rate_limit",
    METADATA,
    Column("scope", Text, primary_key=True),
    Column("source", LargeBinary, primary_key=True),
    Column("taken", Integer, nullable=False),
    instant("ends_at"),
    CheckConstraint(
        "scope IN ('network', 'site', 'private', 'public', 'mailbox', 'domain', "
        "'instance')",
        name="scope",
    ),
    Index("rate_limit_ends", "ends_at"),
)

#: One row for each worker that runs; `per_second` is how many mails it can send,
#: `left_alone` since when it gives a relay no mail.
WORKER = Table(
    "worker",
    METADATA,
    Column("name", Text, primary_key=True),
    instant("seen_at"),
    Column("per_second", Double, nullable=False),
    Column("left_alone", JSONB, nullable=False, server_default=text("'{}'")),
)
