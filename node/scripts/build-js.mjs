// Compiles src/ twice: as ES modules and as CommonJS. Writes down which addons there are, and puts
// the licence where npm packs it.
import { execFileSync } from "node:child_process";
import {
  copyFileSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync("dist.new", { recursive: true, force: true });
for (const [project, folder] of [
  ["tsconfig.json", "esm"],
  ["tsconfig.cjs.json", "cjs"],
]) {
  const options = ["-p", project, "--outDir", `dist.new/${folder}`];
  execFileSync("node_modules/.bin/tsc", options, { stdio: "inherit" });
  writeFileSync(`dist.new/${folder}/addons.cjs`, addons());
}
// The package itself is of type "module", which this folder is not.
writeFileSync("dist.new/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
copyFileSync("../LICENSE", "LICENSE");
// A build that fails leaves the one before in place.
rmSync("dist", { recursive: true, force: true });
renameSync("dist.new", "dist");

/**
 * The module that loads the addons. Each is named in full, and none that is not there, so that
 * bundlers find all that they look for.
 */
function addons() {
  const { version } = JSON.parse(readFileSync("package.json", "utf8"));
  const lines = readdirSync(".").flatMap((file) => {
    const platform = /^slipstream\.(\w+-\w+)(-gnu)?\.node$/.exec(file)?.[1];
    return platform === undefined ? [] : [`  "${platform}": () => require("../../${file}"),`];
  });
  return [
    '"use strict";',
    `exports.version = "${version}";`,
    "exports.addons = {",
    ...lines.sort(),
    "};",
    "",
  ].join("\n");
}
