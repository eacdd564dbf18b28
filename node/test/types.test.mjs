// The types: programs that are right compile, and wrong ones do not.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { BOUND } from "./kit.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));

test("programs of both flavours compile, and their deliberate mistakes do not", () => {
  const tsc = `${root}/node_modules/.bin/tsc`;
  const { status, stdout } = spawnSync(tsc, ["-p", `${root}/test/consumer`], {
    encoding: "utf8",
    timeout: BOUND,
  });
  assert.deepEqual({ status, stdout }, { status: 0, stdout: "" });
});
