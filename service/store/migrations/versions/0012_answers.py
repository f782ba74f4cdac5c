"""Requests that wait for a worker, answers that wait for their browser, and whose they are."""

from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE request (
        id uuid PRIMARY KEY,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        asked_at timestamptz NOT NULL,
        not_before timestamptz NOT NULL
    )
    """,
    "CREATE INDEX request_due ON request (not_before)",
    "ALTER TABLE signup ADD COLUMN tries smallint NOT NULL DEFAULT 0",
    "ALTER TABLE signup ADD COLUMN replaced_by bigint",
    """
    ALTER TABLE signup ADD COLUMN subscriber_id bigint
        REFERENCES subscriber ON DELETE CASCADE
    """,
    """
    ALTER TABLE signup ADD CONSTRAINT signup_tries_check CHECK (tries BETWEEN 0 AND 5)
    """,
    """
    CREATE INDEX signup_subscriber ON signup (subscriber_id)
        WHERE subscriber_id IS NOT NULL
    """,
    "ALTER TABLE subscriber ADD COLUMN given_by text NOT NULL DEFAULT 'person'",
    """
    ALTER TABLE subscriber ADD CONSTRAINT subscriber_given_by_check
        CHECK (given_by IN ('person', 'list', 'nobody'))
    """,
    # Whom a list made subscribers at once never gave an answer here.
    """
    UPDATE subscriber SET given_by = 'list' WHERE EXISTS (
        SELECT FROM consent
        WHERE consent.subscriber_id = subscriber.id AND consent.evidence IS NOT NULL
    )
    """,
)
BACK = (
    # Its release would take these for sign-ups that nobody has confirmed.
    "DELETE FROM signup WHERE subscriber_id IS NOT NULL OR replaced_by IS NOT NULL",
    "ALTER TABLE subscriber DROP COLUMN given_by",
    "ALTER TABLE signup DROP COLUMN subscriber_id",
    "ALTER TABLE signup DROP COLUMN replaced_by",
    "ALTER TABLE signup DROP COLUMN tries",
    "DROP TABLE request",
)


def upgrade() -> None:
    """Add the table and the columns."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again, with what waits."""
    for statement in BACK:
        op.execute(statement)
