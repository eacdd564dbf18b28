"""What the sources of a Kotlin or Swift package declare for its users.

Read from the text, so that it can be checked where there is no compiler: declarations alone, with
the names of their parameters. Bodies are skipped.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

_COMMENT = re.compile(r'"""[\s\S]*?"""|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*[\s\S]*?\*/')
_TOKEN = re.compile(r"`?\w+`?|::|->|\.\.\.|\S")
_CLOSING = {"(": ")", "{": "}", "[": "]", "<": ">"}

_TYPES = {"class", "interface", "object", "struct", "enum", "protocol", "actor", "extension"}
_CALLS = {"fun", "func"}
_VALUES = {"val", "var", "let"}
_MODIFIERS = {
    "public", "open", "private", "fileprivate", "internal", "protected", "override", "final",
    "abstract", "sealed", "data", "suspend", "inline", "operator", "static", "mutating",
    "nonisolated", "companion", "const", "lateinit", "tailrec", "infix", "weak", "lazy",
}  # fmt: skip
_HIDDEN = {"private", "fileprivate", "internal", "protected"}


@dataclass
class Type:
    """A class or the like, with its members and the names of their parameters."""

    members: dict[str, list[str]] = field(default_factory=dict)
    bases: list[str] = field(default_factory=list)


@dataclass
class Declared:
    """What files declare at their top."""

    types: dict[str, Type] = field(default_factory=dict)
    calls: dict[str, list[str]] = field(default_factory=dict)


def declared(files: Iterable[Path], *, said_public: bool) -> Declared:
    """What these files declare. ``said_public``: only what says so is public, as in Swift."""
    found = Declared()
    for file in files:
        text = _COMMENT.sub(lambda part: '""' if part[0].startswith('"') else " ", file.read_text())
        _Reader(_TOKEN.findall(text), found, said_public).read(None)
    return found


class _Reader:
    def __init__(self, tokens: list[str], found: Declared, said_public: bool) -> None:
        self.tokens = tokens
        self.at = 0
        self.found = found
        self.said_public = said_public

    def read(self, owner: Type | None, *, all_public: bool = False) -> None:
        """Reads declarations up to the end of the file, or of the body of ``owner``."""
        modifiers: set[str] = set()
        while (token := self.peek()) not in ("", "}"):
            self.at += 1
            referred = self.at > 1 and self.tokens[self.at - 2] in (".", "::")
            if token in _CLOSING and token != "<":
                self.at -= 1
                self.skip()
            elif token == "@":
                self.at += 1
                self.skip()
                continue
            elif token in _MODIFIERS and not referred:
                modifiers.add(token)
                continue
            elif token in _TYPES | _CALLS | _VALUES and not referred:
                self.declaration(token, owner, self.public(modifiers) or all_public)
            modifiers.clear()
        self.at += 1

    def declaration(self, keyword: str, owner: Type | None, public: bool) -> None:
        if keyword in _TYPES:
            # `enum class` and the like; an expression `object : Type` has no name.
            while self.peek() in _TYPES:
                self.at += 1
            if re.match(r"\w", self.peek()):
                self.type_(public)
            return
        if self.peek() == "<":
            self.skip()
        name = self.take().strip("`")
        parameters: list[str] = []
        if keyword in _CALLS:
            if self.peek() == "<":
                self.skip()
            parameters = [parameter for parameter, _ in self.parameters()]
        if public and owner is not None:
            owner.members[name] = parameters
        elif public:
            self.found.calls[name] = parameters

    def type_(self, public: bool) -> None:
        name = self.take()
        read = self.found.types.setdefault(name, Type()) if public else Type()
        if self.peek() == "<":
            self.skip()
        while self.peek() in _HIDDEN | {"public", "constructor"}:
            self.at += 1
        if self.peek() == "(":
            for parameter, words in self.parameters():
                if _VALUES & set(words) and not _HIDDEN & set(words):
                    read.members[parameter] = []
        if self.peek() == ":":
            read.bases += self.bases()
        if self.peek() == "{":
            self.at += 1
            # What a protocol declares is as public as it is itself.
            self.read(read, all_public=public and name.endswith("Protocol"))

    def bases(self) -> list[str]:
        """The names behind a colon."""
        named: list[str] = []
        while self.peek() in (":", ","):
            self.at += 1
            if self.peek() == "@":
                self.at += 2
            named.append(self.take())
            while self.peek() == ".":
                self.at += 1
                named[-1] = self.take()
            while self.peek() in ("(", "<"):
                self.skip()
        return named

    def parameters(self) -> list[tuple[str, list[str]]]:
        """The name that a caller gives each parameter, or that it has where none is given, and the
        words before its type."""
        start = self.at + 1
        self.skip()
        parameters: list[tuple[str, list[str]]] = []
        words: list[str] = []
        depth, naming = 0, True
        for token in self.tokens[start : self.at]:
            if depth == 0 and (token == "," or token == ")"):
                if words:
                    other = _MODIFIERS | _VALUES | {"vararg", "_"}
                    label = next((word for word in words if word not in other), "_")
                    parameters.append((label, words))
                words, naming = [], True
            elif token == ":":
                naming = False
            elif naming:
                words.append(token)
            depth += (token in _CLOSING) - (token in _CLOSING.values())
        return parameters

    def public(self, modifiers: set[str]) -> bool:
        if self.said_public:
            return bool({"public", "open"} & modifiers)
        return not _HIDDEN & modifiers

    def peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def take(self) -> str:
        self.at += 1
        return self.tokens[self.at - 1]

    def skip(self) -> None:
        """Skips what is in brackets, if it is."""
        opening = self.peek()
        if opening not in _CLOSING:
            return
        depth = 0
        while self.at < len(self.tokens):
            token = self.take()
            depth += (token == opening) - (token == _CLOSING[opening])
            if depth == 0:
                return
