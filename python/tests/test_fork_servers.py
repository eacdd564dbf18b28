"""Programs that fork for a living: the fork server of multiprocessing, and gunicorn."""

from __future__ import annotations

import http.client
import itertools
import json
import signal
import subprocess
import sys
import textwrap
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kit.nats_server import NatsServer
from kit.ports import HOST, free_port
from kit.wait import wait_for

import slipstream.sync

from .program import run

WORKERS = 4

WORK = """
import slipstream.sync

def work(url, key):
    with slipstream.sync.connect(url) as conn:
        store = conn.store("s")
        store.put(key, b"v")
        with store.watch(key) as watch:
            return next(watch).value
"""

FORK_SERVER = """
import multiprocessing, sys
sys.path.insert(0, sys.argv[2])
import slipstream.sync
from work import work

url = sys.argv[1]
with slipstream.sync.connect(url) as conn:
    store = conn.store("s")
    store.put("k", b"parent")
    context = multiprocessing.get_context("forkserver")
    # Loaded in the server, of which every child is a fork.
    context.set_forkserver_preload(["slipstream.sync", "work"])
    with context.Pool(3) as pool:
        done = pool.starmap_async(work, [(url, f"child.{i}") for i in range(6)]).get(30)
    assert done == [b"v"] * 6, done
    assert store.get("k").value == b"parent"
print("done")
"""

# What a service does that loads its application once and forks: the connection is its parent's.
SERVICE = """
import json, os, time
import slipstream, slipstream.sync

URL = {url!r}
inherited = slipstream.sync.connect(URL).store("s")
inherited.put("k", b"master")
of_master = os.getpid()
own = None

def answer():
    global own
    if own is None:
        own = slipstream.sync.connect(URL).store("s")
    asked = time.monotonic()
    try:
        inherited.get("k")
        refusal = None
    except slipstream.NotConnected as error:
        refusal = str(error)
    took = time.monotonic() - asked
    own.put(f"worker.{{os.getpid()}}", b"1")
    return {{
        "pid": os.getpid(),
        "master": of_master,
        "refusal": refusal,
        "seconds": took,
        "value": own.get("k").value.decode(),
    }}

def app(environ, start_response):
    start_response("200 OK", [("Content-Type", "application/json")])
    return [json.dumps(answer()).encode()]
"""


def test_multiprocessing_with_a_fork_server(url: str, tmp_path: Path) -> None:
    (tmp_path / "work.py").write_text(WORK, encoding="utf-8")
    ended = run(FORK_SERVER, url, str(tmp_path))
    assert (ended.code, ended.out, ended.err) == (0, "done\n", "")


def test_gunicorn_that_preloads_an_application_with_a_connection(
    server: NatsServer, tmp_path: Path
) -> None:
    source = textwrap.dedent(SERVICE.format(url=server.url))
    (tmp_path / "service.py").write_text(source, encoding="utf-8")
    with gunicorn(tmp_path) as (process, port):
        answers: dict[int, dict[str, Any]] = {}
        for _ in itertools.takewhile(lambda _: len(answers) < WORKERS, range(2_000)):
            answer = ask(port)
            answers[answer["pid"]] = answer
        assert len(answers) == WORKERS
        for answer in answers.values():
            assert "opened in the parent" in answer["refusal"]
            assert answer["value"] == "master"
            assert answer["master"] == process.pid
        assert min(answer["seconds"] for answer in answers.values()) < 0.1
        with slipstream.sync.connect(server.url) as conn:
            keys = conn.store("s").keys("worker.")
        assert sorted(keys) == sorted(f"worker.{pid}" for pid in answers)


@contextmanager
def gunicorn(folder: Path) -> Generator[tuple[subprocess.Popen[str], int]]:
    """The service under gunicorn, which ends by itself when it is told to and says no more."""
    port = free_port()
    options = ["--preload", "--workers", str(WORKERS), "--bind", f"{HOST}:{port}"]
    options += ["--log-level", "error", "--chdir", str(folder), "--no-control-socket"]
    log = folder / "gunicorn.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "gunicorn", *options, "service:app"],
            stdout=output,
            stderr=output,
            text=True,
        )
    try:
        wait_for("gunicorn answers", lambda: process.poll() is not None or answers(port))
        yield process, port
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0
        assert log.read_text(encoding="utf-8") == ""
    finally:
        process.kill()
        process.wait()


def ask(port: int) -> Any:
    connection = http.client.HTTPConnection(HOST, port, timeout=10)
    try:
        connection.request("GET", "/")
        return json.load(connection.getresponse())
    finally:
        connection.close()


def answers(port: int) -> bool:
    try:
        ask(port)
    except ConnectionRefusedError:
        return False
    return True
