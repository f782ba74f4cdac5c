"""The statements behind `outbox`, named by the method that runs them.

The states, lanes and kinds in the WHERE clauses are written out, not bound: only so
can the planner use the partial indexes.
"""

# ruff: noqa: S608 - only constants of this module are joined; values are bound.

from sqlalchemy import text

from service.domain.outbox import OTHER_CLOCK, Lane
from service.store.deployment import IS_HELD_TO_WORD, MAY_LEAVE
from service.store.timekeeping import AGREES, IS_TRUSTED, NOW

# What was held back for the clock was never sent: it may go once that is settled.
PUT = text(
    f"""
    INSERT INTO outbox (
        subscriber_id, night, kind, state, not_before, expires_at, attempts, sealed,
        key_id, reason, updated_at
    )
    SELECT subscriber_id, night, kind, :state, not_before, expires_at, 0, sealed, key_id,
        CAST(:reason AS text), CAST(:updated_at AS timestamptz)
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:nights AS date[]), CAST(:kinds AS text[]),
        CAST(:not_befores AS timestamptz[]), CAST(:expiries AS timestamptz[]),
        CAST(:sealed AS bytea[]), CAST(:key_ids AS text[])
    ) AS new (subscriber_id, night, kind, not_before, expires_at, sealed, key_id)
    ON CONFLICT (subscriber_id, night, kind) DO UPDATE
    SET state = excluded.state, not_before = excluded.not_before,
        expires_at = excluded.expires_at, sealed = excluded.sealed,
        key_id = excluded.key_id, reason = NULL, updated_at = NULL
    WHERE excluded.state = 'due' AND outbox.state = 'suppressed'
    AND outbox.reason = '{OTHER_CLOCK}'
    RETURNING subscriber_id, night, kind
    """
)
# Two requests at once are counted one after the other.
ONE_BY_ONE = text(
    """
    SELECT pg_advisory_xact_lock(hashtextextended(:kind, :subscriber_id))
    """
)
# A mail of a kind has one time to live: those that end later were asked for later.
OF_A_DAY = text(
    """
    SELECT count(*) FROM outbox
    WHERE subscriber_id = :subscriber_id AND kind = :kind AND expires_at > :until
    """
)
FAIL = text(
    """
    UPDATE outbox
    SET state = 'failed', reason = :reason, lease_until = NULL, updated_at = :now
    WHERE subscriber_id = :subscriber_id AND night = :night AND kind = :kind
    """
)

WAITING = {
    Lane.EVENING: "state = 'due' AND kind = 'reminder'",
    Lane.PRIORITY: "state = 'due' AND kind <> 'reminder'",
}
#: Somebody who waits for their mail goes before an invitation, which has longer.
FIRST = {Lane.EVENING: "not_before", Lane.PRIORITY: "expires_at"}
# Nobody gets round these: asked once a statement, before a row is looked at. Where there
# is no row to say so, nothing is sent either.
SENDS = {
    lane: f"(SELECT NOT is_paused AND {may} FROM deployment) AND {IS_TRUSTED}"
    for lane, may in MAY_LEAVE.items()
}
CLAIM = {
    lane: text(
        f"""
        WITH picked AS (
            SELECT subscriber_id, night, kind FROM outbox
            WHERE {waiting} AND not_before <= {NOW} AND expires_at > {NOW}
            AND (attempts = 0 OR NOT CAST(:is_first_try AS boolean)) AND {SENDS[lane]}
            ORDER BY {FIRST[lane]} LIMIT :limit
            FOR UPDATE SKIP LOCKED
        )
        UPDATE outbox AS o
        SET state = 'claimed', claimed_by = :worker, lease_until = now() + CAST(:lease AS interval),
            updated_at = :now
        FROM picked AS p
        WHERE o.subscriber_id = p.subscriber_id AND o.night = p.night
        AND o.kind = p.kind
        RETURNING o.subscriber_id, o.night, o.kind, o.attempts, o.not_before,
            o.expires_at, o.sealed, o.key_id
        """
    )
    for lane, waiting in WAITING.items()
}
# One that somebody holds in an open transaction is passed over: a machine that vanished
# must not keep everybody waiting.
EXPIRE = text(
    f"""
    WITH late AS (
        SELECT subscriber_id, night, kind FROM outbox
        WHERE state = 'due' AND expires_at <= {NOW} AND {IS_TRUSTED}
        FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox AS o
    SET state = 'expired', reason = COALESCE(o.reason, :why), updated_at = :now
    FROM late
    WHERE o.subscriber_id = late.subscriber_id AND o.night = late.night
    AND o.kind = late.kind
    """
)

