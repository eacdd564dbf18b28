"""A forked child gets a fresh connection or one precise error at once, and never a hang."""

from __future__ import annotations

from .program import run

PARENT = """
import asyncio, os, signal, sys, threading, time, warnings
import slipstream, slipstream.sync

warnings.simplefilter("ignore")  # of Python 3.12: threads and fork
url = sys.argv[1]
conn = slipstream.sync.connect(url)
store = conn.store("s")
store.put("k", b"parent")
watch = store.watch("")
next(watch)

def refused(call):
    asked = time.monotonic()
    try:
        call()
    except slipstream.NotConnected as error:
        assert "opened in the parent" in str(error) and "connect() again" in str(error), error
        took.append(time.monotonic() - asked)
        return
    raise AssertionError("nothing was raised")

took = []

def check_child():
    refused(lambda: store.get("k"))
    refused(lambda: store.put("k", b"child"))
    refused(lambda: store.scan())
    refused(lambda: conn.store("other"))
    refused(lambda: store.watch(""))
    refused(lambda: next(watch))
    refused(lambda: watch.synced())
    refused(lambda: watch.cursor)
    refused(lambda: asyncio.run(wait_for_old()))
    assert not conn.is_healthy()
    watch.close()
    conn.close()
    # At once. Half of them, since a busy machine may hold any one up.
    assert sorted(took)[len(took) // 2] < 0.1, took

async def wait_for_old():
    async_conn, async_store, async_watch = kept
    await async_store.get("k")

async def keep():
    conn = await slipstream.connect(url)
    store = await conn.store("s")
    watch = store.watch("")
    await watch.synced()
    call = anext(watch)
    call.close()
    return conn, store, watch

kept = asyncio.run(keep())

def fresh():
    key = f"child.{os.getpid()}"
    with slipstream.sync.connect(url) as conn:
        store = conn.store("s")
        store.put(key, b"1")
        assert store.get(key).value == b"1"
        with store.watch(key) as watch:
            assert next(watch).key == key

    async def again():
        async with slipstream.connect(url) as conn:
            store = await conn.store("s")
            await store.put(key, b"2")
            async with store.watch(key) as watch:
                assert (await anext(watch)).value == b"2"
                waiting = asyncio.create_task(anext(watch))
                await asyncio.sleep(0)
                await store.put(key, b"3")
                assert (await asyncio.wait_for(waiting, 10)).value == b"3"
    asyncio.run(again())

def forked(child):
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            child()
            code = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            sys.stderr.flush()
            os._exit(code)
    ends(pid)

def ends(pid):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        done, status = os.waitpid(pid, os.WNOHANG)
        if done:
            assert os.waitstatus_to_exitcode(status) == 0, status
            return
        time.sleep(0.005)
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    raise AssertionError("the child hung")
"""


def expect(url: str, body: str) -> None:
    ended = run(PARENT + body + "\nprint('done')\n", url)
    assert (ended.code, ended.out, ended.err) == (0, "done\n", "")


def test_l1_what_a_child_inherited_is_not_connected(url: str) -> None:
    expect(url, "forked(check_child)\nassert store.get('k').value == b'parent'")


def test_a_child_connects_anew(url: str) -> None:
    expect(
        url,
        "def child():\n"
        "    fresh()\n"
        "    check_child()\n"
        "    fresh()\n"
        "    forked(fresh)\n"
        "forked(child)\n"
        "assert store.get('k').value == b'parent'\n"
        "fresh()\n",
    )


def test_a_child_drops_what_it_inherited(url: str) -> None:
    expect(
        url,
        "def child():\n"
        "    global conn, store, watch, kept\n"
        "    del conn, store, watch, kept\n"
        "    import gc; gc.collect()\n"
        "    fresh()\n"
        "forked(child)\n"
        "assert store.get('k').value == b'parent'\n",
    )


