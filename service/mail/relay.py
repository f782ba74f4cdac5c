"""What is known of a relay: how fast it is given mail, and whether it is left alone."""

from datetime import datetime, timedelta

import structlog

from service.domain.breaker import (
    CLOSED,
    NO_STREAK,
    Fault,
    Gate,
    fault,
    is_before_a_recipient,
)
from service.domain.outbox import Accepted, Outcome, Refused, Unsent
from service.domain.pace import UNLIMITED, Bucket, allowed, bucket
from service.domain.refusals import Meaning
from service.settings import RelaySettings

#: A relay is given at once what it could have taken in this time.
BREATH = timedelta(milliseconds=100)
#: Only so much is begun as has its turn within this time: what waits for its turn is
#: in doubt after a crash, and holds up a worker that is asked to stop.
AHEAD = timedelta(seconds=5)

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
        #: The sender that it was last asked with.
        self.sender = ""
        self._rate = settings.rate
        self._warm_up = settings.warm_up
        self._bucket: Bucket | None = None
        self._streak = NO_STREAK
        self._lacks_letters = False

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

    def heard(
        self, recipient: str, outcome: Outcome, *, is_retry: bool, now: datetime
    ) -> None:
        """Learn from what became of a message to a subscriber.

        A few whose domains are away are refused again and again: nothing new is said.
        """
        if isinstance(outcome, Accepted):
            self._streak = NO_STREAK
        found = fault(outcome)
        if isinstance(outcome, Refused):
            self._tell_of_letters(outcome)
            if found is None and not is_retry:
                self._streak = self._streak.and_then(recipient.lower(), outcome)
                found = self._streak.fault
        if found:
            self.failed(found, _words(outcome), now=now)
        else:
            self.works(now=now)

    def heard_of_a_stranger(
        self, recipient: str, outcome: Outcome, *, now: datetime
    ) -> None:
        """Learn from a message that anybody may have asked for, to any address.

        Only what came before the relay was told of that address says something about
        the relay. An address outside ASCII is told with the sender.
        """
        if isinstance(outcome, Refused):
            self._tell_of_letters(outcome)
        if isinstance(outcome, Accepted) and self.breaker.is_closed:
            self.breaker = CLOSED
        found = fault(outcome)
        if found and is_before_a_recipient(outcome) and recipient.isascii():
            self.failed(found, _words(outcome), now=now)

    def works(self, *, now: datetime) -> None:
        """Note that it answered as it should."""
        was, self.breaker = self.breaker, self.breaker.succeeded(now=now)
        if self.breaker.is_closed and not was.is_closed:
            log.info("relay takes mail again", action="relay", relay=self.name)

    def failed(self, found: Fault, error: str, *, now: datetime) -> None:
        """Note a failure, in our words; it may be one too many."""
        was, self.breaker = self.breaker, self.breaker.failed(found, now=now)
        if was.is_closed and not self.breaker.is_closed:
            log.error(
                "relay left alone",
                action="relay",
                relay=self.name,
                error=error,
                seconds=int(self.breaker.wait.total_seconds()),
                remedy=found.remedy,
            )

    def _tell_of_letters(self, refused: Refused) -> None:
        """One line a worker: some addresses need what this relay does not have."""
        if refused.ruling.about is Meaning.OUR_RELAY and not self._lacks_letters:
            self._lacks_letters = True
            log.error(
                "relay takes no addresses outside ASCII",
                action="relay",
                relay=self.name,
                remedy="Switch SMTPUTF8 on (RFC 6531), or add a relay that has it",
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
            return f"{outcome.ruling.about}: {code} {enhanced}".strip()
        case Unsent(reason=reason):
            return reason
        case _:
            return "the connection was lost after a message"
