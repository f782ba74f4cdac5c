"""Accounts: what is secret is sealed, and one admin stays whatever is done at once."""

import asyncio
from dataclasses import replace

import pytest
from argon2 import PasswordHasher

from service.domain.errors import VisitorError
from service.domain.operators import Account, Role
from service.flows import account, operators
from service.passwords import Passwords
from tests.builders import NOON
from tests.store.plain_sql import raw

ADA = Account(name="ada", role=Role.ADMIN, created_at=NOON)


async def kept(store, name="ada"):
    async with store.transaction() as tx:
        return await tx.operators.get(name)


async def test_an_account_comes_back_as_it_was_kept(store):
    full = replace(
        ADA,
        password_hash="hash",
        second_factor="JBSWY3DPEHPK3PXP",
        last_step=7,
        disabled_at=NOON,
    )
    async with store.transaction() as tx:
        assert await tx.operators.add(ADA)
        await tx.operators.save(full)

    assert await kept(store) == full
    assert await kept(store, "eve") is None


async def test_the_secret_of_a_second_factor_is_sealed(store, database_url):
    async with store.transaction() as tx:
        await tx.operators.add(ADA)
        await tx.operators.save(replace(ADA, second_factor="JBSWY3DPEHPK3PXP"))

    (row,) = await raw(database_url, "SELECT * FROM operator")
    assert b"JBSWY3DP" not in row["sealed"]
    assert row["key_id"] == "2026-11"


async def test_a_session_is_kept_as_a_digest_only(store, database_url):
    async with store.transaction() as tx:
        await tx.operators.add(ADA)
        await tx.sessions.add("the-token", "ada", now=NOON)

    (row,) = await raw(database_url, "SELECT * FROM session")
    assert b"the-token" not in row["digest"]
    assert len(row["digest"]) == 32


async def test_two_admins_who_disable_each_other_at_once_leave_one(store):
    async with store.transaction() as tx:
        await tx.operators.add(ADA)
        await tx.operators.add(replace(ADA, name="eve"))

    results = await asyncio.gather(
        operators.disable(store, "ada", by="eve", now=NOON),
        operators.disable(store, "eve", by="ada", now=NOON),
        return_exceptions=True,
    )

    (refused,) = filter(None, results)
    assert isinstance(refused, VisitorError)
    assert "the only admin left" in str(refused)


async def test_an_account_that_is_not_there_any_more_is_said_not_to_be(store):
    with pytest.raises(VisitorError, match="not there any more"):
        await account.own(store, "ada")


async def test_the_first_operator_need_not_be_an_admin(store):
    quick = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    new = ("eve", Role.VIEWER, "seven quiet owls at dusk")
    await operators.add(store, quick, new, by="cli:root", now=NOON)
    await operators.disable(store, "eve", by="cli:root", now=NOON)

    assert (await kept(store, "eve")).disabled_at == NOON
