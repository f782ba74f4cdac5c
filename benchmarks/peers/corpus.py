"""The mails that everybody sends: tonight's reminders of invented subscribers."""

import email
import email.policy
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from pathlib import Path

from service import app as composition
from service.content.zones import known_zones
from service.domain.choice import tonight_for
from service.domain.night import night_at
from service.domain.outbox import Kind, Message
from service.domain.records import reminder_to_json, tonight_to_data
from service.domain.synthetic import crowd

#: So many different mails; a longer run sends them again.
LETTERS = 500
#: When they are written: it is evening in London.
NOW = datetime(2026, 11, 24, 19, 30, tzinfo=UTC)
#: Headers that follow from the bodies, and those that every sender is told anyway.
OWN = {"from", "to", "subject", "mime-version", "content-type"}


def messages(studio: composition.Studio) -> Iterator[Message]:
    """Rows of the outbox as planning leaves them."""
    library = studio.library
    here = crowd(known_zones(), library.countries_by_code, now=NOW)
    for number in range(1, LETTERS + 1):
        someone = here.newcomer_due(number, now=NOW).subscriber
        night = night_at(someone.evening.zone, now=NOW)
        tonight = tonight_for(
            someone.person.answers,
            library.catalogue,
            (),
            seed=str(number),
            night=night,
        )
        choice = tonight_to_data(tonight, words=library.reason)
        yield Message(
            subscriber_id=number,
            night=night,
            kind=Kind.REMINDER,
            attempts=1,
            not_before=NOW,
            expires_at=NOW + timedelta(hours=2),
            payload=reminder_to_json(someone, choice),
        )


def write(folder: Path) -> float:
    """Leave each mail as parts and as bytes in the folder; their mean size in bytes."""
    studio = composition.studio()
    sizes = []
    with (folder / "letters.jsonl").open("w") as lines:
        for index, message in enumerate(messages(studio)):
            data = studio.letters.write(message, now=NOW).data
            (folder / f"{index}.eml").write_bytes(data)
            lines.write(json.dumps(_parts(data)) + "\n")
            sizes.append(len(data))
    return sum(sizes) / len(sizes)


def _parts(data: bytes) -> dict[str, object]:
    # Without a limit: the standard library would fold List-Unsubscribe wrongly.
    policy = email.policy.SMTP.clone(max_line_length=0)
    mail = email.message_from_bytes(data, _class=EmailMessage, policy=policy)
    text, html = mail.iter_parts()
    return {
        "from": str(mail["From"]),
        "to": str(mail["To"]),
        "subject": str(mail["Subject"]),
        "headers": {k: str(v) for k, v in mail.items() if k.lower() not in OWN},
        "text": text.get_content(),
        "html": html.get_content(),
    }
