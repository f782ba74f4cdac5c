"""What is known of a relay: how fast it is given mail, and whether it is left alone."""

from datetime import datetime, timedelta

import structlog

from service.domain.breaker import (
    ASTRAY,
    CLOSED,
    SHUNNED,
    THROTTLED,
    Fault,
    Gate,
    fault,
)
from service.domain.outbox import (
    VERDICTS,
    Accepted,
    Meaning,
    Outcome,
    Refused,
    Unsent,
    meaning,
)
from service.domain.pace import UNLIMITED, Bucket, allowed, bucket
from service.settings import RelaySettings

#: A relay is given at once what it could have taken in this time.
BREATH = timedelta(milliseconds=100)
#: Only so much is begun as has its turn within this time: what waits for its turn is
#: in doubt after a crash, and holds up a worker that is asked to stop.
AHEAD = timedelta(seconds=5)

#: So many domains do not refuse us or mind by chance, one after the other.
TOO_MANY = 5
#: And so many addresses are not all bad: whoever says so is in trouble of its own, and
#: each one that is believed may cost a subscriber.
TOO_MANY_BLAMED = 10
#: Meanings that are held against an address. A full mailbox is nobody else's fault.
BLAMES = VERDICTS.keys() - {Meaning.MAILBOX_FULL}
AT_ONCE = timedelta()

log = structlog.get_logger()


class Relay:
    """What is known of a relay: its rate, its turns, whether it is left alone."""

    def __init__(self, settings: RelaySettings) -> None:
        """Nothing speaks against it yet."""
        self.name = f"{settings.host}:{settings.port}"
        self.weight = settings.weight
        self.credit = 0
        self.workers = 1
        self.breaker = CLOSED
        self._rate = settings.rate
        self._warm_up = settings.warm_up
        self._bucket: Bucket | None = None
        self._refusing: set[str] = set()
        self._slowing: set[str] = set()
        self._blamed = 0

    def rate(self, *, now: datetime) -> float:
        """Messages a second, this worker's part."""
        return allowed(self._rate, self._warm_up, today=now.date()) / self.workers

    def passes(self, left: int, *, now: datetime) -> int:
        """How many more messages its breaker lets through, of those `left` to send.

        The one that tries it again need not wait until what hangs has come back.
        """
        gate = self.breaker.gate(now=now)
        return {Gate.CLOSED: max(left, 0), Gate.HALF_OPEN: 1, Gate.OPEN: 0}[gate]

    def room(self, left: int, *, now: datetime) -> int:
        """How many of those that its breaker lets through have their turn soon."""
        bucket = self._filled(now)
        passes = self.passes(left, now=now)
        return min(passes, bucket.tokens(within=AHEAD, now=now)) if bucket else passes

    def wait(self, *, now: datetime) -> timedelta:
        """How long until the next message has its turn."""
        bucket = self._filled(now)
        return bucket.wait(now=now) if bucket else AT_ONCE

    def turn(self, *, before: datetime, now: datetime) -> timedelta | None:
        """Take the next turn: how long until it comes. None where that is too late."""
        bucket = self._filled(now)
        wait = bucket.wait(now=now) if bucket else AT_ONCE
        if now + wait >= before:
            return None
        if bucket:
            self._bucket, _ = bucket.take(now=now)
        return wait

    def heard(self, domain: str, outcome: Outcome, *, now: datetime) -> None:
        """Learn from what became of a message to the domain."""
        was = self.breaker
        if found := fault(outcome) or self._doubted(domain, outcome):
            self.breaker = was.failed(found, now=now)
            if was.is_closed and not self.breaker.is_closed:
                self._alarm(found, outcome)
        elif was is not CLOSED:
            self.breaker = was.succeeded(now=now)
            if self.breaker.is_closed and not was.is_closed:
                log.info("relay takes mail again", action="relay", relay=self.name)

    def _doubted(self, domain: str, outcome: Outcome) -> Fault | None:
        """One after the other is refused, and none accepted: that is about us."""
        what = meaning(outcome) if isinstance(outcome, Refused) else None
        found = None
        if isinstance(outcome, Accepted):
            self._refusing.clear()
            self._slowing.clear()
            self._blamed = 0
        elif what is Meaning.POLICY:
            self._refusing.add(domain)
            found = SHUNNED if len(self._refusing) >= TOO_MANY else None
        elif what is Meaning.SLOWER:
            self._slowing.add(domain)
            found = THROTTLED if len(self._slowing) >= TOO_MANY else None
        elif what in BLAMES:
            self._blamed += 1
            found = ASTRAY if self._blamed >= TOO_MANY_BLAMED else None
        return found

    def _alarm(self, found: Fault, outcome: Outcome) -> None:
        log.error(
            "relay left alone",
            action="relay",
            relay=self.name,
            error=_words(outcome),
            seconds=int(self.breaker.wait.total_seconds()),
            remedy=found.remedy,
        )

    def _filled(self, now: datetime) -> Bucket | None:
        """The bucket at the present rate, with what was taken from it before."""
        rate = self.rate(now=now)
        if rate == UNLIMITED:
            return None
        if self._bucket is None:
            self._bucket = bucket(rate, rest=BREATH)
        elif self._bucket.rate != rate:
            self._bucket = self._bucket.at(rate, rest=BREATH)
        return self._bucket


def _words(outcome: Outcome) -> str:
    """What happened, in our words: a relay's own may repeat an address."""
    match outcome:
        case Refused(code=code, enhanced=enhanced):
            return f"{meaning(outcome)}: {code} {enhanced}".strip()
        case Unsent(reason=reason):
            return reason
        case _:
            return "the connection was lost after a message"
