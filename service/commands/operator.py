"""`eventide operator`: who may sign in to the console, from the command line."""

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Annotated

import typer

from service import app as composition
from service.domain.errors import Misconfigured, VisitorError
from service.domain.operators import Account, Role
from service.flows import operators
from service.passwords import Passwords
from service.store.engine import Store

app = typer.Typer(help="Who may sign in to the console.", no_args_is_help=True)

Name = Annotated[str, typer.Argument(help="Sign-in name or e-mail address.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option(help="A file that holds the password; - reads it from here."),
]
GivenRole = Annotated[Role, typer.Option(help="What they may do (docs/console.md).")]


@app.command()
def add(
    name: Name,
    *,
    role: GivenRole = Role.VIEWER,
    password_file: PasswordFile = None,
    no_password: Annotated[
        bool, typer.Option("--no-password", help="The identity provider vouches.")
    ] = False,
) -> None:
    """Add an operator; asks for a password unless it comes from a file."""
    password = "" if no_password else _password(password_file)

    async def act(store: Store) -> str:
        new = (name, role, password)
        kept = await operators.add(
            store, Passwords(), new, by=me(), now=await store.now()
        )
        return f"{kept} may sign in as {role}"

    _do(act)


@app.command(name="list")
def everybody() -> None:
    """List the operators."""

    async def act(store: Store) -> str:
        found = await operators.everybody(store)
        return "\n".join(map(_line, found)) or "There is no operator yet"

    _do(act)


@app.command()
def role(
    name: Name, new: Annotated[Role, typer.Argument(help="The new role.")]
) -> None:
    """Give an operator another role."""

    async def act(store: Store) -> str:
        await operators.set_role(store, name, new, by=me(), now=await store.now())
        return f"{name} is {new} now"

    _do(act)


@app.command()
def password(name: Name, *, password_file: PasswordFile = None) -> None:
    """Give an operator another password, and sign them out everywhere."""
    new = _password(password_file)

    async def act(store: Store) -> str:
        await operators.set_password(
            store, Passwords(), name, new, by=me(), now=await store.now()
        )
        return f"{name} has another password, and is signed out everywhere"

    _do(act)


@app.command()
def disable(name: Name) -> None:
    """Let an operator in no more, and sign them out."""

    async def act(store: Store) -> str:
        await operators.disable(store, name, by=me(), now=await store.now())
        return f"{name} is signed out and cannot sign in any more"

    _do(act)


@app.command()
def enable(name: Name) -> None:
    """Let a disabled operator in again."""

    async def act(store: Store) -> str:
        await operators.enable(store, name, by=me(), now=await store.now())
        return f"{name} may sign in again"

    _do(act)


@app.command(name="reset-totp")
def reset_totp(name: Name) -> None:
    """Let an operator in without a code: the device that shows them is lost."""

    async def act(store: Store) -> str:
        await operators.reset_second_factor(store, name, by=me(), now=await store.now())
        return f"{name} signs in without a code until they set one up again"

    _do(act)


def me() -> str:
    """Who is at the command line; not every container has a name for its user."""
    return f"cli:{os.environ.get('USER') or os.getuid()}"


def _do(act: Callable[[Store], Awaitable[str]]) -> None:
    async def done() -> str:
        async with composition.records() as store:
            return await act(store)

    try:
        typer.echo(asyncio.run(done()))
    except VisitorError as error:
        raise Misconfigured(
            what=" ".join(error.problems.values()),
            where="eventide operator",
            remedy="See `eventide operator list`",
        ) from error


def _password(file: Path | None) -> str:
    if file is None:
        return str(
            typer.prompt(
                "Password", hide_input=True, confirmation_prompt=True, err=True
            )
        )
    if str(file) == "-":
        return sys.stdin.readline().rstrip("\n")
    try:
        return file.read_text().rstrip("\n")
    except OSError as error:
        raise Misconfigured(
            what=f"cannot be read ({error.strerror})",
            where=str(file),
            remedy="Name a file that this user may read",
        ) from error


def _line(account: Account) -> str:
    state = "disabled" if account.disabled_at else "may sign in"
    code = "with a code" if account.has_second_factor else "no second factor"
    how = code if account.password_hash else "no password"
    return f"{account.name}  {account.role}  {state}, {how}"
