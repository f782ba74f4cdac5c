"""The workers that are alive, so that they can share a rate and be counted."""

from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE worker (
        name text PRIMARY KEY,
        seen_at timestamptz NOT NULL,
        per_second double precision NOT NULL
    )
    """,
)


def upgrade() -> None:
    """Add the table."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP TABLE worker")
