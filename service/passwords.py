"""Passwords as Argon2id hashes; the only argon2.

A hash takes 64 MiB and a noticeable while, so it is made in a thread, and only two at
once: whoever tries many passwords does not take the memory of the pages.
Who lets strangers in asks first whether it is crowded (`is_crowded`).
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

AT_ONCE = 2
#: So many are at work or wait, a second or two; a stranger who comes then is sent away.
CROWD = 20
#: The low-memory profile of RFC 9106, which the library keeps up to date.
STANDARD = PasswordHasher()


class Passwords:
    """Makes hashes and compares passwords with them."""

    def __init__(self, hasher: PasswordHasher = STANDARD) -> None:
        """Use this strength; the work for a name that nobody has is the same."""
        self._hasher = hasher
        self._turns = asyncio.Semaphore(AT_ONCE)
        self._decoy = ""
        self._here = 0

    @property
    def is_crowded(self) -> bool:
        """Whether so many passwords wait that a stranger's is not to wait too."""
        return self._here >= CROWD

    async def hash(self, password: str) -> str:
        """The hash to keep, with its own salt and strength in it."""
        async with self._turn():
            return await asyncio.to_thread(self._hasher.hash, password)

    async def matches(self, password: str, kept: str) -> bool:
        """Whether it is the password of this hash; "" is nobody's, and takes as long."""
        if not self._decoy:
            self._decoy = await self.hash(os.urandom(16).hex())
        async with self._turn():
            return await asyncio.to_thread(self._verify, kept or self._decoy, password)

    def is_outdated(self, kept: str) -> bool:
        """Whether a hash has another strength than new ones."""
        return self._hasher.check_needs_rehash(kept)

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        self._here += 1
        try:
            async with self._turns:
                yield
        finally:
            self._here -= 1

    def _verify(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerificationError, InvalidHashError):
            return False