# The rows that a worker holds, as `mine`; joined by the whole key.
MINE = """
    unnest(CAST(:ids AS bigint[]), CAST(:nights AS date[]), CAST(:kinds AS text[]))
        AS mine (subscriber_id, night, kind)
    WHERE o.subscriber_id = mine.subscriber_id AND o.night = mine.night
    AND o.kind = mine.kind AND o.claimed_by = :worker
"""
# A row that is `sending` already was begun by the same worker, in a transaction whose
# commit it did not hear of: it has not spoken yet. What was claimed before a failover, or
# before the standby was gone, is asked about again: but for a pause, as for a claim.
BEGIN = text(
    f"""
    UPDATE outbox AS o
    SET attempts = CASE WHEN o.state = 'claimed' THEN o.attempts + 1
            ELSE o.attempts END,
        state = 'sending', lease_until = now() + CAST(:lease AS interval), updated_at = :now
    FROM {MINE} AND o.state IN ('claimed', 'sending')
    AND o.not_before <= {NOW} AND o.expires_at > {NOW} AND {IS_TRUSTED}
    AND (o.kind <> 'reminder' OR (SELECT {MAY_LEAVE[Lane.EVENING]} FROM deployment))
    RETURNING o.subscriber_id, o.night, o.kind, o.attempts,
        (SELECT {IS_HELD_TO_WORD} FROM deployment) AS awaits_standby
    """
)
# Not while the server's clock is another one: a lease that ends in hours is no lease.
KEEP = text(
    f"""
    UPDATE outbox AS o SET lease_until = now() + CAST(:lease AS interval)
    FROM {MINE} AND o.state IN ('claimed', 'sending') AND {AGREES}
    """
)
# Whoever was taken for lost and has the answer after all knows more than `unknown`.
RECORD = text(
    """
    UPDATE outbox AS o
    SET state = new.state, reason = new.reason, lease_until = NULL, updated_at = :now,
        not_before = CASE WHEN new.state = 'due'
            THEN GREATEST(o.not_before, new.not_before) ELSE o.not_before END,
        provider = COALESCE(new.provider, o.provider),
        relay = COALESCE(new.relay, o.relay),
        mailbox = COALESCE(new.mailbox, o.mailbox),
        claimed_by = CASE WHEN new.state = 'due' THEN NULL ELSE o.claimed_by END
    FROM unnest(
        CAST(:ids AS bigint[]), CAST(:nights AS date[]), CAST(:kinds AS text[]),
        CAST(:states AS text[]), CAST(:reasons AS text[]),
        CAST(:not_befores AS timestamptz[]), CAST(:providers AS text[]),
        CAST(:relays AS text[]), CAST(:mailboxes AS text[])
    ) AS new (
        subscriber_id, night, kind, state, reason, not_before, provider, relay, mailbox
    )
    WHERE o.subscriber_id = new.subscriber_id AND o.night = new.night
    AND o.kind = new.kind AND o.claimed_by = :worker
    AND (o.state IN ('claimed', 'sending')
        OR o.state = 'unknown' AND new.state IN ('sent', 'failed'))
    """
)

