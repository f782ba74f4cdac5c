"""The two lanes of mail, each with a courier and connections of its own."""

import asyncio
import os
import socket
import uuid
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta

from service.domain.clock import Clock
from service.domain.outbox import Lane
from service.domain.refusals import Refusals
from service.flows.deliver import Courier
from service.flows.timekeeping import Timekeeper
from service.mail.letters import Letters
from service.mail.relays import Relays
from service.settings import SmtpSettings
from service.store.engine import Store

#: Connections of their own for mails that somebody waits for.
EXPRESS_CONNECTIONS = 2


@asynccontextmanager
async def lanes(
    smtp: SmtpSettings, refusals: Refusals, clock: Clock
) -> AsyncIterator[Mapping[Lane, Relays]]:
    """The same relays for each lane.

    Whoever waits for a confirmation does not wait behind the evening's reminders.
    """
    few = {"connections": EXPRESS_CONNECTIONS}
    others = tuple(each.model_copy(update=few) for each in smtp.others)
    express = smtp.model_copy(update={**few, "others": others})
    async with (
        Relays(smtp, refusals, clock=clock) as relays,
        Relays(
            express,
            refusals,
            clock=clock,
            lane=Lane.PRIORITY,
            manners=relays.manners,
        ) as express_relays,
    ):
        yield {Lane.EVENING: relays, Lane.PRIORITY: express_relays}


def couriers(  # what a courier works with, each given by name
    relays: Mapping[Lane, Relays],
    *,
    store: Store,
    letters: Letters,
    timekeeper: Timekeeper,
    lease: timedelta,
    stop: asyncio.Event,
) -> dict[Lane, Courier]:
    """A courier for each lane, under a name that is unique to this start.

    A row that was claimed by an earlier start is not theirs.
    """
    worker = f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
    return {
        lane: Courier(
            store=store,
            letters=letters,
            relays=used,
            clock=timekeeper.clock,
            worker=worker,
            lease=lease,
            stop=stop,
            may_begin=lambda: timekeeper.may_act,
        )
        for lane, used in relays.items()
    }
