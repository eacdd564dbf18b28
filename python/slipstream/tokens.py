"""The types of the opaque bytes that a store and a watch hand out: versions and cursors."""

from typing import NewType

Version = NewType("Version", bytes)
"""The version of one write: ``bytes`` to compare and to pass on, never to look into (rule V3).

Writes and entries hand it out, ``update`` and ``delete_with_version`` take it. It is another type
than :class:`Cursor`, so that a type checker finds where one is passed for the other (rule V6).

>>> saved = slipstream.Version(path.read_bytes())
>>> await store.update("node.a", b"10.0.0.2", saved)
"""

Cursor = NewType("Cursor", bytes)
"""The place in a store that a watch has reached: ``bytes`` to save, never to look into (rule V4).

Watches and updates hand it out, ``watch(cursor=...)`` takes it and goes on behind it.

>>> saved = slipstream.Cursor(path.read_bytes())
>>> async for update in store.watch("node.", cursor=saved):
...     path.write_bytes(update.cursor)
"""
