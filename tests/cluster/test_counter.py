"""Compare-and-swap goes on, and stays right, while a cluster loses one leader after another."""

from contextlib import ExitStack
from pathlib import Path
from typing import Any

from kit.nats_cluster import NatsCluster
from kit.nats_server import NatsServer
from kit.wait import wait_for
from kit.worker import LANGUAGES, OTHER, Worker
from slipstream import sync as slipstream

WORKERS = Path(__file__).parent / "workers"
EACH_LANGUAGE = 2
# How the leader goes: it hands over, or it is just gone.
LOSSES = (
    NatsServer.stop,
    NatsServer.kill,
    NatsServer.stop,
    NatsServer.stop,
    NatsServer.kill,
)
# Increments that show that it goes on, without the server and with it again.
ENOUGH = 20
STORE = "counters"
SECONDS = 60.0


def test_w2_the_counter_is_right_after_five_leaders_were_lost(cluster: NatsCluster) -> None:
    url = cluster.url
    with ExitStack() as stack:
        connection = stack.enter_context(slipstream.connect(url, timeout=SECONDS))
        store = connection.store(STORE, num_replicas=3)
        store.put("counter", b"0")
        watchers = {
            language: stack.enter_context(Worker(WORKERS, "watcher", language, url, ""))
            for language in LANGUAGES
        }
        assert all(watcher.hears() == "watching" for watcher in watchers.values())
        counters = [
            stack.enter_context(Worker(WORKERS, "counter", language, url, f"{language}.{number}"))
            for language in LANGUAGES
            for number in range(EACH_LANGUAGE)
        ]
        assert all(counter.hears() == "ready" for counter in counters)
        for lose in LOSSES:
            leader = cluster.leader(STORE)
            lose(leader)
            goes_on(store)
            leader.start()
            cluster.wait_current(STORE)
            goes_on(store)

        for counter in counters:
            counter.tell("stop")
        told: list[dict[str, int]] = [counter.hears(SECONDS) for counter in counters]
        assert [counter.ends() for counter in counters] == [0] * len(counters)
        print(told)
        sure, unknown = (sum(each[what] for each in told) for what in ("sure", "unknown"))
        assert sure <= count(store) <= sure + unknown
        # Without a conflict they did not run side by side, and nothing was shown.
        assert sum(each["conflicts"] for each in told) > 0
        # Reads after own writes hold (R5).
        assert sum(each["stale"] for each in told) == 0

        store.put("end", b"here")
        table = {entry.key: entry.value.decode() for entry in store.scan()}
        for language, watcher in watchers.items():
            seen = watcher.hears(SECONDS)
            assert seen["table"] == table, language
            in_order(seen)
            resumes(url, OTHER[language], seen, store)


def count(store: slipstream.Store) -> int:
    counter = store.get("counter")
    assert counter is not None
    return int(counter.value)


def goes_on(store: slipstream.Store) -> None:
    """Waits until more was counted."""
    goal = count(store) + ENOUGH
    wait_for("more is counted", lambda: count(store) >= goal, SECONDS)


def in_order(seen: dict[str, Any]) -> None:
    """Every version once (S2, S7)."""
    versions = [version for version, _ in seen["seen"]]
    assert versions == sorted(set(versions))


def resumes(url: str, language: str, seen: dict[str, Any], store: slipstream.Store) -> None:
    """Goes on in another language from a position in the middle, on whichever server (S4)."""
    version, cursor = seen["seen"][len(seen["seen"]) // 2]
    with Worker(WORKERS, "watcher", language, url, cursor) as watcher:
        assert watcher.hears() == "watching"
        rest = watcher.hears(SECONDS)
    in_order(rest)
    assert rest["table"] == {
        entry.key: entry.value.decode()
        for entry in store.scan()
        if entry.version > bytes.fromhex(version)
    }
