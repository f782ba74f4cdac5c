"""How fast mail may leave: to a relay, to a recipient's domain, from a new sender."""

import math
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

UNLIMITED = math.inf
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)
#: A clock that is behind by more was set back. Less is somebody who asks with a `now`
#: that has grown old while a database was slow.
SET_BACK = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bucket:
    """Lets `rate` messages a second through, and `burst` at once after a rest.

    All it keeps is when it will be full again (the generic cell rate algorithm), so
    nothing has to run while nobody sends; and when it was last taken from, for a clock
    that was set back would keep it empty for as long.
    """

    rate: float
    burst: float
    full_at: datetime = LONG_AGO
    taken_at: datetime = LONG_AGO

    def take(self, *, now: datetime) -> tuple["Bucket", timedelta]:
        """The bucket without its next token, and how long to wait for that token."""
        gap = timedelta(seconds=1 / self.rate)
        wait = self.wait(now=now)
        return replace(self, full_at=now + self._lack(now) + gap, taken_at=now), wait

    def wait(self, *, now: datetime) -> timedelta:
        """How long until there is a token; zero if there is one."""
        spare = timedelta(seconds=(self.burst - 1) / self.rate)
        return max(self._lack(now) - spare, timedelta())

    def tokens(self, *, within: timedelta, now: datetime) -> int:
        """How many messages have their turn within so long if they ask now."""
        time = within - self._lack(now)
        return max(int(self.burst + self.rate * time.total_seconds()), 0)

    def at(self, rate: float, *, rest: timedelta) -> "Bucket":
        """One of another rate, that is full again at the same instant."""
        return replace(self, rate=rate, burst=bucket(rate, rest=rest).burst)

    def _lack(self, now: datetime) -> timedelta:
        """How long until it is full."""
        is_set_back = now < self.taken_at - SET_BACK
        return timedelta() if is_set_back else max(self.full_at - now, timedelta())


def bucket(rate: float, *, rest: timedelta) -> Bucket:
    """A full bucket that holds as many tokens as come during `rest`, and at least one."""
    return Bucket(rate=rate, burst=max(1.0, rate * rest.total_seconds()))


#: How long what a domain was sent counts as lately.
LATELY = timedelta(seconds=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a domain was sent lately: a count that fades."""

    count: float = 0.0
    at: datetime = LONG_AGO

    def plus_one(self, *, now: datetime) -> "Traffic":
        """The traffic with a message sent now."""
        return Traffic(count=self._faded(now) + 1, at=now)

    def rate(self, *, now: datetime) -> float:
        """Messages a second, lately."""
        return self._faded(now) / LATELY.total_seconds()

    def _faded(self, now: datetime) -> float:
        return self.count * math.exp(-max((now - self.at) / LATELY, 0.0))


NO_TRAFFIC = Traffic()

#: A domain that minds is never written to more slowly, in messages a second.
SLOWEST = 0.1
#: Refusals that come sooner after a cut belong to mail sent before it.
ROUND = timedelta(seconds=10)
#: Without further trouble a domain has its full rate back after so long.
RECOVERY = timedelta(minutes=10)
#: A worker looks again within this time, and finds the tokens of the time between.
LOOK = timedelta(seconds=5)
#: A held message comes back within this time, for its domain may have recovered.
LONGEST_HOLD = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """The rate of one recipient domain, and the queue of who is held back for it.

    Halves when the domain minds and creeps back to `full` while it does not: AIMD, by
    which TCP shares a line that nobody knows the width of (RFC 5681).
    """

    bucket: Bucket
    full: float
    cut_at: datetime = LONG_AGO
    eased_at: datetime = LONG_AGO
    tail: datetime = LONG_AGO

    @property
    def rate(self) -> float:
        """Messages a second."""
        return self.bucket.rate

    @property
    def is_full(self) -> bool:
        """Whether nothing is left of the trouble."""
        return self.rate >= self.full

    def pass_or_hold(self, *, now: datetime) -> tuple["Limit", datetime | None]:
        """Whether a message may go now (None), or else when it should come back.

        Those held come back one by one, as fast as tokens do, so that the rate is used
        and none of them asks in vain more often than it must. Where the queue is too
        long they come round after round.
        """
        taken, wait = self.bucket.take(now=now)
        if not wait:
            return replace(self, bucket=taken), None
        gap = timedelta(seconds=1 / self.rate)
        slot = max(self.tail, now) + gap
        if slot > now + LONGEST_HOLD:
            slot = now + min(gap, LONGEST_HOLD)
        return replace(self, tail=slot), slot

    def cut(self, *, now: datetime) -> "Limit":
        """Half the rate, once a round."""
        if now < self.cut_at + ROUND:
            return self
        return self._at(max(self.rate / 2, self._slowest), now)

    def cut_down(self, *, now: datetime) -> "Limit":
        """The slowest rate."""
        return self._at(self._slowest, now)

    def eased(self, *, now: datetime) -> "Limit":
        """A little more of the rate, after a message that went well."""
        time = min(max(now - self.eased_at, timedelta()), ROUND)
        rate = min(self.rate + self.full * (time / RECOVERY), self.full)
        return replace(self, bucket=self.bucket.at(rate, rest=LOOK), eased_at=now)

    def within(self, rate: float) -> "Limit":
        """The limit where the full rate must not be more than this."""
        slower = self.bucket.at(min(self.rate, rate), rest=LOOK)
        return replace(self, bucket=slower, full=min(self.full, rate))

    def paced(self, rate: float) -> "Limit":
        """The limit at this rate for now."""
        return replace(self, bucket=self.bucket.at(rate, rest=LOOK))

    @property
    def _slowest(self) -> float:
        return min(SLOWEST, self.full)

    def _at(self, rate: float, now: datetime) -> "Limit":
        # Tokens saved up at the old rate are gone: the domain has had enough of them.
        slower = replace(bucket(rate, rest=LOOK), full_at=now + LOOK, taken_at=now)
        return replace(self, bucket=slower, cut_at=now, eased_at=now)


def limit(rate: float) -> Limit:
    """A domain at its full rate."""
    return Limit(bucket=bucket(rate, rest=LOOK), full=rate)


#: What a provider that has never heard of a sender takes on its first day without
#: distrust, and how fast that may grow. Published schedules start with 50 to 500 a
#: day and double in one to three days; Google asks bulk senders to grow slowly and
#: names a sudden doubling as a reason to be limited (Email sender guidelines).
FIRST_DAY = 200
GROWTH = 1.5
WARM_UP_DAYS = 30
#: The hours over which a day's mail is spread: people choose an evening's hour.
EVENING = timedelta(hours=6)


def allowed(rate: float, warm_up: date | None, *, today: date) -> float:
    """Messages a second that a relay may be given; `rate` 0 is as fast as it can."""
    most = rate or UNLIMITED
    return min(most, ramp(warm_up, today=today)) if warm_up else most


#: One invitation goes out in this time at most, however fast the relays are.
INVITE_EVERY = timedelta(seconds=1)


def invite_every(rate: float) -> timedelta:
    """The time between two invitations: half of what the relays take is for others."""
    return max(INVITE_EVERY, timedelta(seconds=2 / rate))


def ramp(first_day: date, *, today: date) -> float:
    """Messages a second for a sender that began on `first_day`: 200 a day at first.

    A rate and no count, so that it holds after a restart, and early readers do not
    use up the whole of an evening.
    """
    day = max((today - first_day).days, 0)
    if day >= WARM_UP_DAYS:
        return UNLIMITED
    return FIRST_DAY * GROWTH**day / EVENING.total_seconds()
