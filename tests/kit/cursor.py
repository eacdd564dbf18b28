"""Cursors made of versions, as `docs/formats.md` lays them out."""

FORMAT = 1
# The incarnation of the store and a time, of which neither is known.
UNKNOWN = bytes(16)


def cursor_after(version: bytes) -> bytes:
    """The position right after a version, in whatever store it is used on (V4)."""
    return bytes([FORMAT, len(version)]) + UNKNOWN + version
