// The event loop has its turn, whatever is ready (B9): counted in calls and turns, never in time.
import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer, connect as dial } from "node:net";
import test from "node:test";
import { live } from "slipstream-kv/debug";
import { BOUND, openStore } from "./kit.mjs";
import { place } from "./nats.mjs";

/** How large a state is: 300,000 in the long form. */
const LARGE = Number(process.env.SLIPSTREAM_LARGE ?? 40_000);
/** So many calls that are ready take much longer than what the loop has to serve meanwhile. */
const CALLS = 300_000;
/** So often a large state is read: a socket's echo takes several turns, on Deno many. */
const PASSES = 20;
const VALUE = Buffer.alloc(64, "v");

/** What the loop is to serve, from `start` on: what of it it has `served` yet. */
async function work(t) {
  const server = createServer((socket) => socket.pipe(socket)).listen(0, "127.0.0.1");
  await once(server, "listening");
  t.after(() => server.close());
  const socket = dial(server.address().port, "127.0.0.1");
  await once(socket, "connect");
  t.after(() => socket.destroy());
  const served = new Set();
  const onSignal = () => served.add("signal");
  process.on("SIGUSR2", onSignal);
  t.after(() => process.off("SIGUSR2", onSignal));
  socket.on("data", () => served.add("socket"));
  const start = () => {
    setTimeout(() => served.add("timer"), 1);
    AbortSignal.timeout(1).addEventListener("abort", () => served.add("abort"));
    socket.write("hello");
    process.kill(process.pid, "SIGUSR2");
  };
  const all = ["abort", "signal", "socket", "timer"];
  return { start, served, isDone: () => served.size === all.length, all };
}

/** Counts turns of the loop while `run` runs; and those after the core had its answer. */
async function turns(run) {
  const counted = { all: 0, answered: 0 };
  let ended = false;
  const turn = () => {
    counted.all += 1;
    counted.answered += live().operations === 0 ? 1 : 0;
    if (!ended) {
      setImmediate(turn);
    }
  };
  setImmediate(turn);
  const answer = await run();
  ended = true;
  return { ...counted, answer };
}

async function fill(store, count) {
  const keys = Array.from({ length: count }, (_, i) => `node.${String(i).padStart(6, "0")}`);
  for (let i = 0; i < count; i += 2_000) {
    await Promise.all(keys.slice(i, i + 2_000).map((key) => store.put(key, VALUE)));
  }
  return keys;
}

