"""What the stores of a connection can do."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionCapabilities:
    """What the stores of a connection can do. What is absent fails with a clear error."""

    streaming_watch: bool
    """Watches deliver changes as they happen."""
    prefix_watch: bool
    """Watches can be limited to prefixes."""
    ttl: bool
    """Entries can have a time to live."""
    purge: bool
    """Keys can be purged."""
    cas: bool
    """Writes can be made conditional on a version."""
    transactions: bool
    """Several keys can be written as one."""
    global_ordering: bool
    """Versions order the writes of a whole store, not only those of one key."""
    max_value_size: int
    """The largest value, in bytes; 0 is no limit."""