def test_forks_while_other_threads_work(url: str) -> None:
    expect(
        url,
        "stop = threading.Event()\n"
        "def work(name):\n"
        "    while not stop.is_set():\n"
        "        store.put(name, b'v')\n"
        "        store.scan()\n"
        "def follow():\n"
        "    with store.watch('') as watch:\n"
        "        for update in watch:\n"
        "            if stop.is_set():\n"
        "                return\n"
        "threads = [threading.Thread(target=work, args=(f't{i}',)) for i in range(3)]\n"
        "threads.append(threading.Thread(target=follow))\n"
        "for thread in threads: thread.start()\n"
        "try:\n"
        "    for _ in range(15):\n"
        "        forked(check_child)\n"
        "        forked(fresh)\n"
        "finally:\n"
        "    stop.set()\n"
        "    store.put('last', b'v')\n"
        "for thread in threads: thread.join(20)\n"
        "assert not any(thread.is_alive() for thread in threads)\n",
    )


def test_a_fork_inside_a_running_loop(url: str) -> None:
    expect(
        url,
        "async def main():\n"
        "    async with slipstream.connect(url) as conn:\n"
        "        store = await conn.store('s')\n"
        "        async with store.watch('live.') as watch:\n"
        "            waiting = asyncio.create_task(anext(watch))\n"
        "            await asyncio.sleep(0)\n"
        "            forked(fresh)\n"
        "            forked(lambda: refused(lambda: store.get('k').send(None)))\n"
        "            await store.put('live.k', b'v')\n"
        "            assert (await asyncio.wait_for(waiting, 10)).key == 'live.k'\n"
        "asyncio.run(main())\n",
    )


def test_multiprocessing_with_fork(url: str) -> None:
    expect(
        url,
        "import multiprocessing\n"
        "def child(_):\n"
        "    check_child()\n"
        "    fresh()\n"
        "    return True\n"
        "with multiprocessing.get_context('fork').Pool(3) as pool:\n"
        "    assert pool.map_async(child, range(6)).get(30) == [True] * 6\n",
    )


def test_a_child_that_exits_in_the_usual_way_is_quiet(url: str) -> None:
    expect(
        url,
        "import multiprocessing\n"
        "child = multiprocessing.get_context('fork').Process(target=check_child)\n"
        "child.start()\n"
        "child.join(20)\n"
        "assert child.exitcode == 0, child.exitcode\n",
    )


def test_a_child_that_runs_to_the_end_of_the_program_is_quiet(url: str) -> None:
    ended = run(
        PARENT
        + "if pid := os.fork():\n"
        + "    ends(pid)\n"
        + "    assert store.get('k').value == b'parent'\n"
        + "else:\n"
        + "    check_child()\n"
        + "    fresh()\n"
        + "print('done', flush=True)\n",
        url,
    )
    assert (ended.code, ended.out, ended.err) == (0, "done\ndone\n", "")


def test_a_fork_whose_hooks_let_other_threads_run(url: str) -> None:
    ended = run(
        """
        import os, sys, threading, time
        # They come before whatever is registered later, and let go of the interpreter.
        pause = lambda: time.sleep(0.05)
        os.register_at_fork(before=pause, after_in_parent=pause)
        import slipstream.sync
        store = slipstream.sync.connect(sys.argv[1]).store("s")
        store.put("k", b"parent")
        forked = threading.Event()

        def read():
            while not forked.is_set():
                assert store.get("k").value == b"parent"

        reader = threading.Thread(target=read)
        reader.start()
        for _ in range(5):
            child = os.fork()
            if child == 0:
                os._exit(0)
            os.waitpid(child, 0)
        forked.set()
        reader.join()
        print("done")
        """,
        url,
    )
    assert (ended.code, ended.out, ended.err) == (0, "done\n", "")


def test_a_fork_in_a_thread(url: str) -> None:
    expect(
        url,
        "failures = []\n"
        "def fork():\n"
        "    try:\n"
        "        forked(check_child)\n"
        "        forked(fresh)\n"
        "    except BaseException as error:\n"
        "        failures.append(error)\n"
        "threads = [threading.Thread(target=fork) for _ in range(4)]\n"
        "for thread in threads: thread.start()\n"
        "for _ in range(20): assert store.get('k').value == b'parent'\n"
        "for thread in threads: thread.join(30)\n"
        "assert failures == [] and not any(thread.is_alive() for thread in threads), failures\n"
        "assert store.get('k').value == b'parent'\n",
    )
