"""Set-ups that are broken on purpose: each fault is named, and its remedy."""

import pytest

from service.domain.finding import Grade
from tests.commands.breaking import (
    LINK,
    LOOKUP,
    SEAL,
    broken,
    in_turn,
    keys,
    named,
    old_keys,
    record,
    relay,
    same_keys,
)
from tests.commands.clinic import HOST

FAULT, WARNING = Grade.FAULT, Grade.WARNING
BOUNCE = "bounce.{domain}"
DMARC = "_dmarc.{domain}"
DKIM = "s1._domainkey.{domain}"
PTR = "10.2.0.192.in-addr.arpa"
NO_ONE = '"v=spf1 ip4:192.0.2.0/24 -all"'

# How it is broken; then of the finding: area, check, grade, words, words of the remedy.
SETTINGS = {
    "a base URL without https": (
        named(WEB__BASE_URL="http://tips.clinic.org"),
        ("settings", "base URL", FAULT, "is not https", "certificate in front"),
    ),
    "the base URL of the example": (
        named(WEB__BASE_URL="https://eventide.example.org"),
        ("settings", "base URL", FAULT, "is an example", "Set EVENTIDE_WEB__BASE_URL"),
    ),
    "a base URL on this machine": (
        named(WEB__BASE_URL="http://[::1]:8000"),
        (
            "settings",
            "base URL",
            WARNING,
            "this machine alone",
            "EVENTIDE_WEB__BASE_URL",
        ),
    ),
    "a sender that nobody can have": (
        named(SMTP__SENDER="Eventide <eventide@localhost>"),
        ("settings", "sender", FAULT, "no mail can come from", "EVENTIDE_SMTP__SENDER"),
    ),
    "a sender that is none": (
        named(SMTP__SENDER="nobody", BOUNCES__ADDRESS=""),
        ("settings", "sender", FAULT, "'nobody' is not a sender", "Write it as"),
    ),
    "no postal address": (
        named(OPERATOR__POSTAL_ADDRESS=""),
        (
            "settings",
            "postal address",
            FAULT,
            "there is none",
            "OPERATOR__POSTAL_ADDRESS",
        ),
    ),
    "the postal address of the example": (
        named(OPERATOR__POSTAL_ADDRESS="1 Example Street, Sampletown"),
        ("settings", "postal address", FAULT, "an example", "OPERATOR__POSTAL_ADDRESS"),
    ),
    "no key to seal": (
        named(SECRETS__KEYS=keys(LOOKUP, LINK)),
        ("keys", "keys", FAULT, "there is no seal key", "Run `eventide keys`"),
    ),
    "no keys at all": (
        named(SECRETS__KEYS=""),
        ("tonight", "workers, backlog", WARNING, "not known", "Run `eventide keys`"),
    ),
    "a key that is too short": (
        named(SECRETS__KEYS="lookup=c2hvcnQ="),
        ("keys", "keys", FAULT, "not a key of 32 bytes", "Run `eventide keys`"),
    ),
    "a key with the name of another": (
        named(SECRETS__KEYS=keys(LOOKUP, SEAL, SEAL, LINK)),
        ("keys", "keys", FAULT, "'seal.2026-11' is there twice", "eventide keys"),
    ),
    "one key in two places": (
        named(SECRETS__KEYS=same_keys()),
        ("keys", "different keys", FAULT, "are the same", "seal and link lines above"),
    ),
    "keys older than a year": (
        named(SECRETS__KEYS=old_keys()),
        (
            "keys",
            "age of seal",
            WARNING,
            "more than a year",
            "seal and link lines above",
        ),
    ),
    "keys of unknown age": (
        named(SECRETS__KEYS=keys(LOOKUP, SEAL, LINK, month="first")),
        ("keys", "age of link.first", WARNING, "not known", "by its month"),
    ),
}
DATABASE = {
    "a database that is down": (
        named(DATABASE__URL="postgresql://u:secret@127.0.0.1:1/eventide"),
        (
            "database",
            "reachable",
            FAULT,
            r"127.0.0.1:1/eventide.*Connect call failed",
            "Start it",
        ),
    ),
    "a database that is not one": (
        named(DATABASE__URL="mysql://u@127.0.0.1/eventide"),
        ("database", "reachable", FAULT, "only PostgreSQL", "Write postgresql://"),
    ),
}
RELAY = {
    "a relay that is down": (
        named(SMTP__PORT="1"),
        ("relay", "localhost:1", FAULT, "no connection to the relay", "relay runs"),
    ),
    "one of two relays that is down": (
        named(SMTP__OTHERS='[{"host": "127.0.0.1", "port": 1, "tls": "none"}]'),
        ("relay", "127.0.0.1:1", FAULT, "no connection to the relay", "relay runs"),
    ),
    "a relay without TLS": (
        relay(),
        ("relay", "localhost", FAULT, "STARTTLS", "none, starttls or implicit"),
    ),
    "a relay with TLS that is not used": (
        in_turn(relay("localhost"), named(SMTP__TLS="none")),
        (
            "relay",
            "TLS",
            WARNING,
            "none, although",
            "Set EVENTIDE_SMTP__TLS to starttls",
        ),
    ),
    "a relay whose certificate has expired": (
        relay("localhost", days=-3),
        (
            "relay",
            "localhost",
            FAULT,
            "certificate has expired",
            "a certificate that is valid",
        ),
    ),
    "a relay whose certificate expires soon": (
        relay("localhost", days=6),
        ("relay", "TLS", WARNING, "valid for 6 days", "Renew the relay's certificate"),
    ),
    "a relay with the certificate of another": (
        relay("relay.example"),
        ("relay", "localhost", FAULT, "Hostname mismatch", "valid for this name"),
    ),
    "a relay of an authority that nobody knows": (
        lambda clinic: clinic.settings.update(SSL_CERT_FILE="/dev/null"),
        ("relay", "localhost", FAULT, "unable to get local issuer", "SSL_CERT_FILE"),
    ),
    "a wrong password for the relay": (
        named(SMTP__PASSWORD="wrong"),
        (
            "relay",
            "localhost",
            FAULT,
            "SMTP__PASSWORD: .*credentials invalid",
            "the relay knows",
        ),
    ),
    "a relay that does not take the sender": (
        lambda clinic: clinic.relay.script["MAIL"].append("550 5.7.1 Not your domain"),
        ("relay", "sender", FAULT, "is refused: 550 5.7.1 Not your", "sender address"),
    ),
    "a relay for short mails": (
        relay("localhost", data_size_limit=10_000),
        ("relay", "offers", FAULT, "0.0 MB a message", "1 MB"),
    ),
}
DNS = {
    "no SPF": (
        record(BOUNCE, "TXT"),
        ("dns", "SPF of bounce", FAULT, "does not exist", '"v=spf1 ip4:'),
    ),
    "SPF that lets anybody send": (
        record(BOUNCE, "TXT", '"v=spf1 ip4:192.0.2.10 +all"'),
        ("dns", "SPF of bounce", FAULT, "anybody may send", "-all or ~all"),
    ),
    "SPF that cannot be read": (
        record(BOUNCE, "TXT", '"v=spf1 ipv4:192.0.2.10 -all"'),
        ("dns", "SPF of bounce", FAULT, "v=spf1 ipv4:192.0.2.10", '"v=spf1 ip4:'),
    ),
    "SPF that receivers frown at": (
        record(BOUNCE, "TXT", '"v=spf1 ip4:192.0.2.10 ptr -all"'),
        ("dns", "SPF of bounce", WARNING, "ptr", '"v=spf1 ip4:'),
    ),
    "SPF that names no address": (
        record(BOUNCE, "TXT", NO_ONE),
        ("dns", "PTR", WARNING, "not known", "Name the relay's address"),
    ),
    "no DMARC": (
        record(DMARC, "TXT"),
        ("dns", "DMARC of", FAULT, "does not exist", '"v=DMARC1; p=none'),
    ),
    "DMARC that cannot be read": (
        record(DMARC, "TXT", '"v=DMARC1; p=perhaps"'),
        ("dns", "DMARC of", FAULT, "v=DMARC1; p=perhaps", '"v=DMARC1; p=none'),
    ),
    "DMARC without reports": (
        record(DMARC, "TXT", '"v=DMARC1; p=none"'),
        ("dns", "DMARC of", WARNING, "rua", "rua=mailto:"),
    ),
    "no DKIM key": (
        record(DKIM, "TXT"),
        ("dns", "DKIM key", FAULT, "there is none", "Publish the relay's key"),
    ),
    "a DKIM key that is revoked": (
        record(DKIM, "TXT", '"v=DKIM1; k=rsa; p="'),
        ("dns", "DKIM key", FAULT, "revoked", "sign with a new key"),
    ),
    "no DKIM selector": (
        named(SMTP__DKIM_SELECTOR=""),
        ("dns", "DKIM key", WARNING, "not known", "Set EVENTIDE_SMTP__DKIM_SELECTOR"),
    ),
    "an address without a name": (
        record(PTR, "PTR"),
        ("dns", "PTR of 192.0.2.10", FAULT, "has no name", "name it after the relay"),
    ),
    "an address with the name of another": (
        record(PTR, "PTR", "host10.isp.net."),
        ("dns", "PTR of 192.0.2.10", FAULT, "host10.isp.net does not", "name it after"),
    ),
    "a host of SPF without a name": (
        in_turn(
            record(BOUNCE, "TXT", '"v=spf1 a:mail.{domain} -all"'), record(PTR, "PTR")
        ),
        ("dns", "PTR of 192.0.2.10", WARNING, "has no name", "name it after the relay"),
    ),
    "a host of SPF with the name of another": (
        in_turn(
            record(BOUNCE, "TXT", '"v=spf1 mx -all"'),
            record(PTR, "PTR", "host10.isp.net."),
        ),
        ("dns", "PTR of 192.0.2.10", WARNING, "isp.net does not", "name it after"),
    ),
    "bounces that cannot come back": (
        record(BOUNCE, "MX"),
        ("dns", "MX of bounce", FAULT, "cannot come back", "an MX record that leads"),
    ),
    "a sender that nobody can answer": (
        record("{domain}", "MX", "0 ."),
        ("dns", "MX of", WARNING, "nobody can answer", "an MX record"),
    ),
    "bounces at a stranger's, and perhaps a signature": (
        named(BOUNCES__ADDRESS="bounce@elsewhere.net", SMTP__DKIM_SELECTOR=""),
        ("dns", "alignment", WARNING, "SPF does not count", "below the sender's own"),
    ),
    "bounces at a stranger's, and no signature": (
        in_turn(named(BOUNCES__ADDRESS="bounce@elsewhere.net"), record(DKIM, "TXT")),
        (
            "dns",
            "alignment",
            FAULT,
            "SPF does not count",
            "below the sender's own domain",
        ),
    ),
    "strict alignment of two domains": (
        record(DMARC, "TXT", '"v=DMARC1; p=none; aspf=s; rua=mailto:d@{domain}"'),
        ("dns", "alignment", WARNING, "SPF does not count", "Take aspf=s out"),
    ),
    "name servers that are silent": (
        lambda clinic: clinic.names.silent.add(clinic.domain),
        ("dns", "records", WARNING, "DNS is not reachable from here", "--nameserver"),
    ),
}
PAGES = {
    "pages that are down": (
        named(WEB__BASE_URL="https://tips.{domain}:1"),
        ("pages", "reachable", FAULT, "is not reachable", "web and its proxy run"),
    ),
    "pages whose name leads nowhere": (
        record("tips.{domain}", "A"),
        ("pages", "reachable", FAULT, "has no address", "the name leads to them"),
    ),
    "a bounce address without a way in": (
        named(BOUNCES__LISTEN=""),
        ("bounces", "way in", FAULT, "there is no way in", "EVENTIDE_BOUNCES__LISTEN"),
    ),
    "no worker where bounces are to be taken in": (
        named(BOUNCES__LISTEN="127.0.0.1:1"),
        ("bounces", "listener", WARNING, "not known: nobody answers", "a worker runs"),
    ),
    "another program where bounces are to be taken in": (
        lambda clinic: clinic.settings.update(
            EVENTIDE_BOUNCES__LISTEN=f"127.0.0.1:{clinic.relay.port}"
        ),
        ("bounces", "listener", WARNING, "another program answers", "a worker runs"),
    ),
    "bounces that somebody is to post": (
        named(BOUNCES__LISTEN="", BOUNCES__HTTP_KEY="k" * 32),
        ("bounces", "posted", WARNING, "not known", "does not exist"),
    ),
    "no bounce address": (
        named(BOUNCES__ADDRESS=""),
        ("bounces", "address", WARNING, "bounces go to the sender", "BOUNCES__ADDRESS"),
    ),
    "a mailbox that is away": (
        named(
            BOUNCES__IMAP_HOST=HOST, BOUNCES__IMAP_PORT="1", BOUNCES__IMAP_TLS="none"
        ),
        ("bounces", "mailbox", FAULT, "127.0.0.1:1", "EVENTIDE_BOUNCES__IMAP_HOST"),
    ),
    "a catalogue that is not there": (
        named(CONTENT__CONFIG="/nowhere"),
        ("tips", "tips", FAULT, "/nowhere", "."),
    ),
}
CASES = SETTINGS | DATABASE | RELAY | DNS | PAGES


@pytest.mark.parametrize("name", CASES)
async def test_what_is_broken_is_named_with_its_remedy(clinic, name):
    breaks, expected = CASES[name]
    await broken(clinic, breaks)

    await clinic.require(*expected)