for (const scheme of ["memory:", "file:"]) {
  const calls = {
    get: (store) => store.get("a"),
    "get of what is refused": (store) => store.get("not a key").catch(() => {}),
    "get of nothing": (store) => store.get("none"),
    entry: (store) => store.entry("a"),
    getMany: (store) => store.getMany(["a", "none"]),
    keys: (store) => store.keys("a"),
    scan: (store) => store.scan("a"),
    // Writes to a file wait for the disk, and so for the loop.
    ...(scheme === "memory:" && {
      put: (store) => store.put("a", "1"),
      delete: (store) => store.delete("none"),
      update: (store) => store.update("a", "1", Buffer.alloc(8)).catch(() => {}),
    }),
  };
  for (const [name, call] of Object.entries(calls)) {
    test(`${scheme} b9 a loop of ${name} lets timers, sockets and signals through`, async (t) => {
      const { store } = await openStore(t, await place(scheme, t));
      await store.put("a", "1");
      const { start, served, isDone, all } = await work(t);
      start();
      for (let i = 0; i < CALLS && !isDone(); i += 1) {
        await call(store);
      }
      assert.deepEqual([...served].sort(), all);
    });
  }

  test(`${scheme} b9 many loops beside each other let all through`, async (t) => {
    const { store } = await openStore(t, await place(scheme, t));
    await store.put("a", "1");
    const { start, served, isDone, all } = await work(t);
    start();
    const loops = Array.from({ length: 500 }, async () => {
      for (let i = 0; i < CALLS / 500 && !isDone(); i += 1) {
        await store.get("a");
      }
    });
    await Promise.all(loops);
    assert.deepEqual([...served].sort(), all);
  });

  test(`${scheme} b9 a large state that is read lets all through`, async (t) => {
    const { store } = await openStore(t, await place(scheme, t));
    const keys = await fill(store, LARGE);

    const items = await work(t);
    items.start();
    for (let pass = 0; pass < PASSES && !items.isDone(); pass += 1) {
      let read = 0;
      for await (const update of store.watch("")) {
        assert.equal(update.key, keys[read]);
        read += 1;
        if (read === LARGE) {
          break;
        }
      }
    }
    assert.deepEqual([...items.served].sort(), items.all);

    const batches = await work(t);
    batches.start();
    for (let pass = 0; pass < PASSES && !batches.isDone(); pass += 1) {
      let read = 0;
      for await (const batch of store.watch("").batches()) {
        read += batch.length;
        if (read === LARGE) {
          break;
        }
      }
    }
    assert.deepEqual([...batches.served].sort(), batches.all);
  });

  test(`${scheme} b9 a reader that is slower than its writer lets all through`, async (t) => {
    const { store } = await openStore(t, await place(scheme, t));
    const { start, served, isDone, all } = await work(t);
    const watch = store.watch("");
    start();
    const writing = (async () => {
      for (let i = 0; i < CALLS && !isDone(); i += 1) {
        await store.put(`k.${i}`, VALUE);
      }
      await watch.close();
    })();
    for await (const { value } of watch) {
      assert.equal(value.length, VALUE.length);
    }
    await writing;
    assert.deepEqual([...served].sort(), all);
  });

  test(`${scheme} b9 a large answer is made in many turns`, async (t) => {
    const { store } = await openStore(t, await place(scheme, t));
    const keys = await fill(store, LARGE);

    // How many turns there are is up to the machine; an answer made in one piece has none.
    const scan = await turns(() => store.scan(""));
    assert.deepEqual(
      scan.answer.map(({ key }) => key),
      keys,
    );
    assert.ok(scan.answer.every(({ value }) => value.equals(VALUE)));
    assert.ok(scan.answered >= 1, `scan: ${scan.answered} turns`);

    const listed = await turns(() => store.keys("node."));
    assert.deepEqual(listed.answer, keys);
    assert.ok(listed.all >= 1, `keys: ${listed.all} turns`);

    const asked = ["none", ...keys, keys[0]];
    const many = await turns(() => store.getMany(asked));
    assert.equal(many.answer[0], null);
    const found = many.answer.slice(1).map(({ key }) => key);
    assert.deepEqual(found, asked.slice(1));
    assert.deepEqual(many.answer.at(-1), many.answer[1]);
    assert.ok(many.answered >= 1, `getMany: ${many.answered} turns`);

    // Another thread reads it, and may be done before the loop comes to a turn. Were it this one,
    // there would be no turn in any pass.
    let synced = 0;
    for (let pass = 0; pass < PASSES && synced === 0; pass += 1) {
      const watch = store.watch("");
      synced += (await turns(() => watch.synced())).all;
      assert.equal(watch.isSynced, true);
      await watch.close();
    }
    assert.ok(synced >= 1, `synced: no turn in ${PASSES} passes`);
  });
}

test("b9 what is wrong among many keys is refused all the same", async (t) => {
  const { store } = await openStore(t);
  const keys = await fill(store, 10_000);
  await assert.rejects(store.getMany([...keys, "not a key"]), { code: "InvalidArgument" });
  await assert.rejects(store.getMany([...keys, 5]), /^TypeError: each of keys must be a string/);
  assert.equal((await store.getMany(new Set(keys))).length, keys.length);
  const { signal } = new AbortController();
  assert.equal((await store.getMany(keys, { signal })).length, keys.length);
});

test("b9 a watch that waits for a turn is closed, aborted and refuses a second reader", async (t) => {
  const { store } = await openStore(t);
  await fill(store, 20_000);
  for (const end of ["close", "abort"]) {
    const controller = new AbortController();
    const watch = store.watch("", { signal: controller.signal });
    const iterator = watch[Symbol.asyncIterator]();
    // Read until one is not there at once, though there are more: that one waits for a turn. The
    // first one may as well, if the loop had none for long.
    const first = await iterator.next();
    let [waiting, last, read] = [undefined, first.value, 1];
    while (waiting === undefined) {
      const next = iterator.next();
      let settled;
      const settle = (result) => {
        settled = result;
      };
      next.then(settle, settle);
      for (let hop = 0; hop < 4; hop += 1) {
        await null;
      }
      read += 1;
      assert.ok(read < 20_000, "none had to wait");
      if (settled === undefined) {
        waiting = next;
      } else {
        last = settled.value;
      }
    }
    await assert.rejects(iterator.next(), /being read already/);
    assert.deepEqual(watch.cursor, last.cursor);
    if (end === "close") {
      await watch.close();
      assert.deepEqual(await waiting, { value: undefined, done: true });
    } else {
      controller.abort(new Error("enough"));
      await assert.rejects(waiting, { message: "enough" });
    }
    assert.deepEqual(watch.cursor, last.cursor);
  }
});

test("b9 what is ready is answered at once, where the loop has its turns", {
  timeout: BOUND,
}, async (t) => {
  const { store } = await openStore(t);
  await store.put("a", "1");
  for (let i = 0; i < 50; i += 1) {
    await new Promise((resolve) => setTimeout(resolve, 1));
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await store.get("a");
    assert.equal(turned, false);
  }
});
