"""Reads that are compared with each other."""

from collections.abc import Awaitable, Callable
from typing import Any

from .bulk import many_keys
from .expectation import UNSET
from .names import Text
from .world import World


class Reads(World):
    """The steps of reads that are compared."""

    expecting: Callable[..., Awaitable[Any]]

    async def do_get_many(
        self,
        *,
        keys: list[Text] = [],  # noqa: B006 - never changed
        many: dict[str, Any] | None = None,
        expect: Any = UNSET,
        count: int | None = None,
        store: str = "main",
        error: Any = None,
    ) -> None:
        """Reads many keys at once, and each by itself, which must tell the same (R1)."""
        reader = self.stores[store]
        named = many_keys(**many) if many else [self.names.text(key) for key in keys]
        found = await self.expecting(error, lambda: reader.get_many(named))
        if error is not None:
            return
        assert found == [await reader.get(key) for key in named]
        if expect is not UNSET:
            values = [None if text is None else self.names.octets(text) for text in expect]
            assert [entry and entry.value for entry in found] == values
        if count is not None:
            assert len(found) - found.count(None) == count

    async def do_info(
        self, *, expect: dict[str, Any] | None = None, store: str = "main", error: Any = None
    ) -> None:
        info = await self.expecting(error, self.stores[store].info)
        for name, value in (expect or {}).items():
            if name == "version":
                assert info.version == self.names.token(value)
            elif name == "limits":
                assert {limit: getattr(info.limits, limit) for limit in value} == value
            else:
                assert getattr(info, name) == value, f"{name} of {info}"

    async def do_reads_agree(self, *, prefix: str = "", store: str = "main") -> None:
        """That keys, scan, get, get_many and entry tell the same (R4)."""
        reader = self.stores[store]
        entries = await reader.scan(prefix)
        keys = [entry.key for entry in entries]
        assert keys == sorted(set(keys))
        assert await reader.keys(prefix) == keys
        assert await reader.get_many(keys) == entries
        for entry in entries:
            assert await reader.get(entry.key) == entry
            assert await reader.entry(entry.key) == entry
