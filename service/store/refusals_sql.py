"""The statements behind `refusals`, named by the method that runs them."""

from sqlalchemy import text

# One outcome a person and night: what came first stands. The provider's words are kept
# only where the person was refused twice before, lately.
NOTE = text(
    """
    INSERT INTO refusal (
        subscriber_id, night, verdict, relay, mailbox, has_reply, sent_at, is_weighed,
        sealed, key_id
    )
    SELECT s.id, new.night, :verdict, :relay, :mailbox, :has_reply,
        COALESCE(
            CAST(:sent_at AS timestamptz), (new.night + TIME '20:00') AT TIME ZONE 'UTC'
        ),
        false,
        CASE WHEN before.refusals >= :shown - 1 THEN CAST(:sealed AS bytea) END,
        CASE WHEN before.refusals >= :shown - 1 THEN CAST(:key_id AS text) END
    FROM subscriber AS s, (SELECT CAST(:night AS date) AS night) AS new,
        LATERAL (
            SELECT count(*) AS refusals FROM refusal
            WHERE subscriber_id = :id AND night BETWEEN :since AND new.night
        ) AS before
    WHERE s.id = :id
    ON CONFLICT (subscriber_id, night) DO NOTHING
    """
)
FORGET_OLDER_WORDS = text(
    """
    UPDATE refusal SET sealed = NULL, key_id = NULL
    WHERE subscriber_id = :id AND sealed IS NOT NULL AND night < (
        SELECT max(night) FROM refusal WHERE subscriber_id = :id AND sealed IS NOT NULL
    )
    """
)

