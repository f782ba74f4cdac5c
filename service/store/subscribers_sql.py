"""The statements behind `subscribers`, named by the method that runs them."""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

from sqlalchemy import text

COLUMNS = """
    s.id, s.sealed, s.key_id, s.zone, s.minute, s.frequency, s.language, s.status,
    s.started_on, s.paused_until, s.stopped_at, s.zone_confirmed, s.zone_asked_on,
    s.given_by, s.generation
"""
GET = text(f"SELECT {COLUMNS} FROM subscriber AS s WHERE s.id = :id")
FIND = text(f"SELECT {COLUMNS} FROM subscriber AS s WHERE s.address_key = :key")
EVERYBODY = text(f"SELECT {COLUMNS} FROM subscriber AS s ORDER BY s.id")
COUNT = text("SELECT count(*) FROM subscriber")

LOCK_SCHEDULE = text("SELECT FROM schedule WHERE subscriber_id = :id FOR UPDATE")
# NO KEY: planning writes histories, whose foreign key only needs the number to stay.
LOCK = text(f"SELECT {COLUMNS} FROM subscriber AS s WHERE s.id = :id FOR NO KEY UPDATE")

ADD = text(
    """
    INSERT INTO subscriber (
        id, address_key, sealed, key_id, zone, minute, frequency, language, status,
        started_on, confirmed_at, changed_at, paused_until, stopped_at, zone_confirmed,
        given_by
    ) VALUES (
        :id, :address_key, :sealed, :key_id, :zone, :minute, :frequency, :language,
        :status, :started_on, :now, :now, :paused_until, :stopped_at, :zone_confirmed,
        :given_by
    )
    """
)
SAVE = text(
    """
    UPDATE subscriber SET
        address_key = :address_key, sealed = :sealed, key_id = :key_id, zone = :zone,
        minute = :minute, frequency = :frequency, language = :language,
        status = :status, started_on = :started_on, changed_at = :now,
        paused_until = :paused_until, stopped_at = :stopped_at,
        zone_confirmed = :zone_confirmed, given_by = :given_by
    WHERE id = :id
    """
)
END_LINKS = text(
    """
    UPDATE subscriber SET generation = generation + 1 WHERE id = :id
    RETURNING generation
    """
)
# More than anybody ends them in the time between a backup and its restore.
END_EVERYBODYS_LINKS = text("UPDATE subscriber SET generation = generation + 1000")
SCHEDULE = text(
    """
    INSERT INTO schedule (subscriber_id, next_due_at) VALUES (:id, :next_due_at)
    ON CONFLICT (subscriber_id) DO UPDATE SET next_due_at = excluded.next_due_at
    """
)
UNSCHEDULE = text("DELETE FROM schedule WHERE subscriber_id = :id")

# The schedule row goes first, as in `lock`; history and consents go with the person.
ERASE = (
    UNSCHEDULE,
    text("DELETE FROM outbox WHERE subscriber_id = :id"),
    text("DELETE FROM night WHERE subscriber_id = :id"),
    text("DELETE FROM subscriber WHERE id = :id"),
)

DUE = text(
    f"""
    SELECT {COLUMNS}, c.next_due_at,
        h.sealed AS history_sealed, h.key_id AS history_key_id,
        (SELECT max(w.id) FROM signup AS w WHERE w.subscriber_id = s.id) AS waiting
    FROM schedule AS c
    JOIN subscriber AS s ON s.id = c.subscriber_id
    LEFT JOIN history AS h ON h.subscriber_id = c.subscriber_id
    WHERE c.next_due_at <= :now
    ORDER BY c.next_due_at
    LIMIT :limit
    FOR UPDATE OF c SKIP LOCKED
    """
)
RESCHEDULE = text(
    """
    UPDATE schedule SET next_due_at = new.next_due_at
    FROM unnest(CAST(:ids AS bigint[]), CAST(:times AS timestamptz[]))
        AS new (subscriber_id, next_due_at)
    WHERE schedule.subscriber_id = new.subscriber_id
    """
)
ZONE_ASKED = text(
    """
    UPDATE subscriber SET zone_asked_on = new.night
    FROM unnest(CAST(:ids AS bigint[]), CAST(:nights AS date[])) AS new (id, night)
    WHERE subscriber.id = new.id
    """
)
SAVE_HISTORIES = text(
    """
    INSERT INTO history (subscriber_id, sealed, key_id)
    SELECT subscriber_id, sealed, key_id
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:sealed AS bytea[]), CAST(:key_ids AS text[])
    ) AS new (subscriber_id, sealed, key_id)
    ON CONFLICT (subscriber_id) DO UPDATE
    SET sealed = excluded.sealed, key_id = excluded.key_id
    """
)

NEXT_DUE_AT = text("SELECT next_due_at FROM schedule WHERE subscriber_id = :id")
FIRST_DUE_AT = text("SELECT next_due_at FROM schedule ORDER BY next_due_at LIMIT 1")
ARRIVALS = text(
    """
    SELECT date_bin(:step, next_due_at, :now) AS at, count(*) AS reminders
    FROM schedule WHERE next_due_at < :until
    GROUP BY 1 ORDER BY 1
    """
)
STOPPED_BEFORE = text(
    """
    SELECT id FROM subscriber
    WHERE stopped_at <= :instant
    ORDER BY stopped_at LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
PAUSED_UNTIL_BEFORE = text(
    f"""
    SELECT {COLUMNS} FROM subscriber AS s
    WHERE s.paused_until <= :day AND s.status = 'paused'
    ORDER BY s.paused_until, s.id LIMIT :limit FOR UPDATE SKIP LOCKED
    """
)
