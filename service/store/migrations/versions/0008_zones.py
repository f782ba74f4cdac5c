"""Whether a person pressed that the time of their zone is theirs, and the mail that asks."""

from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE signup ADD COLUMN zone_confirmed boolean NOT NULL DEFAULT false",
    "ALTER TABLE subscriber ADD COLUMN zone_confirmed boolean NOT NULL DEFAULT false",
    "ALTER TABLE subscriber ADD COLUMN zone_asked_on date",
    "ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check",
    """
    ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (
        kind IN ('reminder', 'confirmation', 'manage_link', 'answered', 'zone_question')
    )
    """,
)
BACK = (
    "DELETE FROM outbox WHERE kind = 'zone_question'",
    "ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check",
    """
    ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (
        kind IN ('reminder', 'confirmation', 'manage_link', 'answered')
    )
    """,
    "ALTER TABLE subscriber DROP COLUMN zone_asked_on",
    "ALTER TABLE subscriber DROP COLUMN zone_confirmed",
    "ALTER TABLE signup DROP COLUMN zone_confirmed",
)


def upgrade() -> None:
    """Add the columns, and a kind of mail."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again, with the mails of that kind."""
    for statement in BACK:
        op.execute(statement)
