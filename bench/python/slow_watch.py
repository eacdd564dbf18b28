"""How much memory a watch of a million keys takes over the store's own while it is read slowly."""

import asyncio
from pathlib import Path

import slipstream
from measure import VALUE, report, rounds

ROW = "slow-watch"
KEYS = 1_000_000
READS = 100
PAUSE = 0.01
MEBIBYTE = 1 << 20


def resident() -> int:
    """Bytes of this process that are in memory."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError("/proc/self/status has no VmRSS")


async def main() -> None:
    async with slipstream.connect("memory:") as conn:
        store = await conn.store("bench")
        for number in range(KEYS):
            await store.put(f"node.{number:07}", VALUE)
        # The first reads and writes of a process allocate what is not a watch's.
        await store.get("node.0000000")
        for number in range(rounds()):
            before = most = resident()
            async with store.watch("") as watch:
                updates = aiter(watch)
                for read in range(READS):
                    await anext(updates)
                    await store.put(f"node.{read:07}", VALUE)
                    await asyncio.sleep(PAUSE)
                    most = max(most, resident())
            report(ROW, "slipstream", number, mebibytes=(most - before) / MEBIBYTE)


asyncio.run(main())
