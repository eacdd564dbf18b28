import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
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
  const expected = [".cjs", ".d.ts", ".js", ".json", ".md", ".node", "LICENSE"];
  assert.deepEqual([...kinds].sort(), expected);

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

test("an addon of another version is refused, and the error says what to do", (t) => {
  const home = folder(t);
  const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
  writeFileSync(join(home, "package.json"), JSON.stringify({ ...manifest, version: "0.0.1" }));
  cpSync(join(root, "dist"), join(home, "dist"), { recursive: true });
  for (const addon of readdirSync(root).filter((name) => name.endsWith(".node"))) {
    symlinkSync(join(root, addon), join(home, addon));
  }
  const found = `slipstream-kv 0.0.1 found a native addon of version ${manifest.version}; `;
  const advice = 'install the package anew, or run "npm run build" in it';
  for (const [file, load] of [
    ["x.mjs", 'import "slipstream-kv";'],
    ["x.cjs", 'require("slipstream-kv");'],
  ]) {
    writeFileSync(join(home, file), load);
    const run = spawnSync(process.execPath, [file], { ...options, cwd: home });
    assert.equal(run.status, 1);
    assert(run.stderr.includes(`Error: ${found}${advice}\n`), run.stderr);
  }
});
