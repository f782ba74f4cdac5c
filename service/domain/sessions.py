"""How long a browser stays signed in to the console, and what is told of it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

#: Without a page being asked for.
IDLE = timedelta(minutes=30)
#: Whatever is done meanwhile.
LONGEST = timedelta(hours=12)
#: A page asked for is noted so often at most.
SEEN_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class OpenSession:
    """A browser that somebody is signed in with. `id` lets nobody in."""

    id: str
    started_at: datetime
    seen_at: datetime
    is_vouched: bool
    is_this: bool
