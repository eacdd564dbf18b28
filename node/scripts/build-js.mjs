// Compiles src/ twice: as ES modules and as CommonJS. Puts the licence where npm packs it.
import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

process.chdir(fileURLToPath(new URL("..", import.meta.url)));
rmSync("dist.new", { recursive: true, force: true });
for (const [project, folder] of [
  ["tsconfig.json", "esm"],
  ["tsconfig.cjs.json", "cjs"],
]) {
  const options = ["-p", project, "--outDir", `dist.new/${folder}`];
  execFileSync("node_modules/.bin/tsc", options, { stdio: "inherit" });
  copyFileSync("src/addon.cjs", `dist.new/${folder}/addon.cjs`);
}
// The package itself is of type "module", which this folder is not.
writeFileSync("dist.new/cjs/package.json", `${JSON.stringify({ type: "commonjs" })}\n`);
copyFileSync("../LICENSE", "LICENSE");
// A build that fails leaves the one before in place.
rmSync("dist", { recursive: true, force: true });
renameSync("dist.new", "dist");
