"""Lets coverage follow threads and greenlets at once without hanging.

For coverage every thread has a greenlet. One that has ended is freed in a pending call
of the main thread, where coverage's weak reference to it runs traced Python; if another
thread ends at that moment, Python 3.11 waits there for ever (a pending call cannot
interrupt one, and a traced frame does not begin while one is pending). So these
greenlets are kept until the process ends: a few hundred bytes each.
"""

import sys
import threading

from greenlet import _greenlet, getcurrent

_kept: list[object] = []


def coverage_init(*_: object) -> None:
    """Called by coverage in each process that it measures, before its first thread."""
    # At the end of a thread greenlet would search all objects for what keeps its own.
    _greenlet.enable_optional_cleanup(False)  # noqa: FBT003
    threading.setprofile(_keep)


def _keep(*_: object) -> None:
    sys.setprofile(None)
    _kept.append(getcurrent())
