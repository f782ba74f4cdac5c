"""The first tables: people, their schedule and history, and the mails on their way."""

from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

STATEMENTS = (
    "CREATE SEQUENCE person_id AS bigint",
    """
    CREATE TABLE signup (
        id bigint PRIMARY KEY,
        address_key bytea NOT NULL,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        zone text NOT NULL,
        minute smallint NOT NULL,
        frequency text NOT NULL,
        language text NOT NULL,
        consents text[] NOT NULL,
        requested_at timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        CONSTRAINT signup_minute_check CHECK (minute BETWEEN 960 AND 1320),
        CONSTRAINT signup_frequency_check
            CHECK (frequency IN ('every', 'second', 'tapering'))
    )
    """,
    "CREATE INDEX signup_address ON signup (address_key, requested_at)",
    "CREATE INDEX signup_expiry ON signup (expires_at)",
    """
    CREATE TABLE subscriber (
        id bigint PRIMARY KEY,
        address_key bytea NOT NULL UNIQUE,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        zone text NOT NULL,
        minute smallint NOT NULL,
        frequency text NOT NULL,
        language text NOT NULL,
        status text NOT NULL,
        started_on date NOT NULL,
        confirmed_at timestamptz NOT NULL,
        changed_at timestamptz NOT NULL,
        paused_until date,
        stopped_at timestamptz,
        CONSTRAINT subscriber_minute_check CHECK (minute BETWEEN 960 AND 1320),
        CONSTRAINT subscriber_frequency_check
            CHECK (frequency IN ('every', 'second', 'tapering')),
        CONSTRAINT subscriber_status_check
            CHECK (status IN ('active', 'paused', 'stopped', 'suppressed'))
    )
    """,
    """
    CREATE INDEX subscriber_pause ON subscriber (paused_until)
    WHERE paused_until IS NOT NULL
    """,
    """
    CREATE INDEX subscriber_stop ON subscriber (stopped_at)
    WHERE stopped_at IS NOT NULL
    """,
    """
    CREATE TABLE schedule (
        subscriber_id bigint PRIMARY KEY
            REFERENCES subscriber (id) ON DELETE CASCADE,
        next_due_at timestamptz NOT NULL
    ) WITH (
        fillfactor = 85,
        autovacuum_vacuum_scale_factor = 0,
        autovacuum_vacuum_threshold = 50000
    )
    """,
    "CREATE INDEX schedule_due ON schedule (next_due_at)",
    """
    CREATE TABLE history (
        subscriber_id bigint PRIMARY KEY
            REFERENCES subscriber (id) ON DELETE CASCADE,
        sealed bytea NOT NULL,
        key_id text NOT NULL
    ) WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE consent (
        subscriber_id bigint NOT NULL
            REFERENCES subscriber (id) ON DELETE CASCADE,
        what text NOT NULL,
        given_at timestamptz NOT NULL,
        wording_version text NOT NULL,
        withdrawn_at timestamptz,
        PRIMARY KEY (subscriber_id, what, given_at)
    )
    """,
    """
    CREATE TABLE suppression (
        address_key bytea PRIMARY KEY,
        reason text NOT NULL,
        since timestamptz NOT NULL,
        CONSTRAINT suppression_reason_check CHECK (
            reason IN ('complaint', 'address_unknown', 'unsubscribed', 'erased')
        )
    )
    """,
    """
    CREATE TABLE outbox (
        subscriber_id bigint NOT NULL,
        night date NOT NULL,
        kind text NOT NULL,
        state text NOT NULL,
        not_before timestamptz NOT NULL,
        expires_at timestamptz NOT NULL,
        lease_until timestamptz,
        claimed_by text,
        attempts smallint NOT NULL,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        reason text,
        updated_at timestamptz,
        PRIMARY KEY (subscriber_id, night, kind),
        CONSTRAINT outbox_kind_check
            CHECK (kind IN ('reminder', 'confirmation', 'manage_link')),
        CONSTRAINT outbox_state_check CHECK (
            state IN ('due', 'claimed', 'sending', 'sent', 'failed', 'unknown',
                      'expired', 'suppressed')
        )
    ) PARTITION BY RANGE (night)
    """,
    """
    CREATE INDEX outbox_evening ON outbox (not_before)
    WHERE state = 'due' AND kind = 'reminder'
    """,
    """
    CREATE INDEX outbox_priority ON outbox (not_before)
    WHERE state = 'due' AND kind <> 'reminder'
    """,
    """
    CREATE INDEX outbox_lease ON outbox (lease_until)
    WHERE state IN ('claimed', 'sending')
    """,
    """
    CREATE TABLE night (
        subscriber_id bigint NOT NULL,
        night date NOT NULL,
        sealed bytea NOT NULL,
        key_id text NOT NULL,
        catalogue_version text NOT NULL,
        outcome text,
        reason text,
        PRIMARY KEY (subscriber_id, night)
    ) PARTITION BY RANGE (night)
    """,
)

TABLES = (
    "night",
    "outbox",
    "suppression",
    "consent",
    "history",
    "schedule",
    "subscriber",
    "signup",
)


def upgrade() -> None:
    """Make every table; the partitions come and go while the service runs."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Drop every table, and with it everybody's data."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
    op.execute("DROP SEQUENCE person_id")
