"""A question that a person answers at a glance, and a script by work (proof of work).

Nothing is kept of it: the signed puzzle goes with the form and comes back with it. It is
made for one mailbox, whose own limit is how often it can be used.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from itsdangerous import BadSignature, URLSafeSerializer

#: The SHA-256 of the puzzle and the work begins with so many zero bits: some 65,000
#: tries, which take a phone a few seconds.
WORK_BITS = 16
ANSWER_WITHIN = timedelta(minutes=30)
NUMBERS = ("two", "three", "four", "five", "six", "seven", "eight", "nine")
FIRST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Puzzle:
    """What goes into the page: how much is `first` and `second`, in words?"""

    token: str
    first: str
    second: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Puzzles:
    """Makes puzzles and looks at what came back. `keys`: newest first."""

    keys: tuple[bytes, ...]

    def new(self, mailbox: str, *, now: datetime) -> Puzzle:
        """A puzzle for whoever asks for mail to this mailbox."""
        until = int((now + ANSWER_WITHIN).timestamp())
        token = str(self._serializer().dumps([_digest(mailbox), until]))
        first, second = _numbers(token)
        return Puzzle(
            token=token, first=NUMBERS[first - FIRST], second=NUMBERS[second - FIRST]
        )

    def is_solved(
        self, token: str, mailbox: str, *, answer: str, work: str, now: datetime
    ) -> bool:
        """Whether it is a puzzle of this mailbox, with the sum or with the work."""
        try:
            whose, until = self._serializer().loads(token)
        except BadSignature:
            return False
        if whose != _digest(mailbox) or now >= datetime.fromtimestamp(until, UTC):
            return False
        return answer == str(sum(_numbers(token))) or _is_work(token, work)

    def _serializer(self) -> URLSafeSerializer:
        return URLSafeSerializer(
            list(reversed(self.keys)),
            salt="eventide.puzzle",
            signer_kwargs={"digest_method": hashlib.sha256},
        )


def _numbers(token: str) -> tuple[int, int]:
    dice = hashlib.blake2b(token.encode(), digest_size=2).digest()
    return dice[0] % len(NUMBERS) + FIRST, dice[1] % len(NUMBERS) + FIRST


def _is_work(token: str, work: str) -> bool:
    hashed = hashlib.sha256(f"{token}.{work}".encode()).digest()
    return bool(work) and int.from_bytes(hashed[:4]) >> (32 - WORK_BITS) == 0


def _digest(mailbox: str) -> str:
    return hashlib.blake2b(mailbox.encode(), digest_size=16).hexdigest()
