"""What comes back: soft bounces by night, and the messages kept for the operator."""

from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE soft_bounce (
        subscriber_id bigint NOT NULL
            REFERENCES subscriber (id) ON DELETE CASCADE,
        night date NOT NULL,
        PRIMARY KEY (subscriber_id, night)
    )
    """,
    "CREATE INDEX soft_bounce_night ON soft_bounce (night)",
    """
    CREATE TABLE feedback (
        digest bytea PRIMARY KEY,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        received_at timestamptz NOT NULL,
        why text NOT NULL
    )
    """,
    "CREATE INDEX feedback_age ON feedback (received_at)",
    "ALTER TABLE suppression DROP CONSTRAINT suppression_reason_check",
    """
    ALTER TABLE suppression ADD CONSTRAINT suppression_reason_check CHECK (
        reason IN ('complaint', 'address_unknown', 'undeliverable', 'unsubscribed',
                   'erased')
    )
    """,
)
BACK = (
    "UPDATE suppression SET reason = 'unsubscribed' WHERE reason = 'undeliverable'",
    "ALTER TABLE suppression DROP CONSTRAINT suppression_reason_check",
    """
    ALTER TABLE suppression ADD CONSTRAINT suppression_reason_check CHECK (
        reason IN ('complaint', 'address_unknown', 'unsubscribed', 'erased')
    )
    """,
    "DROP TABLE feedback",
    "DROP TABLE soft_bounce",
)


def upgrade() -> None:
    """Add the tables and the reason."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again; who could not be reached counts as unsubscribed."""
    for statement in BACK:
        op.execute(statement)
