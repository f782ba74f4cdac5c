"""The test mail: clearly labelled, and otherwise built and addressed as a reminder."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

from service.content.templating import Templates
from service.domain.tokens import Links, Purpose
from service.domain.verp import Verp
from service.mail.addresses import on_the_wire, sender
from service.mail.compose import Composer, Letter
from service.mail.envelope import Envelope
from service.mail.letters import NOBODY
from service.mail.quoted import quoted

KIND = "test"
#: Whoever tests waits for the answer.
WAITED_FOR = timedelta(minutes=10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """Writes test mails. Its unsubscribe link is nobody's: it takes no one off."""

    templates: Templates
    links: Links
    verp: Verp
    sender_line: str
    operator_name: str
    postal_address: str

    def write(self, to: str, *, relay: str, now: datetime) -> Envelope:
        """One for this address and relay. Raises VisitorError, or Misconfigured."""
        name, address = sender(self.sender_line)
        mail = self.templates.mail(
            KIND,
            {
                "language": "en",
                "relay": relay,
                "sent_at": f"{now:%Y-%m-%d %H:%M:%S} UTC",
                "from_address": address,
                "base_url": self.links.base_url,
                "operator_name": self.operator_name,
                "postal_address": self.postal_address,
            },
        )
        letter = Letter(
            kind=KIND,
            to_address=on_the_wire(to),
            subject=mail.subject,
            html=quoted(mail.html),
            text=quoted(mail.text),
            message_id=_message_id(address, relay=relay, now=now),
            date=now,
            unsubscribe_url=self.links.url(Purpose.UNSUBSCRIBE, NOBODY, now=now),
        )
        return Envelope(
            sender=self.verp.sender(KIND, default=address),
            recipient=letter.to_address,
            data=Composer(name=name, address=address).compose(letter),
            envid=KIND,
            expires_at=now + WAITED_FOR,
        )


def _message_id(address: str, *, relay: str, now: datetime) -> str:
    """Another one each time: providers drop a second mail of the same id."""
    digest = hashlib.sha256(f"{relay}|{now.isoformat()}".encode()).hexdigest()
    return f"<{KIND}.{digest[:30]}@{address.rpartition('@')[2]}>"
