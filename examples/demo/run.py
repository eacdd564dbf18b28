"""The demo: a Python service and a Node tool share one file, with no server: `make demo`.

`make demo NATS=1` shows the same on a NATS server, which is restarted as well; what the service and
the tool do is the same, only the URL differs.

Everything in the transcript really happens, in processes of their own. It ends with exit status 1
if anything is not as it says.
"""

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from actor import Actor
from place import NatsServer, place

HERE = Path(__file__).parent
JOBS = 1000
KILL_AFTER = 300
WAIT_SECONDS = 20


def main(kind: str) -> None:
    with (
        tempfile.TemporaryDirectory(prefix="slipstream-demo-") as directory,
        place(kind, Path(directory)) as where,
    ):
        url = where.url
        print(f"slipstream: {where.title}\n")
        print(f"A Python service and a Node tool both open {url}")
        with (
            Actor("python", sys.executable, str(HERE / "service.py"), url) as service,
            Actor("node", "node", str(HERE / "tool.mjs"), url) as tool,
        ):
            share(service, tool)
            compete(service, tool)
            follow(service, tool)
            resume(service, url, Path(directory))
            if where.server:
                outlive(service, tool, where.server)
            for actor in (service, tool):
                expect(actor.end() == 0, f"{actor.name} ends cleanly")
    print("\nAll of it was as expected.")


def share(service: Actor, tool: Actor) -> None:
    title(1, "What one writes, the other reads")
    service.ask("put", "node.a", "10.0.0.1")
    value, _ = tool.ask("read", "node.a")
    expect(value == "10.0.0.1", "Node reads the value that Python wrote")


def compete(service: Actor, tool: Actor) -> None:
    title(2, "Both read the same version and want to change it: exactly one wins")
    _, python_version = service.ask("read", "node.a")
    _, node_version = tool.ask("read", "node.a")
    expect(python_version == node_version, "both languages see the same version")
    expect(service.ask("update", "node.a", "10.0.0.2", python_version) == "done", "Python wins")
    late = tool.ask("update", "node.a", "10.0.0.3", node_version)
    expect(late == "RevisionMismatch", "Node's update on the old version is refused")
    print("   So the Node tool reads again, and tries on the version it finds:")
    _, node_version = tool.ask("read", "node.a")
    expect(tool.ask("update", "node.a", "10.0.0.3", node_version) == "done", "now Node's is done")


def follow(service: Actor, tool: Actor) -> None:
    title(
        3, 'The Node tool watches "node.": the state first, then what Python writes, as it happens'
    )
    tool.tell("follow", "node.", 3)
    expect(tool.answer() == "node.a", "the watch begins with the state")
    for key, value in (("node.b", "10.0.0.4"), ("node.c", "10.0.0.5")):
        service.ask("put", key, value)
        expect(tool.answer() == key, "the watch tells what Python has just written")
    expect(tool.answer() == "all", "the watch told all three, in order")


def resume(service: Actor, url: str, folder: Path) -> None:
    title(
        4, "A Node worker handles jobs, is killed with kill -9, and Python goes on where it stood"
    )
    cursor, handled = folder / "cursor", folder / "handled"
    handled.touch()
    with Actor("worker", "node", str(HERE / "tool.mjs"), url) as worker:
        worker.tell("handle", str(cursor), str(handled))
        expect(worker.answer() == "watching", "the worker watches")
        print(f"   Python writes {JOBS} jobs. The worker saves its cursor after each it handles.")
        service.tell("queue", JOBS)
        wait_until(lambda: len(jobs(handled)) >= KILL_AFTER)
        worker.kill()
    before = jobs(handled)
    print(f"   kill -9 {worker.pid}: the worker had handled {len(before)} jobs.")
    service.answer()
    service.ask("handle", str(cursor), str(handled), f"job.{JOBS - 1:04}")
    every = jobs(handled)
    lost = JOBS - len(set(every))
    repeated = len(every) - len(set(every))
    print(f"   Of {JOBS} jobs {lost} were lost, {repeated} handled twice.")
    expect(len(before) < JOBS, "the worker was killed in the middle")
    expect(lost == 0, "no job was lost")
    expect(repeated <= 1, "only the job in hand at the kill may be handled again")


def outlive(service: Actor, tool: Actor, server: NatsServer) -> None:
    title(5, 'The server is restarted while the Node tool watches "node.", which both outlive')
    state = ["node.a", "node.b", "node.c"]
    tool.tell("follow", "node.", len(state) + 1)
    expect([tool.answer() for _ in state] == state, "the watch begins with the state")
    server.stop()
    print("   The server is stopped,", flush=True)
    server.start()
    print("   and started again. Nobody connects anew, nobody watches anew:", flush=True)
    service.ask("put", "node.d", "10.0.0.6")
    expect(tool.answer() == "node.d", "the watch goes on")
    expect(tool.answer() == "all", "and repeats nothing")


def jobs(handled: Path) -> list[str]:
    return handled.read_text().split()


def title(number: int, text: str) -> None:
    print(f"\n{number}. {text}", flush=True)


def wait_until(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not condition():
        expect(time.monotonic() < end, f"something happens within {WAIT_SECONDS} s")
        time.sleep(0.005)


def expect(met: bool, what: str) -> None:
    if not met:
        raise NotAsExpected(what)


class NotAsExpected(Exception):
    """Something in the transcript did not happen."""


if __name__ == "__main__":
    try:
        main(*sys.argv[1:])
    except NotAsExpected as what:
        sys.exit(f"\nNOT AS EXPECTED: {what}")
