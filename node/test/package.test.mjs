import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { BOUND, folder } from "./kit.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = { encoding: "utf8", timeout: 3 * BOUND };

test("what npm packs runs by itself, in both flavours", (t) => {
  const home = folder(t);
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", home];
  const [{ filename, files }] = JSON.parse(execFileSync("npm", pack, { ...options, cwd: root }));
  const kinds = new Set(files.map(({ path }) => path.replace(/^.*?(\.d\.c?ts|\.\w+)$/, "$1")));
  assert.deepEqual([...kinds].sort(), [".cjs", ".d.ts", ".js", ".json", ".node"]);

  writeFileSync(join(home, "package.json"), '{ "private": true }');
  const install = ["install", "--offline", "--no-audit", "--no-fund", join(home, filename)];
  execFileSync("npm", install, { ...options, cwd: home, stdio: "pipe" });
  const body = `(async () => {
    const store = await (await connect("memory:")).store("s");
    await store.put("a", "1");
    console.log((await store.get("a")).value.toString());
  })()`;
  for (const [file, load] of [
    ["x.mjs", 'import { connect } from "slipstream-kv"; import "slipstream-kv/debug";'],
    ["x.cjs", 'const { connect } = require("slipstream-kv"); require("slipstream-kv/debug");'],
  ]) {
    writeFileSync(join(home, file), `${load}\n${body}`);
    assert.equal(execFileSync(process.execPath, [file], { ...options, cwd: home }), "1\n");
  }
});
