// Another process that writes every key of the bucket once, at full speed (`nats write`).

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { PROGRAM } from "./nats_data.mjs";

/** How many updates lie between two of the times that are taken. */
export const STEP = 1_000;

/** The process, ready to start. Its times are seconds of `process.hrtime`'s clock. */
export class Writer {
  #process = spawn(PROGRAM, ["write"], { stdio: ["pipe", "pipe", "inherit"] });
  #lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();

  static async ready() {
    const writer = new Writer();
    assert.equal((await writer.#lines.next()).value, "ready");
    return writer;
  }

  start() {
    this.#process.stdin.end("start\n");
  }

  /** When it started, and when each thousand writes were acknowledged. */
  async finish() {
    return JSON.parse((await this.#lines.next()).value);
  }
}

/**
 * The most updates that were acknowledged and not yet seen, at any of the times when another
 * thousand had been seen.
 */
export function mostBehind(acknowledged, seen) {
  let written = 0;
  let most = 0;
  for (const [turn, time] of seen.entries()) {
    while (written < acknowledged.length && acknowledged[written] <= time) written++;
    most = Math.max(most, written - turn);
  }
  return most * STEP;
}
