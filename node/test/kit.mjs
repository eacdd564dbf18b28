// What the tests share.
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { connect } from "slipstream-kv";
import { live } from "slipstream-kv/debug";

/** The longest that anything here is waited for, in milliseconds. */
export const BOUND = 20_000;

/** A store of its own on `url`, closed after the test. */
export async function openStore(t, url = "memory:", options = undefined) {
  const conn = await connect(url);
  t.after(() => conn.close());
  return { conn, store: await conn.store("test", options) };
}

/** A folder of its own, removed after the test. */
export function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "slipstream-node-"));
  t.after(() => rmSync(path, { recursive: true, force: true }));
  return path;
}

/** What `promise` gives, unless that takes too long. */
export async function within(promise, what = "it") {
  const timer = new AbortController();
  const late = sleep(BOUND, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} took longer than ${BOUND} ms`);
  });
  late.catch(() => {});
  try {
    return await Promise.race([promise, late]);
  } finally {
    timer.abort();
  }
}

/** Waits until `check` holds. */
export async function until(check, what) {
  const end = Date.now() + BOUND;
  while (!(await check())) {
    if (Date.now() > end) {
      throw new Error(`${what} did not come true within ${BOUND} ms`);
    }
    await sleep(5);
  }
}

/** The next `count` updates of an iterator. */
export async function take(iterator, count) {
  const taken = [];
  while (taken.length < count) {
    const { value, done } = await within(iterator.next(), `update ${taken.length + 1} of ${count}`);
    if (done) {
      break;
    }
    taken.push(value);
  }
  return taken;
}

/** An update in the few words that tests compare. */
export function told({ type, key, value }) {
  return type === "put" ? `${type} ${key}=${value}` : `${type} ${key}`;
}

/** Collects garbage, in whichever way the runtime offers. */
const gc = globalThis.Bun ? () => globalThis.Bun.gc(true) : exposedGc();

function exposedGc() {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc");
}

/** Collects garbage until `check` holds. */
export async function collectedUntil(check, what) {
  await until(async () => {
    gc();
    await sleep(1);
    return check();
  }, what);
}

/** Collects garbage until no more handles are live than `expected`. */
export async function collected(expected) {
  const gone = () => Object.entries(expected).every(([kind, count]) => live()[kind] <= count);
  await collectedUntil(gone, `${JSON.stringify(expected)} live handles`);
}

/** Runs a program in a process of its own: how it ended, and what it printed. */
export async function run(program, { type = "module" } = {}) {
  const home = mkdtempSync(join(tmpdir(), "slipstream-node-"));
  try {
    writeFileSync(join(home, "package.json"), "{}");
    mkdirSync(join(home, "node_modules"));
    symlinkSync(PACKAGE, join(home, "node_modules", "slipstream-kv"));
    const file = join(home, type === "module" ? "program.mjs" : "program.cjs");
    writeFileSync(file, program);
    return await ended([...FLAGS, file], home);
  } finally {
    rmSync(home, { recursive: true });
  }
}

const PACKAGE = fileURLToPath(new URL("..", import.meta.url));

/** How the runtime of this test is told to run a program. */
const FLAGS = globalThis.Deno
  ? ["run", "--allow-all", "--quiet"]
  : globalThis.Bun
    ? ["run"]
    : ["--unhandled-rejections=strict"];

async function ended(command, cwd) {
  const child = spawn(process.execPath, command, {
    cwd,
    stdio: ["ignore", "pipe", "pipe"],
    timeout: BOUND,
    killSignal: "SIGKILL",
  });
  const output = { stdout: "", stderr: "" };
  for (const stream of ["stdout", "stderr"]) {
    child[stream].setEncoding("utf8").on("data", (text) => {
      output[stream] += text;
    });
  }
  const [code, signal] = await once(child, "close");
  return { code, signal, ...output };
}
