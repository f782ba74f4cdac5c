"""The audit log: added to in the transaction of the act itself, never changed.

An entry follows on the mark, not on what is the newest row: after rows were taken away
the gap stays, and is named. A mark that was altered stays altered (its code is not made
anew), and the one outside the database moves on only past an entry that it knows.
"""

from dataclasses import dataclass, replace
from datetime import datetime
from hmac import compare_digest
from typing import Any

import structlog
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.audit import (
    BEGINNING,
    Act,
    Entry,
    Mark,
    NoMark,
    Reading,
    mark_code,
    sealed,
)
from service.store.audit_mark import StateMark

#: Read at once while the whole log is verified.
AT_ONCE = 5000

#: The number of the lock.
LOCK = 7_203_001
# Whoever adds waits for whoever adds: numbers have no gaps, digests one order.
TAKE_TURNS = text("SELECT pg_advisory_xact_lock(:lock)")
# The release before locks the table itself.
AWAIT_RELEASE_BEFORE = text("LOCK TABLE audit IN ROW EXCLUSIVE MODE")
# All of it as it was at one moment, while others add.
ONE_MOMENT = text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
COLUMNS = "number, at, operator, act, subscriber_id, details, digest"
LAST = text("SELECT number, digest FROM audit ORDER BY number DESC LIMIT 1")
ADD = text(
    """
    INSERT INTO audit (number, at, operator, act, subscriber_id, details, digest)
    VALUES (:number, :at, :operator, :act, :subscriber_id, :details, :digest)
    """
)
MARK = text("SELECT number, digest, keyed_from, code FROM audit_mark")
KEEP_MARK = text(
    """
    INSERT INTO audit_mark (number, digest, keyed_from, code)
    VALUES (:number, :digest, :keyed_from, :code)
    ON CONFLICT (is_one) DO UPDATE
    SET number = excluded.number, digest = excluded.digest,
        keyed_from = excluded.keyed_from, code = excluded.code
    """
)
DIGEST = text("SELECT digest FROM audit WHERE number = :number")
# A superuser is taken for a member of every role.
IS_GUARDED = text(
    """
    SELECT NOT pg_has_role(c.relowner, 'MEMBER') AND NOT pg_has_role(n.nspowner, 'MEMBER')
    FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.oid = 'audit'::regclass
    """
)
AFTER = text(
    f"SELECT {COLUMNS} FROM audit WHERE number > :number ORDER BY number LIMIT :limit"  # noqa: S608 - a constant
)
NEWEST = text(
    f"""
    SELECT {COLUMNS} FROM audit
    WHERE number < :before AND (:operator = '' OR operator = :operator)
    ORDER BY number DESC LIMIT :limit
    """  # noqa: S608 - a constant
)
NAMES = text("SELECT DISTINCT operator FROM audit ORDER BY operator LIMIT 500")

log = structlog.get_logger()


@dataclass(frozen=True, slots=True, kw_only=True)
class Seal:
    """What proves that the log is whole: the key, and the mark outside if there is one."""

    key: bytes
    outside: StateMark | None = None


