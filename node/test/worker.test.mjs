// Worker threads: they share memory, and may be terminated at any moment.
import assert from "node:assert/strict";
import { once } from "node:events";
import test from "node:test";
import { Worker } from "node:worker_threads";
import { live } from "slipstream-kv/debug";
import { openStore, run, until, within } from "./kit.mjs";
import { place } from "./nats.mjs";

const BUSY = `
  import { parentPort, workerData } from "node:worker_threads";
  import { connect } from "slipstream-kv";
  const conn = await connect(workerData.url);
  const store = await conn.store("test");
  const read = async () => { for await (const _ of store.watch("")); };
  const write = async (i) => { for (;;) await store.put("k." + i, "1"); };
  for (let i = 0; i < 5; i += 1) read();
  if (workerData.writes) for (let i = 0; i < 8; i += 1) write(i);
  parentPort.postMessage("busy");
`;

// Not "as many as before": of a worker that was terminated, some may end a little later.
const isIdle = () => live().operations === 0;

/** A worker thread that runs a program; it resolves what the package's own name means. */
function worker(program, workerData) {
  const source = program.replaceAll("slipstream-kv", import.meta.resolve("slipstream-kv"));
  return new Worker(new URL(`data:text/javascript,${encodeURIComponent(source)}`), { workerData });
}

test("worker threads share memory:NAME with the thread that started them", async (t) => {
  const { store } = await openStore(t, "memory:node-workers");
  const program = `
    import { parentPort, workerData } from "node:worker_threads";
    import { connect } from "slipstream-kv";
    const conn = await connect(workerData.url);
    const store = await conn.store("test");
    await store.create("from-worker", "1");
    for await (const update of store.watch("from-main")) break;
    parentPort.postMessage("seen");`;
  const thread = worker(program, { url: "memory:node-workers" });
  const [ended, said] = [once(thread, "exit"), once(thread, "message")];
  for await (const update of store.watch("from-worker")) {
    assert.equal(update.type, "put");
    break;
  }
  await store.put("from-main", "1");
  assert.deepEqual(await within(said), ["seen"]);
  assert.deepEqual(await within(ended), [0]);
});

for (const [scheme, count] of [
  ["memory:", 50],
  ["file:", 50],
  ["nats:", 200],
]) {
  test(`${scheme} ${count} workers terminated with operations in flight`, async (t) => {
    await until(isIdle, "the end of what ran before");
    const url = scheme === "memory:" ? "memory:node-terminated" : await place(scheme, t);
    const { store } = await openStore(t, url);
    for (let i = 0; i < count; i += 1) {
      // Writes on memory are never in flight: a loop of them would not let messages through.
      const thread = worker(BUSY, { url, writes: scheme !== "memory:" });
      const said = once(thread, "message");
      assert.deepEqual(await within(said), ["busy"]);
      await store.put("main", `${i}`);
      await within(thread.terminate());
    }
    assert.equal((await store.get("main")).value.toString(), `${count - 1}`);
    await until(isIdle, "the end of their operations");
  });
}

test("a process whose workers alone load the addon, and end, goes on", async () => {
  const program = `
    import { Worker } from "node:worker_threads";
    import { once } from "node:events";
    const source = \`
      import { parentPort } from "node:worker_threads";
      import { connect } from ${JSON.stringify(import.meta.resolve("slipstream-kv"))};
      const store = await (await connect("memory:")).store("test");
      for (let i = 0; i < 5; i += 1) store.watch("")[Symbol.asyncIterator]().next();
      parentPort.postMessage("busy");\`;
    for (let i = 0; i < 10; i += 1) {
      const thread = new Worker(new URL("data:text/javascript," + encodeURIComponent(source)));
      await once(thread, "message");
      await thread.terminate();
    }
    console.log("done");`;
  const ended = await run(program);
  assert.deepEqual(ended, { code: 0, signal: null, stdout: "done\n", stderr: "" });
});