# A lease that ends later than any does was given while the server's clock was ahead.
REAP = text(
    f"""
    WITH ended AS (
        SELECT subscriber_id, night, kind,
            CASE WHEN state = 'sending' AND (kind = 'reminder' OR attempts > 1)
                THEN 'unknown' ELSE 'due' END AS becomes
        FROM outbox
        WHERE state IN ('claimed', 'sending')
        AND (lease_until <= now() OR lease_until > now() + CAST(:longest AS interval))
        AND {IS_TRUSTED}
        ORDER BY lease_until LIMIT :limit
        FOR UPDATE SKIP LOCKED
    )
    UPDATE outbox AS o
    SET state = e.becomes, lease_until = NULL, updated_at = :now,
        claimed_by = CASE WHEN e.becomes = 'due' THEN NULL ELSE o.claimed_by END,
        reason = CASE WHEN e.becomes = 'unknown' THEN 'worker lost' ELSE o.reason END
    FROM ended AS e
    WHERE o.subscriber_id = e.subscriber_id AND o.night = e.night AND o.kind = e.kind
    RETURNING o.state
    """
)

# What comes in somebody's evenings; a confirmation or a link they asked for.
EVENINGS = "kind IN ('reminder', 'zone_question')"
# A mail on the wire cannot be called back, but its deadline can: should the relay
# refuse it for now, it expires in place of being tried again.
SUPPRESS_SENDING = text(
    f"""
    UPDATE outbox SET expires_at = LEAST(expires_at, :now)
    WHERE subscriber_id = :subscriber_id AND {EVENINGS} AND state = 'sending'
    """
)
SUPPRESS = text(
    f"""
    UPDATE outbox
    SET state = 'suppressed', reason = :reason, lease_until = NULL, updated_at = :now
    WHERE subscriber_id = :subscriber_id AND {EVENINGS}
        AND state IN ('due', 'claimed')
    """
)

# Of every kind: other than after an unsubscribe, no link is mailed either.
HOLD_BACK = text(
    """
    UPDATE outbox
    SET state = 'suppressed', reason = :reason, lease_until = NULL, updated_at = :now
    WHERE subscriber_id = ANY(:ids) AND state IN ('due', 'claimed')
    """
)
NOT_AGAIN = text(
    """
    UPDATE outbox SET expires_at = LEAST(expires_at, :now)
    WHERE subscriber_id = ANY(:ids) AND state = 'sending'
    """
)

# Only in a copy or on a promoted server: the one before may have sent these since. What
# was due later is not among them, unless a worker has put it back meanwhile; neither is
# what was too late before anything was lost.
DOUBT = text(
    """
    UPDATE outbox
    SET state = 'unknown', reason = :reason, lease_until = NULL, updated_at = :now
    WHERE kind = 'reminder' AND state IN ('due', 'claimed', 'sending')
    AND (not_before <= :until OR updated_at > :until)
    AND (CAST(:since AS timestamptz) IS NULL OR expires_at > :since)
    RETURNING subscriber_id
    """
)

STATE_OF = text(
    """
    SELECT kind, state, reason, attempts, updated_at FROM outbox
    WHERE subscriber_id = :subscriber_id AND night = :night
    ORDER BY kind
    """
)
COUNTS = text(
    """
    SELECT state, count(*) AS messages FROM outbox WHERE night = :night
    GROUP BY state ORDER BY state
    """
)
WAITING_NOW = text(
    """
    SELECT min(expires_at) AS expires_at, count(*) AS reminders FROM outbox
    WHERE state = 'due' AND kind = 'reminder' AND expires_at > :now
    GROUP BY date_bin(:step, expires_at, :now) ORDER BY 1
    """
)
# The words before a colon are ours and few; what follows are the relay's codes.
NOT_SENT = text(
    """
    SELECT state, split_part(COALESCE(reason, ''), ':', 1) AS reason,
        count(*) AS messages
    FROM outbox
    WHERE state IN ('failed', 'unknown', 'expired', 'suppressed') AND night >= :since
    GROUP BY 1, 2 ORDER BY 1, 2
    """
)
ROLL_UP = text(
    """
    UPDATE night SET outcome = o.state, reason = o.reason, relay = o.relay,
        mailbox = o.mailbox, sent_at = o.updated_at
    FROM outbox AS o
    WHERE o.night < :before AND o.kind = 'reminder'
    AND night.subscriber_id = o.subscriber_id AND night.night = o.night
    """
)
