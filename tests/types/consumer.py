"""A program that uses the package. The type checkers read it, and must report each mistake below.

A mistake is marked for both of them, and a mark that nothing is reported for is an error itself.
"""

from datetime import timedelta

import slipstream
import slipstream.sync
from slipstream import Delete, Entry, Purge, Put, Update


async def right(url: str, saved: bytes) -> slipstream.Cursor:
    async with slipstream.connect(url, timeout=timedelta(seconds=1)) as conn:
        store: slipstream.Store = await conn.store("nodes")
        version: slipstream.Version = await store.put("a", b"1", ttl=60)
        entry: Entry | None = await store.get("a")
        entries: list[Entry | None] = await store.get_many(["a", "b"])
        keys: list[str] = await store.keys("a")
        assert entry is not None
        await store.update("a", b"2", entry.version)
        await store.delete_with_version("a", slipstream.Version(saved))
        print(entry.value.decode(), entries, keys, version)
        async with store.watch("a.", "b.", cursor=slipstream.Cursor(saved)) as watch:
            async for update in watch:
                handle(update)
            async for updates in watch.batches():
                print([handle(update) for update in updates])
            return watch.cursor


def right_blocking(url: str) -> list[str]:
    with slipstream.sync.connect(url) as conn:
        store = conn.store("nodes")
        try:
            store.create("a", b"1")
        except slipstream.AlreadyExists as error:
            code: str = error.code
            print(code, error.retryable, error.key)
        with store.watch("") as watch:
            return [update.key for update in watch]


def handle(update: Update) -> bytes | None:
    match update:
        case Put(value=value):
            return value
        case Delete() | Purge():
            return None


async def wrong(store: slipstream.Store) -> None:
    await store.get(1)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await store.put("a", "text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    await store.put("a")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    await store.set("a", b"1")  # type: ignore[attr-defined]  # pyright: ignore
    await store.update("a", b"1", 5)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    print((await store.get("a")).value)  # type: ignore[union-attr]  # pyright: ignore
    await store.update("a", b"1", b"1")  # type: ignore[arg-type]  # pyright: ignore
    store.watch(cursor=await store.put("a", b"1"))  # type: ignore[arg-type]  # pyright: ignore
    store.watch(keys=[1])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]
    store.watch(cursor="x")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    for _ in store.watch(""):  # type: ignore[attr-defined]  # pyright: ignore
        pass
    async for update in store.watch(""):
        print(update.value)  # type: ignore[union-attr]  # pyright: ignore
        update.key = "b"  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def wrong_blocking(store: slipstream.sync.Store) -> None:
    version: str = store.put("a", b"1")  # type: ignore[assignment]  # pyright: ignore
    print(version)
    store.put("a", b"1", ttl="1 s")  # type: ignore[arg-type]  # pyright: ignore
    slipstream.sync.connect("memory:", tls=True)  # type: ignore[call-arg]  # pyright: ignore
    slipstream.connect("memory:", timeout="1 s")  # type: ignore[arg-type]  # pyright: ignore
