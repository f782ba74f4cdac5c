"""Messages over one connection: RFC 2920 where the relay announces it, else in turn.

Pipelined, a message takes two round trips: [MAIL RCPT DATA], then its body. Where
another one waits at that moment, its commands follow the body in the same write, and
it takes one:  C: body N, ".", MAIL RCPT DATA of N+1   S: 250, 250, 250, 354
"""

from collections import deque
from dataclasses import dataclass

from service.domain.obstacle import Obstacle
from service.domain.outbox import Accepted, Outcome, Refused, Unknown, Unsent
from service.domain.refusals import Refusals, Said, Stage
from service.mail.commands import Commands, Offer, opening, stuffed
from service.mail.queue import TOO_LATE, Queue, Submission
from service.mail.replies import Reply
from service.mail.wire import BLOCK, Lost, Wire

YES, GO_ON, NOT_NOW, NO = 2, 3, 4, 5  # First digits of a reply: RFC 5321, 4.2.1.
CLOSING, OUT_OF_ORDER = 421, 503
#: So many refusals, and nothing taken between, and a connection is replaced. Postfix
#: answers late after 10 and closes after 20 (smtpd_soft_error_limit, _hard_error_limit),
#: and counts DATA after a refused RCPT as one too.
MOST_ERRORS = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Patience:
    """How long we wait, in seconds: RFC 5321, 4.5.3.2.

    Whoever hangs up within 10 minutes after the final dot does not know whether the
    message was taken. A connection that was `idle` for longer is asked whether it
    lives before it is used. To that, and to our goodbye, an answer after `courtesy`
    is as good as none. Where the relay wants no more connections, the others serve for
    `refused` before one is asked for again. Somebody waits for a `probe`.
    """

    command: float = 300
    data: float = 120
    block: float = 180
    final_dot: float = 600
    idle: float = 5
    courtesy: float = 5
    refused: float = 30
    probe: float = 30


