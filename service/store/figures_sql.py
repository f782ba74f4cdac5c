"""The statements behind `figures`, named by the method that runs them.

They read a night, or the schedule, from end to end: once for many looks at a page.
"""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

from sqlalchemy import text

# The time that the person chose; a retry moves `not_before`, and nothing this.
CHOSEN_AT = """
    o.expires_at - LEAST(:patience, :bedtime - s.minute) * INTERVAL '1 minute'
"""
# The words before a colon are ours and few; what follows are the relay's codes.
WHY = "split_part(COALESCE(o.reason, ''), ':', 1)"

HOURS = text(
    f"""
    SELECT s.minute / 60 AS hour, o.state,
        CASE WHEN o.state IN ('failed', 'unknown', 'expired', 'suppressed')
            THEN {WHY} ELSE '' END AS reason,
        count(*) AS messages,
        count(*) FILTER (
            WHERE o.state = 'sent' AND o.updated_at > {CHOSEN_AT} + :late_after
        ) AS late
    FROM outbox AS o JOIN subscriber AS s ON s.id = o.subscriber_id
    WHERE o.kind = 'reminder' AND o.night = :night
    GROUP BY 1, 2, 3 ORDER BY 1, 2, 3
    """
)
# Asked of each night apart, so that the first row found is enough; of a night that is
# over, the indexes of what waits and of what is in hand are empty.
SEEN = text(
    """
    SELECT n.night, EXISTS (
        SELECT FROM outbox AS o
        WHERE o.night = n.night AND o.state = 'due' AND o.kind = 'reminder'
        AND o.expires_at > :now
    ) OR EXISTS (
        SELECT FROM outbox AS o
        WHERE o.night = n.night AND o.state IN ('claimed', 'sending')
        AND o.kind = 'reminder' AND o.expires_at > :now
    ) AS is_open
    FROM unnest(CAST(:nights AS date[])) AS n (night)
    WHERE EXISTS (
        SELECT FROM outbox AS o WHERE o.night = n.night AND o.kind = 'reminder'
    )
    ORDER BY 1
    """
)
# What an hour of UTC has in a zone lies in one local night: nobody chooses midnight.
COMING = text(
    """
    SELECT s.zone, s.minute / 60 AS hour, min(c.next_due_at) AS at, count(*) AS people
    FROM schedule AS c JOIN subscriber AS s ON s.id = c.subscriber_id
    WHERE c.next_due_at < :until
    GROUP BY 1, 2, date_trunc('hour', c.next_due_at) ORDER BY 1, 2, 3
    """
)
PROVIDERS = text(
    f"""
    SELECT o.night, o.provider, o.state,
        CASE WHEN o.state = 'sent' THEN '' ELSE {WHY} END AS reason,
        CASE WHEN o.state = 'sent' THEN GREATEST(
            0, floor(extract(epoch FROM o.updated_at - ({CHOSEN_AT})) / 60)
        )::int ELSE 0 END AS minutes,
        count(*) AS messages,
        count(*) FILTER (WHERE o.attempts > 1) AS retried
    FROM outbox AS o JOIN subscriber AS s ON s.id = o.subscriber_id
    WHERE o.kind = 'reminder' AND o.night >= :since AND o.provider IS NOT NULL
    GROUP BY 1, 2, 3, 4, 5 ORDER BY 1, 2, 3, 4, 5
    """
)
# Few complain; each is looked up by key in the nights that the queue still has.
COMPLAINTS = text(
    """
    SELECT o.provider, count(DISTINCT s.id) AS people
    FROM suppression AS x
    JOIN subscriber AS s ON s.address_key = x.address_key
    JOIN outbox AS o ON o.subscriber_id = s.id
    WHERE x.reason = 'complaint' AND x.since >= :since AND o.provider IS NOT NULL
    GROUP BY 1 ORDER BY 1
    """
)
HELD = text(
    f"""
    SELECT {WHY} AS reason, count(*) AS messages
    FROM outbox AS o
    WHERE o.state = 'due' AND o.kind = 'reminder' AND o.reason IS NOT NULL
    GROUP BY 1 ORDER BY 2 DESC, 1
    """
)
SUPPRESSED = text(
    """
    SELECT reason, count(*) AS addresses,
        count(*) FILTER (WHERE since >= :month) AS this_month,
        count(*) FILTER (WHERE since >= :week) AS this_week,
        max(since) AS newest
    FROM suppression GROUP BY 1 ORDER BY 1
    """
)
