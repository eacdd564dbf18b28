"""A lock that one process holds at a time, and that is free again if its holder dies.

Run it several times at once, with examples/lock.mjs too, on one file:PATH or one nats://HOST:
python examples/lock.py NAME URL
"""

import asyncio
import sys

import slipstream

KEY = "lock.report"
LEASE_SECONDS = 5
STEPS = 3


async def acquire(store: slipstream.Store, name: str) -> slipstream.Version:
    """Waits until nobody holds the lock, takes it, and gives the version that stands for it."""
    # Opened before the first attempt, so that no release is missed in between.
    async with store.watch(KEY) as watch:
        while True:
            try:
                return await store.create(KEY, name.encode(), ttl=LEASE_SECONDS)
            except slipstream.AlreadyExists:
                await released(watch)


async def released(watch: slipstream.Watch) -> None:
    async for update in watch:
        # A holder that died shows as a Purge, when its lease ends.
        if update.key == KEY and not isinstance(update, slipstream.Put):
            return


async def main(name: str, url: str) -> None:
    async with slipstream.connect(url) as conn:
        store = await conn.store("locks")
        lease = await acquire(store, name)
        print(f"{name} has the lock", flush=True)
        for step in range(STEPS):
            print(f"{name} does step {step + 1} of {STEPS}", flush=True)
            await asyncio.sleep(0.1)
            # A step must take less than the lease. RevisionMismatch here means that it did not,
            # and that another may have the lock by now: what comes next must not happen.
            lease = await store.update(KEY, name.encode(), lease, ttl=LEASE_SECONDS)
        print(f"{name} gives the lock back", flush=True)
        await store.delete_with_version(KEY, lease)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
