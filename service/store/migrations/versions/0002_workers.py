"""Workers that are alive are counted, and so is what was not sent, by its reason."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE INDEX outbox_not_sent ON outbox (night, state, reason)
    WHERE state IN ('failed', 'unknown', 'expired', 'suppressed')
    """,
    """
    CREATE TABLE worker (
        name text PRIMARY KEY,
        seen_at timestamptz NOT NULL,
        per_second double precision NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Add the table and the index."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    op.execute("DROP INDEX outbox_not_sent")
    op.execute("DROP TABLE worker")
