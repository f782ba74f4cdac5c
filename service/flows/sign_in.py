"""Into the console and out: by password and code, or by an identity provider's word."""

import os
from base64 import urlsafe_b64encode
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

import structlog

from service.domain import second_factor
from service.domain.audit import Act
from service.domain.operators import LONGEST_PASSWORD, Account, Operator, Vouched
from service.domain.throttle import Throttle, sources
from service.passwords import Passwords
from service.store.engine import Store, Transaction

TOKEN_BYTES = 32
#: Who vouches, as the audit log has it.
PROVIDER = "identity provider"

log = structlog.get_logger()


class No(StrEnum):
    """Why somebody is not let in. Which of name, password and code is wrong is not said."""

    WRONG = "wrong"
    TOO_OFTEN = "too often"
    CROWDED = "crowded"


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """What was typed, and from where. `is_known`: from a browser of this operator's.

    `token` is what the browser shows of a session, which the new one takes the place of.
    """

    name: str
    password: str
    code: str
    network: str
    is_known: bool
    token: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedIn:
    """The operator, and what their browser is to show from now on."""

    name: str
    token: str


async def sign_in(
    store: Store,
    passwords: Passwords,
    throttle: Throttle,
    attempt: Attempt,
    *,
    now: datetime,
) -> SignedIn | No:
    """Begin a session; or say why not, after as much work as for the right password."""
    counted = sources(attempt.name, network=attempt.network, is_known=attempt.is_known)
    if len(attempt.password) > LONGEST_PASSWORD:
        return No.WRONG
    if not throttle.take(counted, now=now):
        return No.TOO_OFTEN
    async with store.transaction() as tx:
        known = await tx.operators.get(attempt.name)
    # A browser that somebody signed in with waits its turn, whatever strangers do.
    if passwords.is_crowded and not attempt.is_known:
        throttle.give_back(counted)
        return No.CROWDED
    kept = known.password_hash if known else ""
    is_right = await passwords.matches(attempt.password, kept)
    is_outdated = is_right and passwords.is_outdated(kept)
    renewed = await passwords.hash(attempt.password) if is_outdated else kept
    async with store.transaction() as tx:
        account = await tx.operators.lock(attempt.name)
        # A password that was changed while it was compared is not believed.
        is_same = account is not None and account.password_hash == kept != ""
        if account and is_right and is_same:
            account = replace(account, password_hash=renewed)
            checked = await _with_code(tx, account, attempt.code, now=now)
            if checked is not None:
                throttle.give_back(counted)
                return await _begun(tx, checked, "password", attempt.token, now=now)
        await _refused(tx, account, now=now)
    return No.WRONG


async def sign_in_as(
    store: Store, throttle: Throttle, vouched: Vouched, *, token: str, now: datetime
) -> SignedIn | No:
    """Begin a session of the operator whom the identity provider vouches for.

    Nobody is added: an account of this name must be there, and be theirs: an address may
    be given to another person. `token` as of an `Attempt`.
    """
    # Somebody whose account was disabled does not fill the audit log by coming back.
    counted = sources(vouched.name, network="", is_known=True)
    if not throttle.take(counted, now=now):
        return No.TOO_OFTEN
    async with store.transaction() as tx:
        account = await tx.operators.lock(vouched.name)
        is_another = account is not None and account.subject not in {
            "",
            vouched.subject,
        }
        if account is None or account.disabled_at is not None or is_another:
            await _refused(tx, account, details=PROVIDER, now=now)
            return No.WRONG
        throttle.give_back(counted)
        account = replace(account, subject=vouched.subject)
        return await _begun(tx, account, PROVIDER, token, now=now)


async def signed_in(store: Store, token: str, *, now: datetime) -> Operator | None:
    """Who holds this token, None where nobody does."""
    async with store.transaction() as tx:
        return await tx.sessions.find(token, now=now)


async def renewed(store: Store, token: str) -> str:
    """Another token for a session whose rights or proofs have just changed."""
    async with store.transaction() as tx:
        return await tx.sessions.renew(token)


async def sign_out(store: Store, token: str, *, now: datetime) -> None:
    """End a session. Safe to do twice."""
    async with store.transaction() as tx:
        operator = await tx.sessions.find(token, now=now)
        await tx.sessions.end(token)
        if operator is not None:
            await tx.audit.add(operator.name, Act.SIGNED_OUT, now=now)


async def _with_code(
    tx: Transaction, account: Account, code: str, *, now: datetime
) -> Account | None:
    """The account as it is after this sign-in, None where it may not be.

    A recovery code does as well as one of the app, once.
    """
    if account.disabled_at is not None:
        return None
    if not account.has_second_factor:
        return account
    secret, last = account.second_factor, account.last_step
    step = second_factor.step_of(code, secret, after=last, now=now)
    if step is not None:
        return replace(account, last_step=step)
    digest = second_factor.recovery_digest(code)
    if not await tx.operators.use_code(account.name, digest):
        return None
    await tx.audit.add(account.name, Act.RECOVERY_CODE_USED, now=now)
    return account


async def _refused(
    tx: Transaction, account: Account | None, *, details: str = "", now: datetime
) -> None:
    """Audit it, where it is about somebody: as often as the throttle lets it be.

    Names that nobody has are as many as strangers like, and entries are for good. Nor
    is such a name logged: it may be a password.
    """
    if account is None:
        log.warning("sign-in refused", action="sign_in", why="no such operator")
    else:
        await tx.audit.add(account.name, Act.SIGN_IN_REFUSED, details=details, now=now)


async def _begun(
    tx: Transaction, account: Account, how: str, before: str, *, now: datetime
) -> SignedIn:
    await tx.sessions.end(before)
    token = urlsafe_b64encode(os.urandom(TOKEN_BYTES)).rstrip(b"=").decode()
    await tx.operators.save(account)
    is_vouched = how == PROVIDER
    await tx.sessions.add(token, account.name, is_vouched=is_vouched, now=now)
    await tx.audit.add(account.name, Act.SIGNED_IN, details=how, now=now)
    return SignedIn(name=account.name, token=token)