class Session:
    """Serves the queue over one connection, for as long as nothing odd happens.

    Only a message whose final dot was written can have an unknown outcome: whatever
    was opened behind it has not been handed over.
    """

    def __init__(
        self,
        wire: Wire,
        offer: Offer,
        queue: Queue,
        refusals: Refusals,
        patience: Patience,
    ) -> None:
        """Take over a connection that has greeted and signed in."""
        self._wire = wire
        self._offer = offer
        self._queue = queue
        self._refusals = refusals
        self._patience = patience
        self._opened: deque[tuple[Submission, Commands]] = deque()
        self._stage = Stage.MAIL
        self._is_dotted = False
        self._served = 0
        self._errors = 0
        self._is_at_limit = False

    @property
    def is_sound(self) -> bool:
        """Whether the connection may serve another message."""
        return self._wire.is_quiet and not self.is_spent

    @property
    def is_spent(self) -> bool:
        """Whether the relay has refused so much that it would soon hang up."""
        return self._errors >= MOST_ERRORS

    async def serve(self) -> None:
        """Settle what waits, until nothing does or the connection is in doubt."""
        try:
            while self.is_sound and (words := self._open()):
                if self._offer.pipelining:
                    self._wire.write(words)
                while self._opened:
                    submission, commands = self._opened[0]
                    if await self._is_invited(commands):
                        await self._hand_over(submission)
        except Lost as lost:
            self._give_up(str(lost))
        except BaseException:
            self._give_up("we broke off")
            raise

    async def lives(self) -> bool:
        """Whether the relay is there and says yes to a harmless command."""
        return await self._obeys(b"NOOP\r\n", self._patience.courtesy)

    async def asked(self, command: str) -> Reply:
        """The relay's answer to one command. Raises Lost."""
        self._wire.write(f"{command}\r\n".encode())
        return await self._wire.reply(self._patience.command)

    async def leave(self) -> None:
        """Say goodbye, wait a little for the answer, and close."""
        await self._obeys(b"QUIT\r\n", self._patience.courtesy)
        self.close()

    def close(self) -> None:
        """Drop the connection."""
        self._wire.close()

    def _open(self) -> bytes:
        """The commands of the next message, or nothing if none waits."""
        while submission := self._queue.take():
            words = opening(
                submission.envelope,
                submission.sender,
                submission.recipient,
                self._offer,
            )
            if not isinstance(words, Refused):
                self._opened.append((submission, words))
                return b"".join(words)
            submission.settle(words)
        return b""

    async def _is_invited(self, commands: Commands) -> bool:
        """Whether the relay wants the message; if not, the refusal is settled."""
        patience = self._patience
        for command, stage, wanted, seconds in zip(
            commands,
            (Stage.MAIL, Stage.RCPT, Stage.DATA),
            (YES, YES, GO_ON),
            (patience.command, patience.command, patience.data),
            strict=True,
        ):
            self._stage = stage
            if not self._offer.pipelining:
                self._wire.write(command)
            reply = await self._wire.reply(seconds)
            if reply.kind != wanted:
                await self._recover(stage, reply)
                return False
        return True

    async def _recover(self, stage: Stage, reply: Reply) -> None:
        """Settle a refusal and make the connection ready for another message."""
        if reply.kind not in (NOT_NOW, NO):
            raise Lost(f"an odd answer ({reply.code})")
        self._is_at_limit = self._errors > 0 and reply.code == CLOSING
        self._errors += 1
        if reply.code in (CLOSING, OUT_OF_ORDER) and self._is_left_unspoken():
            raise Lost(f"the relay answered {reply.code}")
        is_halfway = stage is Stage.MESSAGE and not self._is_dotted
        self._settle(
            refused(
                self._refusals, stage, reply, recipient=self._opened[0][0].recipient
            )
        )
        if reply.code == CLOSING or is_halfway:
            raise Lost(f"the relay answered {reply.code}")
        if self._opened:
            return
        if self._offer.pipelining:
            await self._read_on(stage)
        if not await self._obeys(b"RSET\r\n", self._patience.command):
            raise Lost("the relay does not reset")

    async def _read_on(self, at: Stage) -> None:
        """Read what comes after a refusal to commands that were sent in one go.

        DATA may be let through all the same. Then a lone dot ends the message that is
        none (RFC 2920, 3.1); but a relay that took the recipient might deliver that.
        """
        is_taken = False
        if at is Stage.MAIL:
            reply = await self._wire.reply(self._patience.command)
            is_taken = reply.kind == YES
        if at in (Stage.MAIL, Stage.RCPT):
            reply = await self._wire.reply(self._patience.data)
            self._errors += 1
            if reply.kind == GO_ON:
                if is_taken:
                    raise Lost("a recipient was taken without a sender")
                self._wire.write(b".\r\n")
                await self._wire.reply(self._patience.final_dot)

    async def _hand_over(self, submission: Submission) -> None:
        """The message and its final dot. From then on a silence proves nothing."""
        self._stage = Stage.MESSAGE
        if self._queue.is_late(submission):
            # After 354 only hanging up ends a transaction without a mail.
            self._settle(TOO_LATE)
            raise Lost("too late for the message")
        last = await self._all_but_the_last(stuffed(submission.envelope.data))
        if last is not None:
            following = self._open() if self._may_chain() else b""
            self._wire.write(b"".join((last, b".\r\n", following)))
            self._is_dotted = True
            await self._wire.room(self._patience.block)
        reply = await self._wire.reply(self._patience.final_dot)
        if reply.kind == YES and self._is_dotted:
            self._errors = 0
            self._settle(Accepted(reply=reply.text))
        else:
            await self._recover(Stage.MESSAGE, reply)

    async def _all_but_the_last(self, data: bytes) -> bytes | None:
        """Write all blocks but the last, which is returned; None if it has answered."""
        start = 0
        while self._wire.is_quiet and len(data) - start > BLOCK:
            self._wire.write(data[start : start + BLOCK])
            start += BLOCK
            await self._wire.room(self._patience.block)
        return data[start:] if self._wire.is_quiet else None

    def _may_chain(self) -> bool:
        """Whether another message may be opened right behind this one."""
        is_last = self._served + 1 == self._queue.limit
        return self._offer.pipelining and self._queue.may_chain and not is_last

    def _give_up(self, why: str) -> None:
        """Close, and settle what is opened. A message not spoken of is tried again."""
        self._wire.close()
        while self._opened:
            submission, _ = self._opened[0]
            if self._is_dotted:
                self._settle(Unknown(reason=f"{Obstacle.LOST_AFTER}: {why}"))
            elif self._is_left_unspoken():
                self._opened.popleft()
                submission.is_second_try = True
                self._queue.limit = 0 if self._is_at_limit else self._served
                self._queue.may_chain &= not self._wire.is_silent
                self._queue.put_back(submission)
            else:
                lost = f"{Obstacle.LOST_BEFORE} {self._stage}: {why}"
                self._settle(Unsent(reason=lost, stage=self._stage))

    def _is_left_unspoken(self) -> bool:
        """Whether a connection that had served left the next one without a word.

        That is how a relay ends a connection that was idle, or has carried as many
        messages as it allows: the message itself deserves another one, once. So it does
        where the relay had enough of the errors of those before it.
        """
        if self._is_at_limit and not self._is_dotted:
            return True
        is_second_try = self._opened[0][0].is_second_try
        return self._stage is Stage.MAIL and self._served > 0 and not is_second_try

    def _settle(self, outcome: Outcome) -> None:
        submission, _ = self._opened.popleft()
        submission.settle(outcome)
        self._stage = Stage.MAIL
        self._is_dotted = False
        self._served += 1

    async def _obeys(self, command: bytes, seconds: float) -> bool:
        """Whether the relay says yes to this, and nothing else."""
        if not self._wire.is_quiet:
            return False
        try:
            self._wire.write(command)
            reply = await self._wire.reply(seconds)
        except Lost:
            return False
        return reply.kind == YES


def refused(
    refusals: Refusals, stage: Stage, reply: Reply, *, recipient: str = ""
) -> Refused:
    """A relay's no as an outcome."""
    said = Said(
        stage=stage,
        code=reply.code,
        enhanced=reply.enhanced,
        words=reply.words,
        hosts=(recipient.rpartition("@")[2],),
    )
    return Refused(
        stage=stage,
        code=reply.code,
        enhanced=reply.enhanced,
        reply=reply.text,
        ruling=refusals.ruling(said),
    )
