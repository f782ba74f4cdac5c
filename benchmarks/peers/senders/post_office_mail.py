"""django-post_office: queued in a database, sent from there, and recorded."""

import logging
import tempfile

import django
from django.conf import settings
from django.core.management import call_command

from benchmarks.peers.senders.cue import Task, say, task

QUEUED_AT_ONCE = 500


def send_all(wanted: Task, folder: str) -> None:
    """Queue all mails before the race begins, then send what is queued."""
    settings.configure(
        INSTALLED_APPS=["post_office"],
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": f"{folder}/queue.sqlite3",
            }
        },
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        EMAIL_BACKEND="post_office.EmailBackend",
        EMAIL_HOST="127.0.0.1",
        EMAIL_PORT=wanted.port,
        POST_OFFICE={
            "BACKENDS": {"default": "django.core.mail.backends.smtp.EmailBackend"},
            "BATCH_SIZE": 1000,
            "THREADS_PER_PROCESS": wanted.connections,
        },
        TEMPLATES=[{"BACKEND": "django.template.backends.django.DjangoTemplates"}],
        USE_TZ=True,
    )
    django.setup()
    logging.disable(logging.INFO)
    call_command("migrate", verbosity=0)
    # They can only be imported once Django is set up.
    from post_office import mail  # noqa: PLC0415

    queue = [
        {
            "sender": letter["from"],
            "recipients": [letter["to"]],
            "subject": letter["subject"],
            "message": letter["text"],
            "html_message": letter["html"],
            "headers": letter["headers"],
        }
        for letter in wanted.letters()
    ]
    for first in range(0, len(queue), QUEUED_AT_ONCE):
        mail.send_many(queue[first : first + QUEUED_AT_ONCE])
    say("ready")
    while mail.send_queued()[0]:
        pass
    say("done")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as home:
        send_all(task(), home)
