"""Whether a worker keeps up: when each of its ticks last did its work."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from service.store.engine import Store
from service.worker.figures import Figures
from service.worker.tick import Tick


class Health:
    """What is known of the ticks of one worker.

    `seconds` is the event loop's clock, by which a tick's `noted_at` counts as well;
    `doubt` says why nothing may be sent, "" where it may.
    """

    def __init__(
        self,
        ticks: Sequence[Tick],
        *,
        store: Store,
        figures: Figures,
        doubt: Callable[[], str],
        seconds: Callable[[], float],
    ) -> None:
        """All is well at first."""
        self._ticks = ticks
        self._store = store
        self._figures = figures
        self._doubt = doubt
        self._seconds = seconds
        self._well_at = {tick.name: seconds() for tick in ticks}
        figures.ticks.expect(ticks)

    async def trouble(self) -> str:
        """Why this worker cannot do its work now, in a line; "" while it can."""
        return self.lag() or self._doubt() or await self._store.trouble()

    def lag(self) -> str:
        """The first tick that is later than it may be; "" while all keep up."""
        for tick in self._ticks:
            behind = self._behind(tick)
            if behind > tick.patience_seconds:
                return f"the {tick.name} tick has done nothing for {behind:.0f} seconds"
        return ""

    def figures(self) -> bytes:
        """All that is counted here, for Prometheus. Asks nobody."""
        for tick in self._ticks:
            self._figures.ticks.waited(tick, self._behind(tick))
        return self._figures.exposition()

    @contextmanager
    def watched(self, tick: Tick) -> Iterator[None]:
        """Note how the tick's work inside the block went."""
        begun = self._seconds()
        try:
            yield
        except BaseException:
            self._figures.ticks.failed(tick)
            raise
        now = self._well_at[tick.name] = self._seconds()
        self._figures.ticks.took(tick, now - begun)

    def _behind(self, tick: Tick) -> float:
        """Seconds since the tick ended well, or was seen to be at work."""
        return self._seconds() - max(self._well_at[tick.name], tick.noted_at())
