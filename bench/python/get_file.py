"""`await store.get(k)` on `file:`, a prepared select of sqlite3, and diskcache."""

import asyncio
import sqlite3
from pathlib import Path

import diskcache
import slipstream
from measure import KEYS, VALUE, directory, measure, rounds, sample

ROW = "python-get-file"
READS = 100_000
SELECT = "SELECT value, version FROM entries WHERE key = ?"


def filled_sqlite(path: Path) -> sqlite3.Connection:
    """A table of key, value and version, as a program that needs versions keeps it."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute(
        "CREATE TABLE entries (key TEXT PRIMARY KEY, value BLOB, version INTEGER) WITHOUT ROWID"
    )
    rows = ((key, VALUE, version) for version, key in enumerate(KEYS, 1))
    database.executemany("INSERT INTO entries VALUES (?, ?, ?)", rows)
    database.commit()
    return database


def filled_diskcache(path: Path) -> diskcache.Cache:
    cache = diskcache.Cache(str(path))
    with cache.transact():
        for key in KEYS:
            cache[key] = VALUE
    return cache


async def main() -> None:
    path = Path(directory())
    database = filled_sqlite(path / "sqlite.db")
    cache = filled_diskcache(path / "diskcache")
    async with slipstream.connect(f"file:{path / 'ours.db'}") as conn:
        store = await conn.store("bench")
        for start in range(0, len(KEYS), 1000):
            async with asyncio.TaskGroup() as group:
                for key in KEYS[start : start + 1000]:
                    group.create_task(store.put(key, VALUE))

        async def ours() -> None:
            for key in reads:
                await store.get(key)

        async def select() -> None:
            execute = database.execute
            for key in reads:
                execute(SELECT, (key,)).fetchone()

        async def cached() -> None:
            for key in reads:
                cache.get(key)

        for number in range(rounds()):
            reads = sample(READS, number)
            await measure(ROW, "slipstream", number, READS, ours)
            await measure(ROW, "sqlite3, prepared select", number, READS, select)
            await measure(ROW, "diskcache", number, READS, cached)
    database.close()
    cache.close()


asyncio.run(main())
