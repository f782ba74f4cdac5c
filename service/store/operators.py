"""The operators' accounts; the secret of a second factor is sealed."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection

from service.domain.operators import Account, Role
from service.store.sealing import Sealer

COLUMNS = (
    "name, role, created_at, password_hash, sealed, key_id, last_step, disabled_at, "
    "subject"
)
GET = text(f"SELECT {COLUMNS} FROM operator WHERE name = :name")  # noqa: S608 - a constant
LOCK = text(f"SELECT {COLUMNS} FROM operator WHERE name = :name FOR UPDATE")  # noqa: S608 - a constant
ALL = text(f"SELECT {COLUMNS} FROM operator ORDER BY name LIMIT 1000")  # noqa: S608 - a constant
ADD = text(
    """
    INSERT INTO operator (name, role, password_hash, created_at)
    VALUES (:name, :role, :password_hash, :created_at) ON CONFLICT (name) DO NOTHING
    """
)
SAVE = text(
    """
    UPDATE operator
    SET role = :role, password_hash = :password_hash, sealed = :sealed,
        key_id = :key_id, last_step = :last_step, disabled_at = :disabled_at,
        subject = :subject
    WHERE name = :name
    """
)
# Each waits for the operator's row, which whoever calls has locked.
DROP_CODES = text("DELETE FROM recovery_code WHERE operator = :name")
ADD_CODES = text(
    """
    INSERT INTO recovery_code (operator, digest)
    SELECT :name, unnest(CAST(:digests AS bytea[]))
    """
)
USE_CODE = text("DELETE FROM recovery_code WHERE operator = :name AND digest = :digest")
COUNT_CODES = text("SELECT count(*) FROM recovery_code WHERE operator = :name")
# Two admins who take each other's role away take turns, so that one stays.
LOCK_ADMINS = text(
    "SELECT name FROM operator WHERE role = 'admin' ORDER BY name FOR UPDATE"
)
COUNT_ADMINS = text(
    "SELECT count(*) FROM operator WHERE role = 'admin' AND disabled_at IS NULL"
)


class Operators:
    """Who may sign in."""

    def __init__(self, connection: AsyncConnection, sealer: Sealer) -> None:
        """Work inside the transaction of `connection`."""
        self._connection = connection
        self._sealer = sealer

    async def get(self, name: str) -> Account | None:
        """The account of this name."""
        return await self._one(GET, name)

    async def lock(self, name: str) -> Account | None:
        """The same; other changes to it wait until this transaction ends."""
        return await self._one(LOCK, name)

    async def all(self) -> tuple[Account, ...]:
        """Every account, by name."""
        found = await self._connection.execute(ALL)
        return tuple(map(self._opened, found))

    async def add(self, account: Account) -> bool:
        """Keep a new account; False where the name is taken."""
        values = {
            "name": account.name,
            "role": account.role,
            "password_hash": account.password_hash or None,
            "created_at": account.created_at,
        }
        return (await self._connection.execute(ADD, values)).rowcount == 1

    async def save(self, account: Account) -> None:
        """Keep what changed of an account."""
        sealed, key_id = None, None
        if account.second_factor:
            plain, about = account.second_factor.encode(), _about(account.name)
            sealed, key_id = self._sealer.seal(plain, about=about)
        values = {
            "name": account.name,
            "role": account.role,
            "password_hash": account.password_hash or None,
            "sealed": sealed,
            "key_id": key_id,
            "last_step": account.last_step,
            "disabled_at": account.disabled_at,
            "subject": account.subject or None,
        }
        await self._connection.execute(SAVE, values)

    async def keep_codes(self, name: str, digests: Sequence[bytes]) -> None:
        """Keep these digests of recovery codes, and no others of this operator."""
        await self._connection.execute(DROP_CODES, {"name": name})
        values = {"name": name, "digests": list(digests)}
        await self._connection.execute(ADD_CODES, values)

    async def use_code(self, name: str, digest: bytes) -> bool:
        """Take a recovery code away; False where it is none, or was used."""
        values = {"name": name, "digest": digest}
        return (await self._connection.execute(USE_CODE, values)).rowcount == 1

    async def count_codes(self, name: str) -> int:
        """How many recovery codes are left."""
        found = await self._connection.execute(COUNT_CODES, {"name": name})
        return int(found.scalar_one())

    async def lock_admins(self) -> None:
        """Let whoever else changes an admin wait until this transaction ends."""
        await self._connection.execute(LOCK_ADMINS)

    async def count_admins(self) -> int:
        """How many admins can sign in."""
        return int((await self._connection.execute(COUNT_ADMINS)).scalar_one())

    async def _one(self, query: TextClause, name: str) -> Account | None:
        row = (await self._connection.execute(query, {"name": name})).one_or_none()
        return None if row is None else self._opened(row)

    def _opened(self, row: Row[Any]) -> Account:
        secret = ""
        if row.sealed is not None:
            about = _about(row.name)
            secret = self._sealer.open(row.sealed, row.key_id, about=about).decode()
        return Account(
            name=row.name,
            role=Role(row.role),
            created_at=row.created_at,
            password_hash=row.password_hash or "",
            second_factor=secret,
            last_step=row.last_step,
            disabled_at=row.disabled_at,
            subject=row.subject or "",
        )


def _about(name: str) -> str:
    return f"operator:{name}"
