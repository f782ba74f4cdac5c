"""The memory of a person's mail: when refusals end the reminders, and never at once.

Providers have said the surest words of living accounts for an hour, so one refusal ends
nothing, and one that the fence holds (`domain.fence`) counts for nothing.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import takewhile

from service.domain.fence import Fence
from service.domain.refusals import Verdict

#: `dead` on two nights so far apart ends the reminders.
DEAD_APART = timedelta(hours=20)
#: `undelivered` on so many sends in a row, over so long, does too.
SENDS_UNDELIVERED = 5
UNDELIVERED_FOR = timedelta(days=10)
#: `ours` on so many, while others at the provider are reached, is the same.
SENDS_OURS = 30
#: A mail that a relay took is delivered where no report came within this time.
REPORTED_WITHIN = timedelta(days=5)
#: A person who was not reached for so many sends is shown to the operator.
SENDS_SHOWN = 3
#: The memory reaches back so far: 30 weekly reminders and a month.
REACH = timedelta(days=240)
#: Ends by refusals can be undone for so long; then the answers are erased.
UNDONE_WITHIN = timedelta(days=14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """One reminder that was sent. `verdict` is None where no refusal is known.

    `fence` is None until the night is closed.
    """

    night: date
    sent_at: datetime
    verdict: Verdict | None = None
    fence: Fence | None = None

    def is_success(self, *, now: datetime) -> bool:
        """Whether it was delivered, as far as can be known."""
        return self.verdict is None and now - self.sent_at > REPORTED_WITHIN

    @property
    def counts(self) -> bool:
        """Whether it was refused, and the fence lets that count."""
        is_judged = self.fence is not None and self.fence is not Fence.HELD
        return self.verdict is not None and is_judged


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedReminder:
    """A reminder that was refused, as a relay said at once or a report later.

    `words` are the provider's own. `has_reply`: a server of theirs said so, not just our
    own relay. `relay`, `domain` and `sent_at` (UTC) are what only the worker knows that
    spoke to the relay.
    """

    subscriber_id: int
    night: date
    verdict: Verdict
    words: str = field(repr=False)
    has_reply: bool = True
    relay: str = ""
    domain: str = ""
    sent_at: datetime | None = None


def ends(sends: Iterable[Send], *, now: datetime) -> Verdict | None:
    """DEAD or UNDELIVERED where a person's sends, in any order, end the reminders.

    Only what came after the last success counts, and of that only what no send of
    unknown fate interrupts: it may yet prove to be a success.
    """
    for run in _runs(sends, now=now):
        dead = [send for send in run if send.verdict is Verdict.DEAD]
        sure = [send for send in dead if send.fence is not Fence.THIN]
        if _span(sure) >= DEAD_APART or _span(dead) >= UNDELIVERED_FOR:
            return Verdict.DEAD
        ours = [send for send in run if send.verdict is Verdict.OURS]
        missed = [send for send in run if send.verdict is not Verdict.OURS]
        is_long = _span(missed) >= UNDELIVERED_FOR
        others_reached = sum(send.fence is Fence.OPEN for send in ours)
        if (
            len(missed) >= SENDS_UNDELIVERED and is_long
        ) or others_reached >= SENDS_OURS:
            return Verdict.UNDELIVERED
    return None


def unreached(sends: Iterable[Send], *, now: datetime) -> tuple[Send, ...]:
    """The refused sends since the last success, newest first, whatever the fence says.

    A send of unknown fate is passed over.
    """
    newest = _newest_first(sends)
    since = takewhile(lambda send: not send.is_success(now=now), newest)
    return tuple(send for send in since if send.verdict is not None)


def _runs(sends: Iterable[Send], *, now: datetime) -> list[list[Send]]:
    """What counts since the last success, parted where a send's fate is not known."""
    runs: list[list[Send]] = [[]]
    for send in _newest_first(sends):
        if send.is_success(now=now):
            break
        if send.verdict is None:
            runs.append([])
        elif send.counts:
            runs[-1].append(send)
    return runs


def _newest_first(sends: Iterable[Send]) -> list[Send]:
    return sorted(sends, key=lambda send: send.night, reverse=True)


def _span(sends: Sequence[Send]) -> timedelta:
    """From the first to the last of them; less than nothing where there is only one."""
    times = [send.sent_at for send in sends]
    return max(times) - min(times) if len(times) > 1 else timedelta(-1)
