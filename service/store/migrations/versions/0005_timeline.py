"""The timeline of the server that sends, and whether its commits wait for a standby."""

from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

STATEMENTS = (
    # The timeline of the WAL being written: that of the last checkpoint, which is what
    # pg_control_checkpoint() knows, lags by minutes after a promotion. Nothing is written
    # during recovery.
    """
    CREATE FUNCTION wal_timeline() RETURNS integer LANGUAGE sql VOLATILE AS $$
        SELECT CASE WHEN pg_is_in_recovery() THEN NULL ELSE
            CAST(CAST(
                'x' || left(pg_walfile_name(pg_current_wal_lsn()), 8) AS bit(32)
            ) AS integer)
        END
    $$
    """,
    """
    ALTER TABLE deployment ADD COLUMN timeline integer,
        ADD COLUMN replication text NOT NULL DEFAULT 'asynchronous',
        ADD COLUMN seen_timeline integer,
        ADD COLUMN seen_at timestamptz,
        ADD COLUMN replicated_until timestamptz,
        ADD CONSTRAINT deployment_replication_check
            CHECK (replication IN ('asynchronous', 'synchronous', 'ending'))
    """,
    # Whoever sends at this moment goes on.
    "UPDATE deployment SET timeline = wal_timeline()",
)
BACK = (
    """
    ALTER TABLE deployment DROP COLUMN timeline, DROP COLUMN replication,
        DROP COLUMN seen_timeline, DROP COLUMN seen_at, DROP COLUMN replicated_until
    """,
    "DROP FUNCTION wal_timeline",
)


def upgrade() -> None:
    """Add them to the row that names the database that sends; nobody is fenced."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    for statement in BACK:
        op.execute(statement)
