"""Adds 1 to a counter until it is told to stop, whatever becomes of the servers meanwhile."""

import asyncio
import json
import sys

import slipstream

# As long as electing a leader may take, and then some.
TIMEOUT = 20.0
KEYS = 20


async def main(url: str, name: str) -> None:
    said = {"sure": 0, "unknown": 0, "conflicts": 0, "stale": 0}
    async with slipstream.connect(url, timeout=TIMEOUT) as connection:
        store = await connection.store("counters")
        print(json.dumps("ready"), flush=True)
        told = asyncio.create_task(asyncio.to_thread(sys.stdin.readline))
        while not told.done():
            try:
                entry = await store.get("counter")
                assert entry is not None
                await asyncio.sleep(0)
                value = b"%d" % (int(entry.value) + 1)
                version = await store.update("counter", value, entry.version)
                said["sure"] += 1
                # What this handle wrote, or something newer (R5).
                again = await store.get("counter")
                said["stale"] += again is None or again.version < version
                await store.put(f"{name}.{said['sure'] % KEYS}", value)
            except slipstream.RevisionMismatch:
                said["conflicts"] += 1
            except (slipstream.Timeout, slipstream.ConnectionFailed) as error:
                # A put that is unknown counts for nothing, and one too many is no harm: it only
                # widens what the counter may be.
                said["unknown"] += bool(error.outcome_unknown)
    print(json.dumps(said))


asyncio.run(main(sys.argv[1], sys.argv[2]))
