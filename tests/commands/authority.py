"""Certificates for servers on loopback, from an authority made for one test run."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

A_DAY = timedelta(days=1)


class Authority:
    """Vouches for servers. `path` is what SSL_CERT_FILE names to trust it."""

    def __init__(self, folder: Path, *, now: datetime) -> None:
        self._folder = folder
        self._now = now
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _named("An authority of the tests")
        mine = self._made(self._name, self._key, until=now + 3650 * A_DAY)
        signed = mine.add_extension(
            x509.BasicConstraints(ca=True, path_length=None), critical=True
        ).sign(self._key, hashes.SHA256())
        self.path = folder / "authority.pem"
        self.path.write_bytes(signed.public_bytes(serialization.Encoding.PEM))

    def server(self, name: str, *, days: int = 90) -> ssl.SSLContext:
        """The context of a server of this name; its certificate is good for `days`."""
        key = ec.generate_private_key(ec.SECP256R1())
        until = self._now + days * A_DAY + timedelta(hours=1)
        signed = (
            self._made(_named(name), key, until=until)
            .add_extension(
                x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False
            )
            .sign(self._key, hashes.SHA256())
        )
        path = self._folder / f"{name}-{days}.pem"
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + signed.public_bytes(serialization.Encoding.PEM)
        )
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(path)
        return context

    def _made(
        self, name: x509.Name, key: ec.EllipticCurvePrivateKey, *, until: datetime
    ) -> x509.CertificateBuilder:
        return (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(self._now - 400 * A_DAY)
            .not_valid_after(until.astimezone(UTC))
        )


def _named(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
