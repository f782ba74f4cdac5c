"""Whether this database sends: paused, a copy, promoted, or without its standby.

The one row of `deployment` names the database that sends: the server's number, the
database's own, and the timeline of the WAL that it writes. A dump that is restored
elsewhere finds another number, and a promoted standby (or a server that was recovered
to a point in time) another timeline: both are fenced, and the claims of every worker
come back empty (see CLAIM and BEGIN in `outbox_sql`). So is a database without the row.
A copy of the server's files that is started as it is keeps number and timeline, and is
not noticed.

`replication` is the operator's word in the replicated row. Only where it says
`synchronous` does a promoted server go on by itself, for only then was every reminder
that was begun on the server before committed here too; not where the server's settings
name a point in time to which it was recovered. `ending`: the word is taken
back, and reminders wait for the standby until it is known to have that.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.outbox import Lane

#: Commits wait until a standby has them on its disk. `remote_write` is not enough: a
#: standby that loses power forgets what it said it has; `local` and `off` wait for none.
WAITS_FOR_STANDBY = """
    (current_setting('synchronous_standby_names') <> ''
    AND current_setting('synchronous_commit') IN ('on', 'remote_apply'))
"""
IS_HERE = "(identity = database_identity())"
#: A server that was recovered to a point in time writes a timeline of its own as well,
#: but lacks what came after that point.
IS_RECOVERED = """
    (current_setting('recovery_target') || current_setting('recovery_target_name')
    || current_setting('recovery_target_time') || current_setting('recovery_target_xid')
    || current_setting('recovery_target_lsn') <> '')
"""
#: The server that is named, or one that was promoted in its place and has all it began.
IS_ITS_HEIR = f"""
    (timeline = wal_timeline() OR (replication = 'synchronous' AND NOT {IS_RECOVERED}))
