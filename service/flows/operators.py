"""Operators' accounts: added, given a role, a password, disabled; each act is audited.

`by` is who does it: an operator's name, or `cli:` and the user at the command line.
"""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import datetime

from service.domain.audit import Act
from service.domain.errors import VisitorError
from service.domain.operators import Account, Role, checked_name, checked_password
from service.passwords import Passwords
from service.store.engine import Store, Transaction


class NoSuchOperator(VisitorError):
    """Nobody has this name."""

    def __init__(self, name: str) -> None:
        """Say which."""
        super().__init__({"name": f"There is no operator {name}."})


async def everybody(store: Store) -> tuple[Account, ...]:
    """All accounts, by name."""
    async with store.transaction() as tx:
        return await tx.operators.all()


async def add(
    store: Store,
    passwords: Passwords,
    account: tuple[str, Role, str],
    *,
    by: str,
    now: datetime,
) -> str:
    """Add an account of this name, role and password; returns the name as it is kept.

    An empty password means that the identity provider vouches. Raises VisitorError.
    """
    typed, role, password = account
    name = checked_name(typed)
    kept = await _hashed(passwords, password, name=name) if password else ""
    new = Account(name=name, role=role, password_hash=kept, created_at=now)
    async with store.transaction() as tx:
        if not await tx.operators.add(new):
            raise VisitorError({"name": f"There is an operator {name} already."})
        await tx.audit.add(by, Act.OPERATOR_ADDED, details=f"{name} as {role}", now=now)
    return name


async def set_role(
    store: Store, name: str, role: Role, *, by: str, now: datetime
) -> None:
    """Give another role. Raises VisitorError, also where no admin would be left."""

    async def act(tx: Transaction, found: Account) -> Account:
        details = f"{name}: {found.role} to {role}"
        await tx.audit.add(by, Act.ROLE_CHANGED, details=details, now=now)
        return replace(found, role=role)

    await _change(store, name, act)


async def disable(store: Store, name: str, *, by: str, now: datetime) -> None:
    """Let somebody in no more, and out at once. Raises VisitorError as set_role does."""

    async def act(tx: Transaction, found: Account) -> Account:
        await tx.sessions.end_all(name)
        await tx.audit.add(by, Act.OPERATOR_DISABLED, details=name, now=now)
        return replace(found, disabled_at=found.disabled_at or now)

    await _change(store, name, act)


async def enable(store: Store, name: str, *, by: str, now: datetime) -> None:
    """Let somebody in again, whoever they are to the provider. Raises NoSuchOperator."""

    async def act(tx: Transaction, found: Account) -> Account:
        await tx.audit.add(by, Act.OPERATOR_ENABLED, details=name, now=now)
        return replace(found, disabled_at=None, subject="")

    await _change(store, name, act)


async def end_sessions(store: Store, name: str, *, by: str, now: datetime) -> None:
    """Sign somebody out everywhere. Raises NoSuchOperator."""

    async def act(tx: Transaction, found: Account) -> Account:
        ended = await tx.sessions.end_all(name)
        details = f"{name}: {ended}"
        await tx.audit.add(by, Act.SESSIONS_ENDED, details=details, now=now)
        return found

    await _change(store, name, act)


async def set_password(
    store: Store,
    passwords: Passwords,
    name: str,
    password: str,
    *,
    by: str,
    now: datetime,
) -> None:
    """Give somebody another password and end their sessions. Raises VisitorError."""
    kept = await _hashed(passwords, password, name=name)

    async def act(tx: Transaction, found: Account) -> Account:
        await tx.sessions.end_all(name)
        await tx.audit.add(by, Act.PASSWORD_CHANGED, details=name, now=now)
        return replace(found, password_hash=kept)

    await _change(store, name, act)


async def reset_second_factor(
    store: Store, name: str, *, by: str, now: datetime
) -> None:
    """Let in without a code whoever lost their device, and end their sessions.

    Whoever found the device may be signed in with it. Raises NoSuchOperator.
    """

    async def act(tx: Transaction, found: Account) -> Account:
        await tx.sessions.end_all(name)
        await tx.operators.keep_codes(name, ())
        await tx.audit.add(by, Act.SECOND_FACTOR_REMOVED, details=name, now=now)
        return replace(found, second_factor="", last_step=None)

    await _change(store, name, act)


async def _hashed(passwords: Passwords, password: str, *, name: str) -> str:
    return await passwords.hash(checked_password(password, name=name))


async def _change(
    store: Store,
    name: str,
    act: Callable[[Transaction, Account], Awaitable[Account]],
) -> None:
    async with store.transaction() as tx:
        await tx.operators.lock_admins()
        found = await tx.operators.lock(name)
        if found is None:
            raise NoSuchOperator(name)
        had_admins = await tx.operators.count_admins() > 0
        await tx.operators.save(await act(tx, found))
        await _insist_on_admin(tx, had_admins=had_admins, name=name)


async def _insist_on_admin(tx: Transaction, *, had_admins: bool, name: str) -> None:
    if had_admins and not await tx.operators.count_admins():
        raise VisitorError({"name": f"{name} is the only admin left."})
