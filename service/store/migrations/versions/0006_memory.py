"""Who is to blame for a refusal: refusals by night, the fence, ends that can be undone."""

from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

STATEMENTS = (
    "ALTER TABLE outbox ADD COLUMN relay text, ADD COLUMN mailbox text",
    """
    ALTER TABLE night ADD COLUMN relay text, ADD COLUMN mailbox text,
        ADD COLUMN sent_at timestamptz
    """,
    "ALTER TABLE worker ADD COLUMN left_alone jsonb NOT NULL DEFAULT '{}'",
    """
    CREATE TABLE refusal (
        subscriber_id bigint NOT NULL
            REFERENCES subscriber (id) ON DELETE CASCADE,
        night date NOT NULL,
        verdict text NOT NULL,
        relay text NOT NULL,
        mailbox text NOT NULL,
        has_reply boolean NOT NULL,
        sent_at timestamptz NOT NULL,
        fence text,
        is_weighed boolean NOT NULL,
        sealed bytea,
        key_id text,
        PRIMARY KEY (subscriber_id, night),
        CONSTRAINT refusal_verdict_check
            CHECK (verdict IN ('dead', 'undelivered', 'ours')),
        CONSTRAINT refusal_fence_check
            CHECK (fence IN ('open', 'relay', 'thin', 'held'))
    )
    """,
    "CREATE INDEX refusal_night ON refusal (night, relay, mailbox)",
    "CREATE INDEX refusal_unweighed ON refusal (night) WHERE NOT is_weighed",
    "CREATE INDEX refusal_words ON refusal (night) WHERE sealed IS NOT NULL",
    """
    CREATE TABLE fence (
        night date NOT NULL,
        relay text NOT NULL,
        mailbox text NOT NULL,
        known integer NOT NULL,
        refused integer NOT NULL,
        is_closed boolean NOT NULL,
        is_down boolean NOT NULL DEFAULT false,
        nights_down smallint NOT NULL DEFAULT 0,
        counted_at timestamptz NOT NULL,
        PRIMARY KEY (night, relay, mailbox)
    )
    """,
    "CREATE INDEX fence_mailbox ON fence (relay, mailbox, night)",
    """
    CREATE TABLE ended (
        subscriber_id bigint PRIMARY KEY
            REFERENCES subscriber (id) ON DELETE CASCADE,
        ended_at timestamptz NOT NULL,
        verdict text NOT NULL,
        mailbox text NOT NULL,
        counts_from date,
        CONSTRAINT ended_verdict_check CHECK (verdict IN ('dead', 'undelivered'))
    )
    """,
    "CREATE INDEX ended_at ON ended (ended_at)",
    # What was counted so far stays to be seen, and counts no more: nobody knows any more
    # how others fared on those nights.
    """
    INSERT INTO refusal (
        subscriber_id, night, verdict, relay, mailbox, has_reply, sent_at, fence,
        is_weighed
    )
    SELECT subscriber_id, night, 'undelivered', '', '', true,
        (night + TIME '20:00') AT TIME ZONE 'UTC', 'held', true
    FROM soft_bounce
    """,
    # What the first release took for dead was one refusal: they are free to come back.
    """
    UPDATE subscriber AS s SET status = 'stopped'
    FROM suppression AS x
    WHERE x.address_key = s.address_key AND x.reason = 'address_unknown'
    AND s.status = 'suppressed'
    """,
)
BACK = (
    """
    UPDATE subscriber AS s SET status = 'suppressed'
    FROM suppression AS x
    WHERE x.address_key = s.address_key AND x.reason = 'address_unknown'
    AND s.status = 'stopped'
    """,
    "DROP TABLE ended",
    "DROP TABLE fence",
    "DROP TABLE refusal",
    "ALTER TABLE worker DROP COLUMN left_alone",
    "ALTER TABLE night DROP COLUMN relay, DROP COLUMN mailbox, DROP COLUMN sent_at",
    "ALTER TABLE outbox DROP COLUMN relay, DROP COLUMN mailbox",
)


def upgrade() -> None:
    """Add the tables; nobody is suppressed for good but who complained."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again; an address that was taken for dead is so for good."""
    for statement in BACK:
        op.execute(statement)
