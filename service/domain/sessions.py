"""How long a browser stays signed in to the console."""

from datetime import timedelta

#: Without a page being asked for.
IDLE = timedelta(minutes=30)
#: Whatever is done meanwhile.
LONGEST = timedelta(hours=12)
#: A page asked for is noted so often at most.
SEEN_EVERY = timedelta(minutes=1)
