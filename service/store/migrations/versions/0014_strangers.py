"""How often networks, mailboxes and domains were asked for, as keyed hashes."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE rate_limit (
        scope text,
        source bytea,
        taken integer NOT NULL,
        ends_at timestamptz NOT NULL,
        CONSTRAINT rate_limit_pkey PRIMARY KEY (scope, source),
        CONSTRAINT rate_limit_scope_check CHECK (
            scope IN (
                'network', 'site', 'private', 'public', 'mailbox', 'domain', 'instance'
            )
        )
    )
    """,
    "CREATE INDEX rate_limit_ends ON rate_limit (ends_at)",
)
BACK = ("DROP TABLE rate_limit",)


def upgrade() -> None:
    """Add the counts."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    for statement in BACK:
        op.execute(statement)
