"""`get` on a nats-server from 8 threads: ours with calls that block, on a connection that all of
them share, and nats-py with an event loop and a connection a thread."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import nats
import slipstream.sync
from measure import VALUE, rounds, timed
from nats.aio.client import Client
from nats.js.kv import KeyValue
from nats_data import BUCKET, URL, sample

ROW = "nats-python-threads"
THREADS = 8
GETS = 2_500
WARM_UP = 500
MOST_SECONDS = 60


class Crew:
    """Threads that each do their part of a job."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(THREADS)
        self._start = threading.Barrier(THREADS, timeout=MOST_SECONDS)

    def run(self, job: Callable[[list[str]], None], keys: list[str]) -> None:
        parts = [keys[thread::THREADS] for thread in range(THREADS)]
        list(self._pool.map(self._part, [job] * THREADS, parts))

    def _part(self, job: Callable[[list[str]], None], keys: list[str]) -> None:
        # No thread can take a second part before every other has one.
        self._start.wait()
        job(keys)


class Peer(threading.local):
    """What a thread has of nats-py."""

    loop: asyncio.AbstractEventLoop
    client: Client
    bucket: KeyValue

    def open(self, _: list[str]) -> None:
        self.loop = asyncio.new_event_loop()
        self.client = self.loop.run_until_complete(nats.connect(URL))
        self.bucket = self.loop.run_until_complete(self.client.jetstream().key_value(BUCKET))

    def get(self, keys: list[str]) -> None:
        self.loop.run_until_complete(self._get(keys))

    def close(self, _: list[str]) -> None:
        self.loop.run_until_complete(self.client.close())
        self.loop.close()

    async def _get(self, keys: list[str]) -> None:
        for key in keys:
            entry = await self.bucket.get(key)
            assert entry.value is not None and len(entry.value) == len(VALUE)


def main() -> None:
    crew, peer = Crew(), Peer()
    crew.run(peer.open, [])
    with slipstream.sync.connect(URL) as conn:
        store = conn.store(BUCKET)

        def ours(keys: list[str]) -> None:
            for key in keys:
                entry = store.get(key)
                assert entry is not None and len(entry.value) == len(VALUE)

        for get in (ours, peer.get):
            crew.run(get, sample(THREADS * WARM_UP, rounds()))
        for number in range(rounds()):
            keys = sample(THREADS * GETS, number)
            for who, get in (("slipstream", ours), ("nats-py, a loop a thread", peer.get)):
                with timed(ROW, who, number, len(keys)):
                    crew.run(get, keys)
    crew.run(peer.close, [])


main()
