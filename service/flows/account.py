"""What operators do with their own account: the password, the second factor.

Each act asks for the password again, so that a browser left open is not an account lost;
what weakens the second factor asks for a code of it, too.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from service.domain import second_factor
from service.domain.audit import Act
from service.domain.errors import VisitorError
from service.domain.operators import Account, checked_password
from service.domain.sessions import OpenSession
from service.domain.throttle import Throttle, sources
from service.passwords import Passwords
from service.store.engine import Store, Transaction

#: So long the word of an identity provider does in place of a password typed again.
JUST_NOW = timedelta(minutes=5)


class NotYou(VisitorError):
    """The password typed again is wrong, or was tried too often."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What lets an operator change their account: password and code, typed again.

    Few acts ask for the code.
    """

    passwords: Passwords
    throttle: Throttle
    name: str
    password: str
    code: str


async def own(store: Store, name: str) -> Account:
    """The account of who is signed in. Raises VisitorError if it was just removed."""
    async with store.transaction() as tx:
        return _known(await tx.operators.get(name))


async def prove(store: Store, proof: Proof, *, now: datetime) -> None:
    """Make sure that it is they. Raises NotYou, for the field `password`.

    Nobody can prove it who has no password here.
    """
    counted = sources(proof.name, network="", is_known=True)
    if not proof.throttle.take(counted, now=now):
        raise NotYou({"password": "Too many attempts. Wait a quarter of an hour."})
    account = await own(store, proof.name)
    if not account.password_hash:
        proof.throttle.give_back(counted)
        words = "You have no password here. The command line gives you one: eventide operator password."
        raise NotYou({"password": words})
    if not await proof.passwords.matches(proof.password, account.password_hash):
        raise NotYou({"password": "This is not your password."})
    proof.throttle.give_back(counted)


async def prove_with_code(store: Store, proof: Proof, *, now: datetime) -> None:
    """The same; and a code where there is a second factor. Raises NotYou, for `code`."""
    await prove(store, proof, now=now)
    counted = sources(proof.name, network="", is_known=True)
    # A wrong code counts as a wrong password does; there is room, for that was right.
    proof.throttle.take(counted, now=now)
    async with store.transaction() as tx:
        account = await _mine(tx, proof.name)
        if account.has_second_factor and not await _took(tx, account, proof.code, now):
            words = "This is no code that can be used now. Each works once."
            raise NotYou({"code": words})
    proof.throttle.give_back(counted)


async def sessions(
    store: Store, name: str, *, token: str, now: datetime
) -> tuple[OpenSession, ...]:
    """The browsers that an operator is signed in with, that of `token` among them."""
    async with store.transaction() as tx:
        return await tx.sessions.of(name, token=token, now=now)


async def end_sessions(
    store: Store, proof: Proof, session: str, *, token: str, now: datetime
) -> None:
    """End one session, or for "" all but that of `token`. Raises NotYou.

    Who has no password here must have signed in just now.
    """
    if not await _is_fresh(store, proof.name, token=token, now=now):
        await prove(store, proof, now=now)
    async with store.transaction() as tx:
        if session:
            await tx.sessions.end_one(proof.name, session)
        else:
            await tx.sessions.end_all(proof.name, but=token)
        await tx.audit.add(proof.name, Act.SESSIONS_ENDED, details=proof.name, now=now)


async def _is_fresh(store: Store, name: str, *, token: str, now: datetime) -> bool:
    """Whether the identity provider has just vouched for who holds the session."""
    found = await sessions(store, name, token=token, now=now)
    return any(
        s.is_this and s.is_vouched and now - s.started_at <= JUST_NOW for s in found
    )


async def change_password(
    store: Store, proof: Proof, new: str, *, token: str, now: datetime
) -> None:
    """Another password; every session but that of `token` ends. Raises VisitorError."""
    checked_password(new, name=proof.name)
    await prove(store, proof, now=now)
    kept = await proof.passwords.hash(new)
    async with store.transaction() as tx:
        account = await _mine(tx, proof.name)
        await tx.operators.save(replace(account, password_hash=kept))
        await tx.sessions.end_all(proof.name, but=token)
        await tx.audit.add(proof.name, Act.PASSWORD_CHANGED, now=now)


async def begin_second_factor(store: Store, proof: Proof, *, now: datetime) -> None:
    """A fresh secret, not asked for until a code of it was typed. Raises VisitorError."""
    await prove(store, proof, now=now)
    async with store.transaction() as tx:
        account = await _mine(tx, proof.name)
        if not account.has_second_factor:
            secret = second_factor.new_secret()
            await tx.operators.save(replace(account, second_factor=secret))


async def confirm_second_factor(
    store: Store, name: str, code: str, *, token: str, now: datetime
) -> tuple[str, ...]:
    """From now on signing in takes a code; other sessions end. Raises VisitorError.

    Returns the recovery codes, which nobody can be shown again; none where the second
    factor was set up before.
    """
    async with store.transaction() as tx:
        account = await _mine(tx, name)
        if account.has_second_factor or not account.second_factor:
            return ()
        step = second_factor.step_of(code, account.second_factor, after=None, now=now)
        if step is None:
            words = "This is not the code that the app shows now. Check its clock."
            raise VisitorError({"code": words})
        await tx.operators.save(replace(account, last_step=step))
        await tx.sessions.end_all(name, but=token)
        await tx.audit.add(name, Act.SECOND_FACTOR_ADDED, now=now)
        return await _new_codes(tx, name)


async def renew_recovery_codes(
    store: Store, proof: Proof, *, now: datetime
) -> tuple[str, ...]:
    """Other recovery codes; those before count no more. Raises VisitorError.

    None where there is no second factor that they could stand in for.
    """
    await prove_with_code(store, proof, now=now)
    async with store.transaction() as tx:
        account = await _mine(tx, proof.name)
        if not account.has_second_factor:
            return ()
        await tx.audit.add(proof.name, Act.RECOVERY_CODES_MADE, now=now)
        return await _new_codes(tx, proof.name)


async def codes_left(store: Store, name: str) -> int:
    """How many recovery codes were not used yet."""
    async with store.transaction() as tx:
        return await tx.operators.count_codes(name)


async def remove_second_factor(
    store: Store, proof: Proof, *, token: str, now: datetime
) -> None:
    """Signing in takes the password alone; other sessions end. Raises VisitorError."""
    await prove_with_code(store, proof, now=now)
    async with store.transaction() as tx:
        account = await _mine(tx, proof.name)
        if account.has_second_factor:
            bare = replace(account, second_factor="", last_step=None)
            await tx.operators.save(bare)
            await tx.operators.keep_codes(proof.name, ())
            await tx.sessions.end_all(proof.name, but=token)
            await tx.audit.add(proof.name, Act.SECOND_FACTOR_REMOVED, now=now)


async def _took(tx: Transaction, account: Account, code: str, now: datetime) -> bool:
    """Whether a code of the app, or a recovery code, was right; it works no more."""
    secret, last = account.second_factor, account.last_step
    step = second_factor.step_of(code, secret, after=last, now=now)
    if step is not None:
        await tx.operators.save(replace(account, last_step=step))
        return True
    digest = second_factor.recovery_digest(code)
    if not await tx.operators.use_code(account.name, digest):
        return False
    await tx.audit.add(account.name, Act.RECOVERY_CODE_USED, now=now)
    return True


async def _new_codes(tx: Transaction, name: str) -> tuple[str, ...]:
    codes = second_factor.new_recovery_codes()
    digests = tuple(map(second_factor.recovery_digest, codes))
    await tx.operators.keep_codes(name, digests)
    return codes


async def _mine(tx: Transaction, name: str) -> Account:
    return _known(await tx.operators.lock(name))


def _known(account: Account | None) -> Account:
    if account is None:
        raise VisitorError({"name": "This account is not there any more."})
    return account
