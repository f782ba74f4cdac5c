"""The console script `eventide`: registers the commands, says faults in one line."""

import sys
from collections.abc import Callable

import typer

from service.commands import audit, bounces, keys, mail, operator, run, tips
from service.commands.backup import backup, restore
from service.commands.bench import bench
from service.commands.check import check
from service.commands.demo import demo
from service.commands.deployment import adopt, pause, resume
from service.commands.enrol import export, import_
from service.commands.people import seed
from service.commands.secrets import secrets
from service.commands.send_test import send_test
from service.domain.errors import ServiceError

app = typer.Typer(
    help="Evening reminders for people who get night leg cramps.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
COMMANDS: tuple[Callable[..., None], ...] = (
    demo,
    run.web,
    run.worker,
    run.migrate,
    secrets,
    check,
    import_,
    export,
    backup,
    restore,
    send_test,
    pause,
    resume,
    adopt,
    mail.preview,
    mail.night,
    mail.explain,
    seed,
    bench,
)
for command in COMMANDS:
    # `import` is a word of Python's own.
    app.command(command.__name__.rstrip("_").replace("_", "-"))(command)
app.add_typer(keys.app, name="keys")
app.add_typer(tips.app, name="tips")
app.add_typer(bounces.app, name="bounces")
app.add_typer(audit.app, name="audit")
app.add_typer(operator.app, name="operator")


def main() -> None:
    """Run a command; a fault that somebody can mend is one line and exit code 1."""
    try:
        app()
    except ServiceError as error:
        typer.echo(f"eventide: {error}", err=True)
        sys.exit(1)


if __name__ == "__main__":
    main()