"""
IS_HELD_TO_WORD = "(replication <> 'asynchronous' OR CAST(:is_promised AS boolean))"
#: Whether a lane's mail may leave, a pause apart. Somebody waits for the PRIORITY mails:
#: those go on after a promotion, and one of the lost seconds may come a second time.
MAY_LEAVE = {
    Lane.EVENING: f"""
        ({IS_HERE} AND {IS_ITS_HEIR}
        AND (NOT {IS_HELD_TO_WORD} OR {WAITS_FOR_STANDBY}))
    """,
    Lane.PRIORITY: IS_HERE,
}

STANDING = text(
    f"""
    SELECT is_paused, COALESCE({IS_HERE}, false) AS is_here,
        COALESCE({IS_ITS_HEIR}, false) AS is_heir,
        {IS_HELD_TO_WORD} AND NOT {WAITS_FOR_STANDBY} AS is_alone
    FROM deployment
    """  # noqa: S608 - only constants of this module are joined; values are bound
)
PAUSE = text("UPDATE deployment SET is_paused = :is_paused")
# No database has an empty identity.
FENCE = text(
    """
    INSERT INTO deployment (identity, is_paused) VALUES ('', :is_paused)
    ON CONFLICT (is_one) DO UPDATE
    SET identity = excluded.identity, is_paused = excluded.is_paused
    """
)
ADOPT = text(
    """
    INSERT INTO deployment (identity, timeline)
    SELECT database_identity(), wal_timeline()
    ON CONFLICT (is_one) DO UPDATE
    SET identity = excluded.identity, timeline = excluded.timeline,
        replication = 'asynchronous', seen_timeline = NULL, seen_at = NULL,
        replicated_until = NULL
    """
)
# A promoted server that goes on by itself is the one that is named from now on.
SUCCEED = text(
    f"""
    UPDATE deployment SET timeline = wal_timeline()
    WHERE {IS_HERE} AND {IS_ITS_HEIR} AND timeline <> wal_timeline()
    """  # noqa: S608 - as above
)
# Workers give a sign of life every few seconds: the last that is here came before the
# first commit that is missing. (Those are in the server's own time, which a demo shifts.)
# The end is the latest of all that is known here: were this server's clock behind that of
# the one before, what that one still sent would be taken to be due after it.
# The word is void on a server that was recovered to a point in time.
SEE_PROMOTION = text(
    f"""
    UPDATE deployment
    SET seen_timeline = wal_timeline(),
        replication = CASE WHEN {IS_RECOVERED} THEN 'asynchronous' ELSE replication END,
        seen_at = GREATEST(
            eventide_now(), CAST(:now AS timestamptz),
            (SELECT high_water FROM timekeeping)
        ),
        replicated_until = LEAST(replicated_until, GREATEST(
            (SELECT max(worker.seen_at) FROM worker), pg_last_xact_replay_timestamp()
        ) + (eventide_now() - statement_timestamp()))
    WHERE timeline <> wal_timeline() AND seen_timeline IS DISTINCT FROM wal_timeline()
    """  # noqa: S608 - as above
)
LOST_SECONDS = text(
    """
    SELECT timeline AS before, wal_timeline() AS since, seen_at, replicated_until
    FROM deployment
    """
)
PROMISE = text(
    f"""
    UPDATE deployment SET replication = 'synchronous'
    WHERE {IS_HERE} AND timeline = wal_timeline() AND replication <> 'synchronous'
    AND {WAITS_FOR_STANDBY}
    """  # noqa: S608 - as above
)
# Written each time, though it stands there already: this commit must reach a standby.
TAKE_BACK = text(
    f"""
    UPDATE deployment SET replication = 'ending'
    WHERE {IS_HERE} AND timeline = wal_timeline() AND replication <> 'asynchronous'
    AND {WAITS_FOR_STANDBY}
    """  # noqa: S608 - as above
)
TAKEN_BACK = text(
    "UPDATE deployment SET replication = 'asynchronous' WHERE replication = 'ending'"
)
#: What the migration that makes `deployment` looks for. Run where a dump is loaded, in
#: the same transaction: a restore that dies there leaves no database that sends.
MARK_AS_COPY = "COMMENT ON TABLE public.alembic_version IS 'restored'"
LAST_SENT_AT = text("SELECT max(updated_at) FROM outbox WHERE state = 'sent'")


class Standing(StrEnum):
    """Whether mail goes out from here.

    PROMOTED: this server took the place of another that may have sent what is not
    known here. ALONE: no commit waits for a standby, though the operator promised it.
    In both only reminders are held.
    """

    SENDS = "sends"
    PAUSED = "paused"
    FENCED = "fenced"
    PROMOTED = "promoted"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, kw_only=True)
class LostSeconds:
    """What is missing on a promoted server: the time between two instants (UTC).

    `since` is the last sign of life that was replicated, None where there is none;
    `until` is when this server was first seen to be the one that is written to.
    """

    timelines: tuple[int, int]
    since: datetime | None
    until: datetime


class Deployment:
    """The row that says which database sends, and whether it does.

    With `is_promised`, the settings say that commits wait for a standby.
    `awaits_standby`: what was written counts only once a standby has it.
    """

    def __init__(self, connection: AsyncConnection, *, is_promised: bool) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._is_promised = is_promised
        self.awaits_standby = False

    async def state(self) -> Standing:
        """Whether this database sends; the gravest, if several things keep it."""
        values = {"is_promised": self._is_promised}
        row = (await self._connection.execute(STANDING, values)).one_or_none()
        if row is None or not row.is_here:
            return Standing.FENCED
        if not row.is_heir:
            return Standing.PROMOTED
        if row.is_paused:
            return Standing.PAUSED
        return Standing.ALONE if row.is_alone else Standing.SENDS

    async def succeed(self) -> bool:
        """Name a promoted server that has all that was begun before; whether it was one."""
        return (await self._connection.execute(SUCCEED)).rowcount > 0

    async def see_promotion(self, *, now: datetime) -> None:
        """Note when a promoted server was first seen, unless it is noted already."""
        await self._connection.execute(SEE_PROMOTION, {"now": now})

    async def lost_seconds(self) -> LostSeconds:
        """What is missing here; once `see_promotion` has noted it."""
        row = (await self._connection.execute(LOST_SECONDS)).one()
        return LostSeconds(
            timelines=(row.before, row.since),
            since=row.replicated_until,
            until=row.seen_at,
        )

    async def promise(self) -> None:
        """Write the operator's word into the row, where commits wait for a standby.

        A server that has it also has all that was begun before it, and of what is begun
        after it nothing is sent before a standby has it.
        """
        await self._connection.execute(PROMISE)

    async def take_back(self) -> bool:
        """Begin to take the word back; whether it can be done, by a commit that waits.

        Until `taken_back` follows, in a transaction of its own, reminders are held to
        it: a standby that has not heard of this would go on by itself.
        """
        done = (await self._connection.execute(TAKE_BACK)).rowcount > 0
        self.awaits_standby |= done
        return done

    async def taken_back(self) -> None:
        """Hold reminders to the word no more."""
        await self._connection.execute(TAKEN_BACK)

    async def pause(self) -> None:
        """Claim nothing from now on; what a worker holds already goes out."""
        await self._connection.execute(PAUSE, {"is_paused": True})

    async def resume(self) -> None:
        """Claim again."""
        await self._connection.execute(PAUSE, {"is_paused": False})

    async def adopt(self) -> None:
        """Make this the database that sends, with no word given; a pause stays."""
        await self._connection.execute(ADOPT)

    async def fence(self, *, is_paused: bool) -> None:
        """Send nothing before somebody adopts this database."""
        await self._connection.execute(FENCE, {"is_paused": is_paused})

    async def last_sent_at(self) -> datetime | None:
        """When the last mail went out that is still in the queue's last nights."""
        found: datetime | None = await self._connection.scalar(LAST_SENT_AT)
        return found