# One at a time judges: two at once would each see half of it.
TAKE_TURN = text("SELECT pg_try_advisory_xact_lock(:lock)")
OPEN = text(
    """
    SELECT night, count(*) AS refusals FROM refusal WHERE NOT is_weighed
    GROUP BY night ORDER BY night
    """
)
COUNTED = text(
    """
    SELECT night, is_closed, counted_at FROM fence
    WHERE relay = '' AND mailbox = '' AND night >= :since
    """
)
# A report can be here before the worker wrote down by which relay the mail went.
FILL = text(
    """
    UPDATE refusal AS r
    SET relay = sent.relay, mailbox = sent.mailbox, sent_at = sent.at
    FROM (
        SELECT x.subscriber_id, COALESCE(o.relay, n.relay) AS relay,
            COALESCE(o.mailbox, n.mailbox) AS mailbox,
            COALESCE(o.updated_at, n.sent_at) AS at
        FROM refusal AS x
        LEFT JOIN outbox AS o ON o.subscriber_id = x.subscriber_id
            AND o.night = x.night AND o.kind = 'reminder'
        LEFT JOIN night AS n ON n.subscriber_id = x.subscriber_id AND n.night = x.night
        WHERE x.night = :night AND x.relay = '' AND NOT x.is_weighed
    ) AS sent
    WHERE r.subscriber_id = sent.subscriber_id AND r.night = :night
    AND sent.relay IS NOT NULL
    """
)
# A night is walked once when it is over, and on a bad evening before. What would name
# few people is counted with all of its relay, and the night as a whole has a row too.
COUNT = text(
    """
    INSERT INTO fence (night, relay, mailbox, known, refused, is_closed, counted_at)
    SELECT CAST(:night AS date), COALESCE(relay, ''), COALESCE(mailbox, ''), count(*),
        count(verdict), :is_closed, :now
    FROM (
        SELECT o.relay, o.mailbox, r.verdict
        FROM outbox AS o
        LEFT JOIN refusal AS r
            ON r.subscriber_id = o.subscriber_id AND r.night = o.night
        WHERE o.night = :night AND o.kind = 'reminder' AND o.relay IS NOT NULL
        AND (o.state = 'sent' OR r.verdict IS NOT NULL)
    ) AS known
    GROUP BY GROUPING SETS ((relay, mailbox), (relay), ())
    HAVING count(*) > :fewest OR GROUPING(mailbox) = 1
    ON CONFLICT (night, relay, mailbox) DO UPDATE
    SET known = excluded.known, refused = excluded.refused,
        is_closed = excluded.is_closed, counted_at = excluded.counted_at
    """
)
# Reports go on coming for days; how many outcomes are known does not change by them.
# Never fewer than before: who was erased since was refused all the same.
RECOUNT = text(
    """
    UPDATE fence AS f SET refused = GREATEST(f.refused, r.refused)
    FROM (
        SELECT COALESCE(relay, '') AS relay, COALESCE(mailbox, '') AS mailbox,
            count(*) AS refused
        FROM refusal WHERE night = :night AND relay <> ''
        GROUP BY GROUPING SETS ((relay, mailbox), (relay), ())
    ) AS r
    WHERE f.night = :night AND f.relay = r.relay AND f.mailbox = r.mailbox
    """
)
# `before`: the same provider on the last night that it had enough people on.
TALLIES = text(
    """
    SELECT f.relay, f.mailbox, f.known, f.refused, f.is_down, f.nights_down,
        COALESCE(before.nights_down, 0) AS nights_before
    FROM fence AS f
    LEFT JOIN LATERAL (
        SELECT b.nights_down FROM fence AS b
        WHERE b.relay = f.relay AND b.mailbox = f.mailbox
        AND b.night < f.night AND b.night >= :since
        ORDER BY b.night DESC LIMIT 1
    ) AS before ON f.mailbox <> '' AND f.refused > 0
    WHERE f.night = :night
    """
)
MARK_DOWN = text(
    """
    UPDATE fence AS f SET is_down = new.is_down, nights_down = new.nights_down
    FROM unnest(
        CAST(:relays AS text[]), CAST(:mailboxes AS text[]), CAST(:downs AS boolean[]),
        CAST(:nights_down AS smallint[])
    ) AS new (relay, mailbox, is_down, nights_down)
    WHERE f.night = :night AND f.relay = new.relay AND f.mailbox = new.mailbox
    """
)
GROUPS = text(
    "SELECT DISTINCT relay, mailbox, has_reply FROM refusal WHERE night = :night"
)
# One that came after FILL has no relay yet, though its mail has: it is for the next time.
JUDGE = text(
    """
    UPDATE refusal AS r SET fence = new.fence, is_weighed = false
    FROM unnest(
        CAST(:relays AS text[]), CAST(:mailboxes AS text[]),
        CAST(:have_reply AS boolean[]), CAST(:fences AS text[])
    ) AS new (relay, mailbox, has_reply, fence)
    WHERE r.night = :night AND r.relay = new.relay AND r.mailbox = new.mailbox
    AND r.has_reply = new.has_reply AND r.fence IS DISTINCT FROM new.fence
    AND (new.relay <> '' OR NOT EXISTS (
        SELECT FROM outbox AS o
        WHERE o.subscriber_id = r.subscriber_id AND o.night = r.night
        AND o.kind = 'reminder' AND o.relay IS NOT NULL
    ))
    """
)
CLOSED_SINCE = text(
    """
    SELECT night FROM fence
    WHERE relay = '' AND mailbox = '' AND is_closed AND night >= :since ORDER BY night
    """
)

# Locked as planning does it: the schedule row first, then the subscriber.
UNWEIGHED = text(
    """
    SELECT DISTINCT subscriber_id FROM refusal
    WHERE NOT is_weighed AND fence IS NOT NULL
    ORDER BY subscriber_id LIMIT :limit
    """
)
STANDING = text(
    """
    SELECT s.id, e.ended_at
    FROM subscriber AS s
    LEFT JOIN ended AS e ON e.subscriber_id = s.id AND e.counts_from IS NULL
    WHERE s.id = ANY(:ids)
    """
)
WEIGHED = text(
    """
    UPDATE refusal SET is_weighed = true
    WHERE subscriber_id = ANY(:ids) AND NOT is_weighed AND fence IS NOT NULL
    """
)
SENDS = text(
    """
    SELECT person.id AS subscriber_id, send.night, send.sent_at, send.verdict, send.fence,
        send.mailbox
    FROM unnest(CAST(:ids AS bigint[])) AS person (id)
    LEFT JOIN ended AS e ON e.subscriber_id = person.id
    CROSS JOIN LATERAL (
        SELECT n.night, r.verdict, r.fence, r.mailbox,
            COALESCE(
                r.sent_at, n.sent_at, o.updated_at,
                (n.night + TIME '20:00') AT TIME ZONE 'UTC'
            ) AS sent_at
        FROM night AS n
        LEFT JOIN outbox AS o ON o.subscriber_id = n.subscriber_id
            AND o.night = n.night AND o.kind = 'reminder'
        LEFT JOIN refusal AS r
            ON r.subscriber_id = n.subscriber_id AND r.night = n.night
        WHERE n.subscriber_id = person.id
        AND n.night >= GREATEST(CAST(:since AS date), COALESCE(e.counts_from, :since))
        AND (r.verdict IS NOT NULL OR COALESCE(o.state, n.outcome) = 'sent')
        ORDER BY n.night DESC LIMIT :limit
    ) AS send
    ORDER BY person.id, send.night DESC
    """
)

