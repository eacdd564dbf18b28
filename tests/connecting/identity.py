"""Nkeys, and the tokens and credentials files that are signed with them."""

import base64
import binascii
import hashlib
import json
from dataclasses import dataclass, field
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

_KINDS = {"operator": 14, "account": 0, "user": 20}
_SEED = 18
_UNLIMITED = (
    "subs",
    "data",
    "payload",
    "imports",
    "exports",
    "conn",
    "leaf",
    "streams",
    "consumer",
)
_STORAGE = ("mem_storage", "disk_storage")


@dataclass
class Nkey:
    """A key pair: ``kind`` is operator, account or user."""

    kind: str
    _private: Ed25519PrivateKey = field(default_factory=Ed25519PrivateKey.generate)

    @property
    def public(self) -> str:
        return _text(
            bytes([_KINDS[self.kind] << 3]) + self._private.public_key().public_bytes_raw()
        )

    @property
    def seed(self) -> str:
        kind = _KINDS[self.kind] << 3
        head = bytes([_SEED << 3 | kind >> 5, (kind & 31) << 3])
        return _text(head + self._private.private_bytes_raw())

    def token(self, subject: str, name: str, claims: dict[str, Any]) -> str:
        """A token about ``subject``, signed by this key."""
        claims = {"sub": subject, "name": name, "iss": self.public, "iat": 0, "nats": claims}
        claims["jti"] = base64.b32encode(hashlib.sha256(_json(claims)).digest()).decode()
        signed = ".".join(
            _url(_json(part)) for part in ({"typ": "JWT", "alg": "ed25519-nkey"}, claims)
        )
        return f"{signed}.{_url(self._private.sign(signed.encode()))}"


class Operator:
    """An operator with one account for everybody, and a server's configuration that trusts it."""

    def __init__(self) -> None:
        self._key = Nkey("operator")
        self._system = Nkey("account")
        self._account = Nkey("account")

    @property
    def config(self) -> str:
        own = self._key.token(self._key.public, "operator", {"type": "operator", "version": 2})
        limits: dict[str, Any] = dict.fromkeys(_UNLIMITED, -1) | {"wildcards": True}
        account = {"type": "account", "version": 2, "limits": limits | dict.fromkeys(_STORAGE, -1)}
        system = {"type": "account", "version": 2, "limits": limits}
        return (
            f"operator: {own}\n"
            f"system_account: {self._system.public}\n"
            "resolver: MEMORY\n"
            "resolver_preload {\n"
            f"  {self._account.public}: {self._key.token(self._account.public, 'all', account)}\n"
            f"  {self._system.public}: {self._key.token(self._system.public, 'sys', system)}\n"
            "}\n"
        )

    def credentials(self) -> str:
        """The text of a new user's credentials file."""
        user = Nkey("user")
        limits = {"subs": -1, "data": -1, "payload": -1}
        token = self._account.token(user.public, "user", {"type": "user", "version": 2, **limits})
        return (
            f"-----BEGIN NATS USER JWT-----\n{token}\n------END NATS USER JWT------\n\n"
            f"-----BEGIN USER NKEY SEED-----\n{user.seed}\n------END USER NKEY SEED------\n"
        )


def _text(data: bytes) -> str:
    check = binascii.crc_hqx(data, 0).to_bytes(2, "little")
    return base64.b32encode(data + check).decode().rstrip("=")


def _url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
