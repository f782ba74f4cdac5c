"""The tables of the operators' side: who they are, what they did, who may send and when."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    Text,
    text,
)

from service.store.tables import METADATA, instant

#: With the others in it: whoever wants the whole schema takes it from here.
__all__ = [
    "AUDIT",
    "AUDIT_MARK",
    "DEPLOYMENT",
    "METADATA",
    "OPERATOR",
    "RECOVERY_CODE",
    "SESSION",
    "SHIFTED_CLOCK",
    "TIMEKEEPING",
]

#: The one row that says whether this database sends. `identity` and `timeline` are those
#: of the database that may: a restored copy is another one, a promoted standby has another
#: timeline, and neither sends reminders until it is adopted. `replication` is the word that
#: lets a promoted one go on by itself; the last three are what was seen of a promotion.
DEPLOYMENT = Table(
    "deployment",
    METADATA,
    Column("is_one", Boolean, primary_key=True, server_default=text("true")),
    Column("identity", Text, nullable=False),
    Column("is_paused", Boolean, nullable=False, server_default=text("false")),
    Column("timeline", Integer),
    Column("replication", Text, nullable=False, server_default=text("'asynchronous'")),
    Column("seen_timeline", Integer),
    instant("seen_at", nullable=True),
    instant("replicated_until", nullable=True),
    CheckConstraint("is_one", name="is_one"),
    CheckConstraint(
        "replication IN ('asynchronous', 'synchronous', 'ending')", name="replication"
    ),
)

#: What is known of the database's clock: the latest time that was believed, how often it
#: was seen to step, and whether all mail is held until it is right again.
TIMEKEEPING = Table(
    "timekeeping",
    METADATA,
    Column("is_one", Boolean, primary_key=True, server_default=text("true")),
    instant("high_water", nullable=True),
    Column("steps", BigInteger, nullable=False, server_default=text("0")),
    Column("is_held", Boolean, nullable=False, server_default=text("false")),
    CheckConstraint("is_one", name="is_one"),
)

#: What `eventide_now()` adds to the server's time, in a demo's or a test's database: it
#: was `instant` when the server's clock showed `since`; without that, time stands still.
SHIFTED_CLOCK = Table(
    "shifted_clock",
    METADATA,
    Column("is_one", Boolean, primary_key=True, server_default=text("true")),
    Column("identity", Text, nullable=False),
    instant("instant"),
    instant("since", nullable=True),
    CheckConstraint("is_one", name="is_one"),
)

#: Who may sign in to the console. `sealed` holds the secret of the second factor.
OPERATOR = Table(
    "operator",
    METADATA,
    Column("name", Text, primary_key=True),
    Column("role", Text, nullable=False),
    Column("password_hash", Text),
    Column("sealed", LargeBinary),
    Column("key_id", Text),
    Column("last_step", BigInteger),
    instant("created_at"),
    instant("disabled_at", nullable=True),
    Column("subject", Text),
    CheckConstraint("role IN ('viewer', 'operator', 'admin')", name="role"),
)

#: Signed-in browsers: the digest of what is in the cookie, and whether an identity
#: provider vouched.
SESSION = Table(
    "session",
    METADATA,
    Column("digest", LargeBinary, primary_key=True),
    Column(
        "operator",
        Text,
        ForeignKey("operator.name", ondelete="CASCADE"),
        nullable=False,
    ),
    instant("started_at"),
    instant("seen_at"),
    Column("is_vouched", Boolean, nullable=False, server_default=text("false")),
    Index("session_operator", "operator"),
)

#: What lets an operator in once without the second factor: the digest of each code.
RECOVERY_CODE = Table(
    "recovery_code",
    METADATA,
    Column(
        "operator",
        Text,
        ForeignKey("operator.name", ondelete="CASCADE"),
        primary_key=True,
    ),
    Column("digest", LargeBinary, primary_key=True),
)

#: Every act of an operator: only ever added to, each row sealed to the one before.
AUDIT = Table(
    "audit",
    METADATA,
    Column("number", BigInteger, primary_key=True, autoincrement=False),
    instant("at"),
    Column("operator", Text, nullable=False),
    Column("act", Text, nullable=False),
    Column("subscriber_id", BigInteger),
    Column("details", Text, nullable=False),
    Column("digest", LargeBinary, nullable=False),
)

#: The newest entry of the log, sealed with the log's key: its high-water mark.
AUDIT_MARK = Table(
    "audit_mark",
    METADATA,
    Column("is_one", Boolean, primary_key=True, server_default=text("true")),
    Column("number", BigInteger, nullable=False),
    Column("digest", LargeBinary, nullable=False),
    instant("keyed_from"),
    Column("code", LargeBinary, nullable=False),
    CheckConstraint("is_one", name="is_one"),
)
