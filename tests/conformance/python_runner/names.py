"""What scenarios write for texts and tokens, and the names they give."""

from typing import Any

Text = str | dict[str, Any]


class Names:
    """What ``as:`` saved and ``$name`` stands for."""

    def __init__(self, saved: dict[str, bytes] | None = None) -> None:
        self.saved = dict(saved or {})

    def with_name(self, name: str, value: bytes) -> "Names":
        return Names({**self.saved, name: value})

    def octets(self, text: Text) -> bytes:
        match text:
            case str() if text.startswith("$"):
                return self.saved[text[1:]]
            case str():
                return text.encode()
            case {"repeat": part, "times": times}:
                return (str(part) * int(times)).encode()
            case {"hex": digits}:
                return bytes.fromhex(digits)
            case _:
                raise AssertionError(f"{text!r} is no text")

    def text(self, text: Text) -> str:
        return self.octets(text).decode()

    def token(self, token: Text) -> bytes:
        match token:
            case str():
                assert token == "" or token.startswith("$"), f"{token!r} is no token"
                return self.octets(token)
            case {"hex": digits}:
                return bytes.fromhex(digits)
            case {"ahead_of": name, "by": by}:
                value = self.octets(name)
                number = (int.from_bytes(value[-8:], "big") + int(by)) % 2**64
                return value[:-8] + number.to_bytes(8, "big")
            case {"after": version}:
                value = self.token(version)
                return bytes([1, len(value)]) + bytes(16) + value
            case {"mangled": name}:
                value = self.octets(name)
                return bytes([value[0] ^ 0x80]) + value[1:]
            case _:
                raise AssertionError(f"{token!r} is no token")
