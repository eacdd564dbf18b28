// A NATS server for a test, from the kit that the suites of all languages share.
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { folder } from "./kit.mjs";

const root = new URL("../../", import.meta.url);

/**
 * A server of its own: its `url`, that of a `proxy` before it, and `call` for whatever
 * `tests/kit/place.py` can do to them.
 */
export async function natsServer(t) {
  const python = fileURLToPath(new URL(".venv/bin/python", root));
  const place = fileURLToPath(new URL("tests/kit/programs/place.py", root));
  const child = spawn(python, [place], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "close");
  t.after(async () => {
    child.stdin.end();
    await ended;
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const call = async (name, args = {}) => {
    child.stdin.write(`${JSON.stringify({ call: name, arguments: args })}\n`);
    const { done, value } = await lines.next();
    assert.ok(!done, `the server's program ended before it answered ${name}`);
    const { answer, error } = JSON.parse(value);
    assert.equal(error, undefined, `${name}: ${error}`);
    return answer;
  };
  const { server, proxy } = await call("fresh");
  return { url: server, proxy, call };
}

/** A URL of its own for a test, by its scheme. */
export async function place(scheme, t) {
  if (scheme === "nats:") {
    return (await natsServer(t)).url;
  }
  return scheme === "memory:" ? scheme : `file:${join(folder(t), "db")}`;
}
