"""The messages that wait for a connection, and who waits for what becomes of each."""

import asyncio
from collections import deque
from dataclasses import dataclass

from service.domain.clock import Clock
from service.domain.obstacle import Obstacle
from service.domain.outbox import Outcome, Unsent
from service.mail.envelope import Envelope

TOO_LATE = Unsent(reason=Obstacle.TOO_LATE)
CLOSING = Unsent(reason=Obstacle.CLOSING)


@dataclass(slots=True, kw_only=True, eq=False)
class Submission:
    """One envelope with its checked addresses, and the future of its outcome."""

    envelope: Envelope
    sender: str
    recipient: str
    outcome: asyncio.Future[Outcome]
    is_second_try: bool = False

    def settle(self, outcome: Outcome) -> None:
        """Say what became of it, unless nobody waits any more."""
        if not self.outcome.done():
            self.outcome.set_result(outcome)


class Queue:
    """First come, first served, over as many connections as there are.

    `limit` is how many messages the relay last took on one connection before it
    closed it; 0 until it did so. `may_chain` ends with a relay that lets what follows
    a message go unanswered: some announce pipelining and yet forget it.
    """

    def __init__(self, clock: Clock) -> None:
        """Nothing waits."""
        self.limit = 0
        self.may_chain = True
        self._clock = clock
        self._waiting: deque[Submission] = deque()
        self._is_closed = False

    @property
    def is_waiting(self) -> bool:
        """Whether there is work for a connection."""
        return bool(self._waiting)

    def put(self, submission: Submission) -> None:
        """Let it wait, behind all others."""
        self._waiting.append(submission)
        self._turn_away()

    def put_back(self, submission: Submission) -> None:
        """Let it wait in front of all others: a connection failed it, unspoken."""
        self._waiting.appendleft(submission)
        self._turn_away()

    def take(self) -> Submission | None:
        """The next one that somebody waits for and that is not too late."""
        while self._waiting:
            submission = self._waiting.popleft()
            if self.is_late(submission):
                submission.settle(TOO_LATE)
            if not submission.outcome.done():
                return submission
        return None

    def is_late(self, submission: Submission) -> bool:
        """Whether its deadline has passed."""
        return submission.envelope.expires_at <= self._clock.now()

    def settle(self, outcome: Outcome) -> None:
        """Give all who wait the same answer."""
        while self._waiting:
            self._waiting.popleft().settle(outcome)

    def close(self) -> None:
        """Turn away all who wait, and whoever still comes."""
        self._is_closed = True
        self._turn_away()

    def _turn_away(self) -> None:
        if self._is_closed:
            self.settle(CLOSING)
