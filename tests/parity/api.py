"""The public API as tests/api.toml lists it, in the words of each language."""

import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FILE = Path(__file__).resolve().parent.parent / "api.toml"
ERROR = "KvError"

# Each name that a language exports, with the names of its parameters.
Listing = dict[str, list[str]]


@dataclass(frozen=True)
class Call:
    """What is listed: a call with parameters, or a class, property or kind of error without."""

    parameters: list[str] = field(default_factory=list)
    options: list[str] = field(default_factory=list)
    cancellable: bool = False
    owner: str = ""
    """The class that this is a member or a kind of."""


@dataclass(frozen=True)
class Language:
    """How one language differs from the list."""

    case: str
    cancels: str | None = None
    names: dict[str, str] = field(default_factory=dict)
    only: dict[str, str] = field(default_factory=dict)
    lacks: dict[str, str] = field(default_factory=dict)

    def calls(self, api: dict[str, Call]) -> dict[str, Call]:
        """What this language must export, as it calls it there."""
        return {
            self.named(name): self.told(call)
            for name, call in api.items()
            if name not in self.lacks and call.owner not in self.lacks
        }

    def named(self, name: str) -> str:
        """A name, with that of its class before it, in this language."""
        owner, dot, member = name.rpartition(".")
        return self.names.get(owner, owner) + dot + self.names.get(name, self.cased(member))

    def told(self, call: Call) -> Call:
        cancels = [self.cancels] if call.cancellable and self.cancels else []
        return Call(
            [self.cased(name) for name in call.parameters],
            [self.cased(name) for name in call.options] + cancels,
        )

    def cased(self, name: str) -> str:
        if self.case == "snake":
            return name
        return re.sub(r"_([a-z])", lambda letter: letter[1].upper(), name)


def differences(api: dict[str, Call], language: Language, exported: Listing) -> list[str]:
    """How what a language exports differs from what is listed; empty where it does not."""
    calls = language.calls(api)
    found = [f"{name} is missing" for name in sorted(calls.keys() - exported.keys())]
    for name in sorted(exported.keys() - calls.keys() - language.only.keys()):
        found.append(f"{name} is not in {FILE.name}")
    for name in sorted(language.only.keys() - exported.keys()):
        found.append(f"{name} is said to be there alone, and is not")
    for name in sorted(calls.keys() & exported.keys()):
        call, names = calls[name], exported[name]
        options = [parameter for parameter in names if parameter in call.options]
        if [parameter for parameter in names if parameter not in options] != call.parameters:
            found.append(f"{name} takes {names}, not {call.parameters} with {call.options}")
        for option in sorted(set(call.options) - set(options)):
            found.append(f"{name} lacks the option {option}")
    return found


def load() -> tuple[dict[str, Call], dict[str, Language]]:
    """Everything that is listed, and every language."""
    told: dict[str, Any] = tomllib.loads(FILE.read_text())
    api = {name: Call(**call) for name, call in told["functions"].items()}
    for name, members in told["classes"].items():
        api[name] = Call()
        for member, call in members.items():
            api[f"{name}.{member}"] = Call(**call, owner=name)
    api |= {kind: Call(owner=ERROR) for kind in told["errors"]["kinds"]}
    return api, {name: Language(**said) for name, said in told["languages"].items()}
