"""Every way in which bounces reach a worker, as the settings say."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from service.flows.bounces import Desk
from service.settings import BouncesSettings
from service.worker.lmtp import listening
from service.worker.mailbox import watching


@asynccontextmanager
async def intake(desk: Desk, settings: BouncesSettings) -> AsyncIterator[None]:
    """Bounces are taken in inside the block. Raises Misconfigured."""
    async with AsyncExitStack() as stack:
        if settings.listen:
            await stack.enter_async_context(listening(desk, settings.listen))
        if settings.imap_host:
            await stack.enter_async_context(watching(desk, settings))
        yield
