"""An authority, and the certificates that it signs, as PEM files in a folder."""

import datetime
import ipaddress
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from kit.ports import HOST

_DAY = datetime.timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """The paths of a certificate and of its key."""

    cert: Path
    key: Path


class Authority:
    """Signs certificates for `HOST`. Its own is in `path`."""

    def __init__(self, folder: Path, name: str = "authority") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        constraints = x509.BasicConstraints(ca=True, path_length=0)
        own = self._draft(name, self._key).add_extension(constraints, critical=True)
        self.path = self._write(name, self._signed(own))

    def certificate(self, name: str, host: str = HOST) -> Certificate:
        """A new certificate, for a server and for a client alike."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))])
        cert = self._draft(name, key).add_extension(names, critical=False)
        secret = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return Certificate(
            cert=self._write(name, self._signed(cert)),
            key=self._write(f"{name}-key", secret),
        )

    def _draft(self, name: str, key: ec.EllipticCurvePrivateKey) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.UTC)
        return x509.CertificateBuilder(
            issuer_name=self._name,
            subject_name=_name(name),
            public_key=key.public_key(),
            serial_number=x509.random_serial_number(),
            not_valid_before=now - _DAY,
            not_valid_after=now + _DAY,
        )

    def _signed(self, draft: x509.CertificateBuilder) -> bytes:
        return draft.sign(self._key, hashes.SHA256()).public_bytes(Encoding.PEM)

    def _write(self, name: str, text: bytes) -> Path:
        path = self._folder / f"{name}.pem"
        path.write_bytes(text)
        return path


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])
