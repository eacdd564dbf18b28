"""A service of which any number of instances run and one is active, on a server that may restart.

The active instance holds a lease. It handles jobs and keeps how far it is in the store itself, so
that another one goes on there when it dies: a job may be handled twice then, and none is lost.
Start several, in any language, and write keys like job.1: python examples/service.py NAME URL
"""

import asyncio
import contextlib
import sys
import uuid

import slipstream

LEASE, PROGRESS, JOBS = "lease", "progress", "job."
LEASE_SECONDS = 5
# A renewal is two calls. It must be known to have failed before the lease has ended.
RENEW_SECONDS = 1
CALL_SECONDS = 1.5


async def acquire(store: slipstream.Store, me: bytes) -> None:
    """Waits until nobody has the lease, and takes it."""
    # Opened before the first attempt, so that no release is missed in between.
    async with store.watch(LEASE) as watch:
        while True:
            try:
                await store.create(LEASE, me, ttl=LEASE_SECONDS)
            except slipstream.AlreadyExists:
                # It may be ours: the answer to a write can be lost.
                if not await renew(store, me):
                    await released(watch)
                    continue
            return


async def released(watch: slipstream.Watch) -> None:
    async for update in watch:
        # A holder that died shows as a Purge, when its lease ends.
        if update.key == LEASE and not isinstance(update, slipstream.Put):
            return


async def renew(store: slipstream.Store, me: bytes) -> bool:
    """Lets the lease last longer, if it is ours."""
    held = await store.get(LEASE)
    if held is None or held.value != me:
        return False
    try:
        await store.update(LEASE, me, held.version, ttl=LEASE_SECONDS)
    except slipstream.RevisionMismatch:
        return False
    return True


async def keep(store: slipstream.Store, name: str, me: bytes) -> None:
    """Renews the lease until it is lost."""
    while await renew(store, me):
        await asyncio.sleep(RENEW_SECONDS)
    print(f"{name} has lost the lease", flush=True)


async def work(store: slipstream.Store, name: str) -> None:
    """Handles jobs, from where the last active instance stood."""
    progress = await store.get(PROGRESS)
    # The watch goes on by itself after a restart of the server.
    async with store.watch(
        JOBS, cursor=slipstream.Cursor(progress.value) if progress else None
    ) as watch:
        try:
            async for batch in watch.batches():
                for update in batch:
                    if isinstance(update, slipstream.Put):
                        print(f"{name} handles {update.key}", flush=True)
                await store.put(PROGRESS, watch.cursor)
        except slipstream.CursorExpired:
            # What came after it can no longer be told, so that all jobs are told again.
            await store.delete(PROGRESS)


async def serve(store: slipstream.Store, name: str, me: bytes) -> None:
    """Works for as long as the lease is ours."""
    tasks = [asyncio.create_task(keep(store, name, me)), asyncio.create_task(work(store, name))]
    done, others = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for other in others:
        other.cancel()
    await asyncio.gather(*others, return_exceptions=True)
    for ended in done:
        ended.result()


async def main(name: str, url: str) -> None:
    me = f"{name} {uuid.uuid4()}".encode()
    async with slipstream.connect(url, timeout=CALL_SECONDS) as conn:
        store = await conn.store("service")
        while True:
            try:
                await acquire(store, me)
                print(f"{name} is active", flush=True)
                await serve(store, name, me)
            except slipstream.KvError as error:
                if not error.retryable:
                    raise
                print(f"{name} tries again: {error}", flush=True)


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(main(*sys.argv[1:]))
