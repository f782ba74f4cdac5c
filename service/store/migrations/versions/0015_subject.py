"""Whom an identity provider vouches for, by what it never gives to another person."""

from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.execute("ALTER TABLE operator ADD COLUMN subject text")


def downgrade() -> None:
    """Take it away again."""
    op.execute("ALTER TABLE operator DROP COLUMN subject")
