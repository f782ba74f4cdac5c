"""The audit log's mark, recovery codes, who vouched, and which reports have our token."""

from alembic import op

revision = "0011"
down_revision = "0009"
branch_labels = None
depends_on = None

STATEMENTS = (
    # Its row comes with the next entry: only the service has the key to it.
    """
    CREATE TABLE audit_mark (
        is_one boolean PRIMARY KEY DEFAULT true,
        number bigint NOT NULL,
        digest bytea NOT NULL,
        keyed_from timestamptz NOT NULL,
        code bytea NOT NULL,
        CONSTRAINT audit_mark_is_one_check CHECK (is_one)
    )
    """,
    """
    CREATE TABLE recovery_code (
        operator text NOT NULL REFERENCES operator (name) ON DELETE CASCADE,
        digest bytea NOT NULL,
        PRIMARY KEY (operator, digest)
    )
    """,
    "ALTER TABLE session ADD COLUMN is_vouched boolean NOT NULL DEFAULT false",
    "ALTER TABLE feedback ADD COLUMN has_token boolean NOT NULL DEFAULT false",
)
BACK = (
    "ALTER TABLE feedback DROP COLUMN has_token",
    "ALTER TABLE session DROP COLUMN is_vouched",
    "DROP TABLE recovery_code",
    "DROP TABLE audit_mark",
)


def upgrade() -> None:
    """Add two tables, and a column each to sessions and reports."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again; entries that have a key stay."""
    for statement in BACK:
        op.execute(statement)