LOCK_SCHEDULE = text("SELECT FROM schedule WHERE subscriber_id = :id FOR UPDATE")
END = text(
    """
    UPDATE subscriber
    SET status = 'stopped', stopped_at = :now, changed_at = :now
    WHERE id = :id AND status = 'active'
    RETURNING address_key
    """
)
UNSCHEDULE = text("DELETE FROM schedule WHERE subscriber_id = :id")
NOTE_END = text(
    """
    INSERT INTO ended (subscriber_id, ended_at, verdict, mailbox)
    VALUES (:id, :now, :verdict, :mailbox)
    ON CONFLICT (subscriber_id) DO UPDATE
    SET ended_at = excluded.ended_at, verdict = excluded.verdict,
        mailbox = excluded.mailbox, counts_from = NULL
    """
)
CAME_BACK = text(
    """
    UPDATE ended SET counts_from = :night
    WHERE subscriber_id = :id AND counts_from IS NULL
    """
)
# Whom refusals ended: not who said since that they want no more mail, or came back.
_ENDED = """
    FROM ended AS e
    JOIN subscriber AS s ON s.id = e.subscriber_id
    JOIN suppression AS x ON x.address_key = s.address_key
    WHERE e.counts_from IS NULL
    AND s.status = 'stopped' AND x.reason IN ('address_unknown', 'undeliverable')
"""
HAS_ENDED = text(f"SELECT EXISTS (SELECT {_ENDED} AND e.subscriber_id = :id)")
_UNDOABLE = f"""
    {_ENDED} AND e.ended_at >= :since AND e.ended_at < :until
    AND CASE CAST(:mailbox AS text) WHEN '' THEN true
        WHEN 'other' THEN e.mailbox <> ALL(:named) ELSE e.mailbox = :mailbox END
"""
UNDOABLE = text(
    f"""
    SELECT e.subscriber_id {_UNDOABLE} AND e.subscriber_id > :after
    ORDER BY 1 LIMIT :limit
    """
)
UNDOABLE_COUNTED = text(
    f"SELECT e.verdict, e.mailbox, count(*) AS people {_UNDOABLE} GROUP BY 1, 2"
)
ENDS = text(
    """
    SELECT verdict, mailbox, count(*) AS people FROM ended
    WHERE ended_at >= :since AND counts_from IS NULL GROUP BY 1, 2
    """
)
HELD = text(
    """
    SELECT f.night, f.relay, f.mailbox, f.known, f.refused, f.nights_down
    FROM fence AS f
    WHERE f.night >= :since AND f.is_down AND f.relay <> ''
    ORDER BY f.night DESC, f.relay, f.mailbox LIMIT :limit
    """
)

# Whom many of the last sends did not reach; `sends` then tells whether none did.
OFTEN_REFUSED = text(
    """
    SELECT r.subscriber_id
    FROM refusal AS r JOIN subscriber AS s ON s.id = r.subscriber_id
    WHERE r.night >= :since AND s.status = 'active'
    GROUP BY r.subscriber_id HAVING count(*) >= :shown
    ORDER BY max(r.night) DESC, r.subscriber_id LIMIT :limit
    """
)
WORDS = text(
    """
    SELECT night, sealed, key_id FROM refusal
    WHERE subscriber_id = :id AND sealed IS NOT NULL ORDER BY night DESC LIMIT 1
    """
)
OF = text(
    """
    SELECT night, verdict, fence FROM refusal
    WHERE subscriber_id = :id ORDER BY night DESC LIMIT :limit
    """
)

DROP_OLD = text("DELETE FROM refusal WHERE night < :before")
DROP_FENCES = text("DELETE FROM fence WHERE night < :before")
DROP_WORDS = text(
    """
    UPDATE refusal SET sealed = NULL, key_id = NULL
    WHERE sealed IS NOT NULL AND night < :before
    """
)
