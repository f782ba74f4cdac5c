"""The operators: who they are, what they did, and whether this database sends."""

from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

STATEMENTS = (
    """
    CREATE TABLE deployment (
        is_one boolean PRIMARY KEY DEFAULT true,
        identity text NOT NULL,
        is_paused boolean NOT NULL DEFAULT false,
        CONSTRAINT deployment_is_one_check CHECK (is_one)
    )
    """,
    # A dump that is restored into another server, or into another database of this one,
    # finds another number here, and knows that it is a copy.
    """
    CREATE FUNCTION database_identity() RETURNS text LANGUAGE sql STABLE AS $$
        SELECT s.system_identifier || '/' || d.oid
        FROM pg_control_system() AS s, pg_database AS d
        WHERE d.datname = current_database()
    $$
    """,
    # A backup of an older release has no such row to leave out: where one was restored,
    # the restore left this mark, and nothing is sent from here either.
    """
    INSERT INTO deployment (identity)
    SELECT CASE WHEN obj_description(to_regclass('alembic_version'), 'pg_class')
            = 'restored' THEN '' ELSE database_identity() END
    """,
    """
    CREATE TABLE operator (
        name text PRIMARY KEY,
        role text NOT NULL,
        password_hash text,
        sealed bytea,
        key_id text,
        last_step bigint,
        created_at timestamptz NOT NULL,
        disabled_at timestamptz,
        CONSTRAINT operator_role_check CHECK (role IN ('viewer', 'operator', 'admin'))
    )
    """,
    """
    CREATE TABLE session (
        digest bytea PRIMARY KEY,
        operator text NOT NULL REFERENCES operator (name) ON DELETE CASCADE,
        started_at timestamptz NOT NULL,
        seen_at timestamptz NOT NULL
    )
    """,
    "CREATE INDEX session_operator ON session (operator)",
    """
    CREATE TABLE audit (
        number bigint PRIMARY KEY,
        at timestamptz NOT NULL,
        operator text NOT NULL,
        act text NOT NULL,
        subscriber_id bigint,
        details text NOT NULL,
        digest bytea NOT NULL
    )
    """,
    """
    CREATE FUNCTION audit_is_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN RAISE EXCEPTION 'the audit log is append-only'; END
    $$
    """,
    """
    CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
        FOR EACH STATEMENT EXECUTE FUNCTION audit_is_append_only()
    """,
    "ALTER TABLE consent ADD COLUMN evidence text",
    "ALTER TABLE outbox ADD COLUMN provider text",
    "DROP INDEX outbox_priority",
    """
    CREATE INDEX outbox_priority ON outbox (expires_at, not_before)
    WHERE state = 'due' AND kind <> 'reminder'
    """,
)
BACK = (
    "DROP INDEX outbox_priority",
    """
    CREATE INDEX outbox_priority ON outbox (not_before)
    WHERE state = 'due' AND kind <> 'reminder'
    """,
    "ALTER TABLE outbox DROP COLUMN provider",
    "ALTER TABLE consent DROP COLUMN evidence",
    "DROP TABLE audit",
    "DROP FUNCTION audit_is_append_only",
    "DROP TABLE session",
    "DROP TABLE operator",
    "DROP TABLE deployment",
    "DROP FUNCTION database_identity",
)


def upgrade() -> None:
    """Add the tables, and a column each to what was agreed to and to what was sent."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    for statement in BACK:
        op.execute(statement)
