// The servers that scenarios of NATS run on: tests/kit/place.py, driven by lines of JSON.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const ROOT = new URL("../../../", import.meta.url);

let program;

/** A fresh server with a proxy before it, for one scenario at a time. */
export class Place {
  constructor(urls) {
    this.urls = urls;
  }

  static async fresh() {
    program ??= start();
    return new Place(await ask("fresh", {}));
  }

  /** Makes a call of `Place` and returns its answer. */
  call(name, args = {}) {
    return ask(name, args);
  }
}

/** Lets the last server go. */
export function leavePlaces() {
  program?.child.stdin.end();
}

function start() {
  const python = fileURLToPath(new URL(".venv/bin/python", ROOT));
  const place = fileURLToPath(new URL("tests/kit/programs/place.py", ROOT));
  const child = spawn(python, [place], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return { child, lines };
}

async function ask(call, args) {
  program.child.stdin.write(`${JSON.stringify({ call, arguments: args })}\n`);
  const { done, value } = await program.lines.next();
  assert(!done, `place.py ended before it answered ${call}`);
  const { answer, error } = JSON.parse(value);
  assert.equal(error, undefined, `${call}: ${error}`);
  return answer;
}
