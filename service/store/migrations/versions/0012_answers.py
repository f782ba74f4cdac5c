"""Requests of visitors, kept as they came until a worker looks up what they are about."""

from alembic import op

revision = "0012"
down_revision = "0009"
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
)
BACK = ("DROP TABLE request",)


def upgrade() -> None:
    """Add the table."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop it, with what nobody has answered yet."""
    for statement in BACK:
        op.execute(statement)
