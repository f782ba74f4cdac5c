"""A kind of mail that tells of an answer given by a link."""

from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Allow the kind."""
    op.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check")
    op.execute(
        """
        ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (
            kind IN ('reminder', 'confirmation', 'manage_link', 'answered')
        )
        """
    )


def downgrade() -> None:
    """Drop what the release before cannot send."""
    op.execute("DELETE FROM outbox WHERE kind = 'answered'")
    op.execute("ALTER TABLE outbox DROP CONSTRAINT outbox_kind_check")
    op.execute(
        """
        ALTER TABLE outbox ADD CONSTRAINT outbox_kind_check CHECK (
            kind IN ('reminder', 'confirmation', 'manage_link')
        )
        """
    )
