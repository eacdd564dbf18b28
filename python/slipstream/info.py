"""What a store says of itself."""

import builtins
from dataclasses import dataclass
from typing import Literal

from slipstream.tokens import Version


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """The limits of a store as they are (rule R7). None is unlimited."""

    storage: Literal["persistent", "memory"]
    """Where the data is kept."""
    max_history: int
    """Versions kept of each key."""
    max_age: float | None
    """How long an entry lives unless it is written again, in seconds."""
    max_bytes: int | None
    """The size of all keys and values."""
    num_replicas: int
    """Servers that keep a copy."""
    discard: Literal["new", "old"]
    """What a full store does: "new" refuses the write, "old" evicts the oldest."""
    ttl: bool
    """Entries can have a time to live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreInfo:
    """What a store is, at one moment (rule R7)."""

    keys: int
    """How many live keys there are, as ``keys`` would list."""
    marks: int
    """How many removed keys there are of which a mark is still kept."""
    bytes: int
    """The bytes that the store counts against its ``max_bytes``."""
    version: Version
    """The version of the last write."""
    incarnation: builtins.bytes | None
    """What tells this store from another one of the same name, where the backend knows it."""
    limits: StoreLimits
    """Its limits, which are those it was made with unless somebody changed them since."""
