"""The recipient domains: which ones mind how fast we write, which refuse us."""

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog

from service.domain.breaker import CLOSED, POLICY, Breaker, Gate
from service.domain.outbox import Accepted, Outcome, Refused
from service.domain.pace import NO_TRAFFIC, UNLIMITED, Limit, Traffic, limit
from service.domain.refusals import Meaning

#: So many domains are remembered; the one that was written to longest ago goes first.
MOST = 20_000
#: A domain that minds counts as one that takes at least this much a second.
LEAST_FULL = 1.0
#: Whoever is held while the one message to a paused domain is on its way asks again.
ASK_AGAIN = timedelta(minutes=1)

log = structlog.get_logger()


@dataclass(slots=True)
class _Domain:
    traffic: Traffic = NO_TRAFFIC
    limit: Limit | None = None
    express: Limit | None = None
    pause: Breaker = CLOSED
    refused: frozenset[str] = frozenset()


class Domains:
    """What one worker knows of the domains it writes to.

    `rate` is the most that any of them gets a second.
    """

    def __init__(self, rate: float) -> None:
        """Nothing is known of any domain yet."""
        self._known: OrderedDict[str, _Domain] = OrderedDict()
        self._rate = self._share = rate

    def share(self, workers: int) -> None:
        """Keep to a fair part of the rate from now on."""
        share = self._rate / workers
        if share == self._share:
            return
        self._share = share
        for known in self._known.values():
            if known.limit:
                is_full = known.limit.is_full
                known.limit = None if is_full else known.limit.within(self._share)

    def paused(self, *, now: datetime) -> int:
        """How many domains are left alone."""
        gates = (known.pause.gate(now=now) for known in self._known.values())
        return sum(gate is not Gate.CLOSED for gate in gates)

    def hold(self, name: str, *, may_probe: bool, now: datetime) -> datetime | None:
        """None where a message may go to the domain now, or when it should come back.

        After a pause a message that `may_probe` is the one that tries it again.
        """
        known = self._noted(name)
        if known.pause.gate(now=now) is Gate.OPEN:
            until = known.pause.until
            return min(until, now + ASK_AGAIN) if known.pause.is_probing else until
        if slot := self._held(known, may_probe=may_probe, now=now):
            return slot
        if may_probe:
            known.pause = known.pause.passed(now=now)
        known.traffic = known.traffic.plus_one(now=now)
        return None

    def _held(
        self, known: _Domain, *, may_probe: bool, now: datetime
    ) -> datetime | None:
        """When a message should come back that has no turn yet.

        What anybody may ask for has turns of its own, as many: it takes no reader's.
        """
        if known.limit is None and self._share < UNLIMITED:
            known.limit = limit(self._share)
        if known.limit is None:
            return None
        if may_probe:
            known.limit, slot = known.limit.pass_or_hold(now=now)
        else:
            rate = known.limit.rate
            express = known.express.paced(rate) if known.express else limit(rate)
            known.express, slot = express.pass_or_hold(now=now)
        return slot

    def heard(self, recipient: str, outcome: Outcome, *, now: datetime) -> None:
        """Learn from what became of a message to a subscriber."""
        name = recipient.rpartition("@")[2]
        known = self._noted(name)
        match outcome:
            case Accepted():
                _went_well(known, name, now=now)
            case Refused(ruling=ruling) if ruling.about is Meaning.SLOWER:
                known.limit = self._minded(known, now=now).cut(now=now)
            case Refused(ruling=ruling) if ruling.about is Meaning.POLICY:
                self._went_ill(known, recipient.lower(), outcome, now=now)
            case _:
                pass
        known.pause = known.pause.unanswered(now=now)

    def _noted(self, name: str) -> _Domain:
        name = name.lower()
        known = self._known.get(name)
        if known is None:
            known = self._known[name] = _Domain()
            if len(self._known) > MOST:
                self._known.popitem(last=False)
        else:
            self._known.move_to_end(name)
        return known

    def _went_ill(
        self, known: _Domain, recipient: str, refused: Refused, *, now: datetime
    ) -> None:
        """Refused by policy: the same person again is no further evidence."""
        if known.pause.is_closed and recipient in known.refused:
            return
        known.refused |= {recipient}
        was, known.pause = known.pause, known.pause.failed(POLICY, now=now)
        if not known.pause.is_closed:
            # After the pause it is written to slowly at first.
            known.limit = self._minded(known, now=now).cut_down(now=now)
            known.refused = frozenset()
        if was.is_closed and not known.pause.is_closed:
            log.error(
                "domain paused",
                action="pace",
                domain=recipient.rpartition("@")[2],
                answer=f"{refused.code} {refused.enhanced}".strip(),
                minutes=known.pause.wait // timedelta(minutes=1),
                remedy=POLICY.remedy,
            )

    def _minded(self, known: _Domain, *, now: datetime) -> Limit:
        """The limit of a domain that minds: at first what it was sent lately."""
        lately = max(known.traffic.rate(now=now), LEAST_FULL)
        return known.limit or limit(min(lately, self._share))


def _went_well(known: _Domain, name: str, *, now: datetime) -> None:
    known.refused = frozenset()
    if known.pause is not CLOSED:
        was, known.pause = known.pause, known.pause.succeeded(now=now)
        if known.pause.is_closed and not was.is_closed:
            log.info("domain takes mail again", action="pace", domain=name)
    if known.limit and not known.limit.is_full:
        eased = known.limit.eased(now=now)
        known.limit = None if eased.is_full else eased
