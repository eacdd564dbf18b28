// The package as npm packs it: its files, its addon, its types.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { fileURLToPath } from "node:url";
import { BOUND, folder } from "./kit.mjs";

const root = fileURLToPath(new URL("..", import.meta.url));
const options = { encoding: "utf8", timeout: 3 * BOUND };

/** Installs what npm packs in a folder of a program's own; the files of the package. */
function installed(home) {
  const pack = ["pack", "--ignore-scripts", "--json", "--pack-destination", home];
  const [{ filename, files }] = JSON.parse(execFileSync("npm", pack, { ...options, cwd: root }));
  // Without a registry: what the package depends on is there. npm keeps it if it is declared.
  for (const name of ["@types/node", "undici-types"]) {
    cpSync(join(root, "node_modules", name), join(home, "node_modules", name), { recursive: true });
  }
  writeFileSync(join(home, "package.json"), '{ "private": true }');
  const install = ["install", "--offline", "--no-audit", "--no-fund", join(home, filename)];
  execFileSync("npm", install, { ...options, cwd: home, stdio: "pipe" });
  return files;
}

test("what npm packs runs by itself, in both flavours", (t) => {
  const home = folder(t);
  const files = installed(home);
  const kinds = new Set(files.map(({ path }) => path.replace(/^.*?(\.d\.c?ts|\.\w+)$/, "$1")));
  const expected = [".cjs", ".d.ts", ".js", ".json", ".md", ".node", "LICENSE"];
  assert.deepEqual([...kinds].sort(), expected);

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
  for (const flavour of ["esm", "cjs"]) {
    const addons = join(home, "dist", flavour, "addons.cjs");
    const built = readFileSync(addons, "utf8");
    writeFileSync(addons, built.replace(`"${manifest.version}"`, '"0.0.1"'));
  }
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

test("d2 a program without @types/node of its own is checked: a value is a Buffer, never any", (t) => {
  const home = folder(t);
  installed(home);
  const program = `import { connect } from "slipstream-kv";
    type IsAny<T> = 0 extends 1 & T ? true : false;
    export async function right(): Promise<string> {
      const store = await (await connect("memory:")).store("s");
      const entry = await store.get("a");
      if (entry === null) return "";
      const any: IsAny<typeof entry.value> | IsAny<typeof entry.version> = false;
      for await (const update of store.watch("")) {
        const none: IsAny<typeof update.cursor> = false;
        if (update.type === "put") return String([any, none, update.value.readUInt8(0)]);
      }
      return entry.value.toString("hex");
    }
    export async function wrong(): Promise<void> {
      const entry = await (await (await connect("memory:")).store("s")).get("a");
      // @ts-expect-error a Buffer has no such method
      entry?.value.noSuchMethod();
      // @ts-expect-error a value is no number
      const value: number | undefined = entry?.value;
      console.log(value);
    }`;
  // Both flavours, with a compiler that looks at nothing it is not told of.
  for (const file of ["x.mts", "x.cts"]) {
    writeFileSync(join(home, file), program);
  }
  const checked = { lib: ["es2022", "esnext.disposable"], types: [], module: "nodenext" };
  for (const skipLibCheck of [true, false]) {
    const compilerOptions = {
      ...checked,
      target: "es2022",
      strict: true,
      noEmit: true,
      skipLibCheck,
    };
    const project = { compilerOptions, files: ["x.mts", "x.cts"] };
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify(project));
    const tsc = spawnSync(join(root, "node_modules/.bin/tsc"), { ...options, cwd: home });
    assert.deepEqual([tsc.status, tsc.stdout], [0, ""], `skipLibCheck: ${skipLibCheck}`);
  }
});