class Audit:
    """Every act of an operator."""

    def __init__(self, connection: AsyncConnection, seal: Seal) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._seal = seal
        self._added: list[Entry] = []
        self._mark: Mark | None = None
        self._doubt = ""
        self._is_anew = False

    async def add(
        self,
        operator: str,
        act: Act,
        subscriber_id: int | None = None,
        details: str = "",
        *,
        now: datetime,
    ) -> None:
        """Note an act; it is kept if the transaction is. No addresses, no answers."""
        await self._take_turns()
        before, code = await self._before(now=now)
        entry = Entry(
            number=before.number + 1,
            at=now,
            operator=operator,
            act=act,
            subscriber_id=subscriber_id,
            details=details,
            digest=b"",
        )
        digest = sealed(entry, before.digest, key=self._seal.key)
        entry = replace(entry, digest=digest)
        values = {name: getattr(entry, name) for name in Entry.__dataclass_fields__}
        await self._connection.execute(ADD, values)
        self._mark = replace(before, number=entry.number, digest=digest)
        await self._keep(self._mark, code=code)
        self._added.append(entry)

    async def anchor(self, *, now: datetime) -> None:
        """Take the log as it is for whole: what is added next makes both marks anew."""
        await self._take_turns()
        mark = await self._newest(keyed_from=now)
        await self._keep(mark, code=None)
        self._is_anew = True

    def announce(self) -> None:
        """Log what was added, once it is kept, and move the mark outside: two anchors."""
        for entry in self._added:
            log.info(
                "audit entry",
                action="audit",
                number=entry.number,
                act=str(entry.act),
                digest=entry.digest.hex(),
            )
        if self._mark is None or self._seal.outside is None:
            return
        if self._doubt:
            remedy = "Run `eventide audit verify`"
            log.error(self._doubt, action="audit", remedy=remedy)
            return
        keep = (
            self._seal.outside.replace if self._is_anew else self._seal.outside.advance
        )
        try:
            keep(self._mark, key=self._seal.key)
        except OSError as error:
            log.error(
                "the mark of the audit log is not kept",
                action="audit",
                folder=str(self._seal.outside.folder),
                error=str(error.strerror),
            )

    async def is_guarded(self) -> bool:
        """Whether our role can neither change nor drop the log."""
        return bool(await self._connection.scalar(IS_GUARDED))

    async def newest(
        self, *, operator: str, before: int, limit: int
    ) -> tuple[Entry, ...]:
        """Entries with a number below `before`, newest first; `operator` "" for all."""
        values = {"operator": operator, "before": before, "limit": limit}
        found = await self._connection.execute(NEWEST, values)
        return tuple(map(_entry, found))

    async def names(self) -> tuple[str, ...]:
        """Everybody who has done something."""
        return tuple((await self._connection.execute(NAMES)).scalars())

    async def verify(self) -> Reading:
        """Read the whole log; call it first in a transaction."""
        # First: an entry that is added meanwhile is none that this one knows.
        outside = self._outside()
        await self._connection.execute(ONE_MOMENT)
        inside = await self._inside()
        known = next((one for one in (inside, outside) if isinstance(one, Mark)), None)
        last, broken_at = await self._walked(known.plain_until if known else None)
        outside_digest = None
        if isinstance(outside, Mark):
            outside_digest = await self._digest(outside.number)
        return Reading(
            entries=last.number if last else 0,
            head=last.digest if last else BEGINNING,
            newest_at=last.at if last else None,
            broken_at=broken_at,
            inside=inside,
            outside=outside,
            outside_digest=outside_digest,
        )

    async def _walked(
        self, plain_until: datetime | None
    ) -> tuple[Entry | None, int | None]:
        """The last entry of the chain, and the number of the one that breaks it."""
        last: Entry | None = None
        head, number = BEGINNING, 0
        while page := await self._after(number):
            for entry in page:
                is_sealed = entry.is_sealed_to(
                    head, key=self._seal.key, plain_until=plain_until
                )
                if entry.number != number + 1 or not is_sealed:
                    return last, number + 1
                last, head, number = entry, entry.digest, entry.number
        return last, None

    async def _take_turns(self) -> None:
        await self._connection.execute(TAKE_TURNS, {"lock": LOCK})
        await self._connection.execute(AWAIT_RELEASE_BEFORE)

    async def _before(self, *, now: datetime) -> tuple[Mark, bytes | None]:
        """What the next entry follows on; and the code to keep, None for a right one."""
        inside, outside = await self._inside(), self._outside()
        if not self._is_anew:
            self._doubt = self._doubt or await self._doubted(outside)
        newest = await self._newest(keyed_from=now)
        if inside is NoMark.ABSENT:
            # Where one was kept outside, this one was taken away.
            return newest, b"" if isinstance(outside, Mark) else None
        code = None
        if isinstance(inside, NoMark):
            row = (await self._connection.execute(MARK)).one()
            inside, code = _mark(row), row.code
        elif newest.number > inside.number and now < inside.plain_until:
            return replace(newest, keyed_from=inside.keyed_from), None
        # What was put in at the end keeps its number, and is named.
        return replace(inside, number=max(inside.number, newest.number)), code

    async def _after(self, number: int) -> tuple[Entry, ...]:
        values = {"number": number, "limit": AT_ONCE}
        return tuple(map(_entry, await self._connection.execute(AFTER, values)))

    async def _newest(self, *, keyed_from: datetime) -> Mark:
        """A mark of the newest row."""
        last = (await self._connection.execute(LAST)).one_or_none()
        number, digest = (last.number, last.digest) if last else (0, BEGINNING)
        return Mark(number=number, digest=digest, keyed_from=keyed_from)

    async def _inside(self) -> Mark | NoMark:
        row = (await self._connection.execute(MARK)).one_or_none()
        if row is None:
            return NoMark.ABSENT
        mark = _mark(row)
        code = mark_code(mark, key=self._seal.key)
        return mark if compare_digest(row.code, code) else NoMark.FORGED

    def _outside(self) -> Mark | NoMark:
        kept = self._seal.outside
        return NoMark.ABSENT if kept is None else kept.read(key=self._seal.key)

    async def _doubted(self, mark: Mark | NoMark) -> str:
        """Why the mark outside does not move on, in words; "" where it does."""
        if mark is NoMark.UNREADABLE:
            # It may know an entry that is gone, so it is not written over.
            return "the mark of the audit log cannot be read"
        if mark is NoMark.ABSENT:
            return ""
        is_known = (
            isinstance(mark, Mark) and await self._digest(mark.number) == mark.digest
        )
        return "" if is_known else "the audit log was altered or put back"

    async def _digest(self, number: int) -> bytes | None:
        found: bytes | None = await self._connection.scalar(DIGEST, {"number": number})
        return found

    async def _keep(self, mark: Mark, *, code: bytes | None) -> None:
        right = mark_code(mark, key=self._seal.key)
        await self._connection.execute(
            KEEP_MARK,
            {
                "number": mark.number,
                "digest": mark.digest,
                "keyed_from": mark.keyed_from,
                "code": right if code is None else code,
            },
        )


def _mark(row: Row[Any]) -> Mark:
    return Mark(number=row.number, digest=row.digest, keyed_from=row.keyed_from)


def _entry(row: Row[tuple[object, ...]]) -> Entry:
    return Entry(**row._asdict())
