// The end of a process: what keeps it alive, and that it ends at any moment.
import assert from "node:assert/strict";
import test from "node:test";
import { openStore, run, until } from "./kit.mjs";
import { natsServer, place } from "./nats.mjs";

const IMPORT = 'import { connect } from "slipstream-kv";';
const REQUIRE = 'const { connect } = require("slipstream-kv");';
const OPEN = 'const conn = await connect(URL); const store = await conn.store("test");';

const clean = { code: 0, signal: null, stderr: "" };

for (const scheme of ["memory:", "file:", "nats:"]) {
  /** Runs the body of a program on a store of its own. */
  const program = async (t, body) => {
    const url = await place(scheme, t);
    return run(`${IMPORT} const URL = ${JSON.stringify(url)}; ${OPEN} ${body}`);
  };

  test(`${scheme} a process with nothing under way exits by itself`, async (t) => {
    const ended = await program(t, 'await store.put("a", "1"); console.log("done");');
    assert.deepEqual(ended, { ...clean, stdout: "done\n" });
  });

  test(`${scheme} an open watch that nobody reads does not keep the process`, async (t) => {
    const body = 'globalThis.watch = store.watch(""); await watch.synced(); console.log("done");';
    assert.deepEqual(await program(t, body), { ...clean, stdout: "done\n" });
  });

  test(`${scheme} a watch that is read keeps the process until it is closed`, async (t) => {
    // The timer does not keep the process: without the reader it would end without a word.
    const body = `
      const watch = store.watch("");
      setTimeout(() => watch.close(), 200).unref();
      for await (const update of watch) console.log(update);
      console.log("ended");`;
    assert.deepEqual(await program(t, body), { ...clean, stdout: "ended\n" });
  });

  test(`${scheme} pending operations keep the process until they are settled`, async (t) => {
    const body = `
      const puts = Array.from({ length: 200 }, (_, i) => store.put("k." + i, "1"));
      Promise.all(puts).then((all) => console.log(all.length));`;
    assert.deepEqual(await program(t, body), { ...clean, stdout: "200\n" });
  });

  for (const code of [0, 3]) {
    test(`${scheme} process.exit(${code}) with everything under way`, async (t) => {
      const body = `
        for (let i = 0; i < 20; i++) store.watch("").batches().next();
        for (let i = 0; i < 500; i++) store.put("k." + i, "1");
        setImmediate(() => process.exit(${code}));`;
      assert.deepEqual(await program(t, body), { ...clean, code, stdout: "" });
    });
  }

  test(`${scheme} an error that nobody catches ends the process as usual`, async (t) => {
    const body = 'store.watch("")[Symbol.asyncIterator]().next(); throw new Error("mine");';
    const { code, stderr } = await program(t, body);
    assert.equal(code, 1);
    assert.match(stderr, /error: mine/i);
  });
}

for (const scheme of ["file:", "nats:"]) {
  test(`${scheme} process.exit() at any moment never aborts`, async (t) => {
    const url = JSON.stringify(await place(scheme, t));
    const moments = Array.from({ length: 20 }, (_, i) => i);
    for (const moment of moments) {
      const program = `
        ${IMPORT} const URL = ${url}; ${OPEN}
        (async () => { for await (const _ of store.watch("")); })();
        (async () => { for (;;) await Promise.all([0, 1, 2, 3].map((i) => store.put("k" + i, "1"))); })();
        setTimeout(() => process.exit(0), ${moment});`;
      assert.deepEqual(await run(program), { ...clean, stdout: "" }, `after ${moment} ms`);
    }
  });
}

test("nats: process.exit() while the server is gone", async (t) => {
  const { url, call } = await natsServer(t);
  const { store } = await openStore(t, url);
  const program = `
    ${IMPORT} const URL = ${JSON.stringify(url)}; ${OPEN}
    store.watch("").batches().next().catch(() => {});
    await store.put("ready", "1");
    while (conn.isHealthy) await new Promise((resolve) => setTimeout(resolve, 5));
    store.get("k").catch(() => {});
    store.put("k", "1").catch(() => {});
    setTimeout(() => process.exit(4), 200);`;
  const ended = run(program);
  await until(() => store.get("ready"), "that it is ready");
  await call("stop");
  assert.deepEqual(await ended, { ...clean, code: 4, stdout: "" });
});

test("both copies of the package in one process share their memory and exit cleanly", async () => {
  const program = `
    import { connect } from "slipstream-kv";
    import { createRequire } from "node:module";
    const cjs = createRequire(process.cwd() + "/x.js")("slipstream-kv");
    const one = await (await connect("memory:both")).store("s");
    const two = await (await cjs.connect("memory:both")).store("s");
    await one.create("a", "1");
    const error = await two.create("a", "2").catch((error) => error);
    console.log(error instanceof cjs.AlreadyExists, (await two.get("a")).value.toString());`;
  assert.deepEqual(await run(program), { ...clean, stdout: "true 1\n" });
});

test("CommonJS works from a plain script", async () => {
  const program = `${REQUIRE}
    connect("memory:").then((conn) => conn.store("s")).then((store) => store.put("a", "1"))
      .then((version) => console.log(version.toString("hex")));`;
  const ended = await run(program, { type: "commonjs" });
  assert.deepEqual(ended, { ...clean, stdout: "0000000000000001\n" });
});
