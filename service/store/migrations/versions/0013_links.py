"""Links that can be ended, sessions behind fresh ones, and changes that can be undone."""

from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None

STATEMENTS = (
    # How often a person's links were ended: those of an earlier generation are dead.
    "ALTER TABLE subscriber ADD COLUMN generation integer NOT NULL DEFAULT 0",
    # The press on a fresh link opens one session; its row outlives the session, so that
    # the link is pressed once.
    """
    CREATE TABLE subscriber_session (
        digest bytea PRIMARY KEY,
        subscriber_id bigint NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
        link bytea NOT NULL UNIQUE,
        started_at timestamptz NOT NULL,
        ended_at timestamptz
    )
    """,
    "CREATE INDEX subscriber_session_person ON subscriber_session (subscriber_id)",
    "CREATE INDEX subscriber_session_age ON subscriber_session (started_at)",
    "CREATE SEQUENCE answer_change_id",
    # The answers as they were before each change, and where they came from.
    """
    CREATE TABLE answer_change (
        id bigint PRIMARY KEY,
        subscriber_id bigint NOT NULL REFERENCES subscriber (id) ON DELETE CASCADE,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        given_by text NOT NULL,
        changed_at timestamptz NOT NULL,
        is_undone boolean NOT NULL DEFAULT false,
        is_doubted boolean NOT NULL DEFAULT false,
        CONSTRAINT answer_change_given_by_check
            CHECK (given_by IN ('person', 'list', 'nobody'))
    )
    """,
    "CREATE INDEX answer_change_person ON answer_change (subscriber_id, id)",
    "CREATE INDEX answer_change_age ON answer_change (changed_at)",
    """
    CREATE INDEX answer_change_doubted ON answer_change (subscriber_id)
        WHERE is_doubted
    """,
)
BACK = (
    "DROP TABLE answer_change",
    "DROP SEQUENCE answer_change_id",
    "DROP TABLE subscriber_session",
    "ALTER TABLE subscriber DROP COLUMN generation",
)


def upgrade() -> None:
    """Add the column, and the two tables."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    for statement in BACK:
        op.execute(statement)
