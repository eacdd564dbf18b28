// Builds the native addon with cargo and puts it where build-js.mjs looks for it.
// SLIPSTREAM_PROFILE names the cargo profile; "release" unless set.
import { execFileSync } from "node:child_process";
import { copyFileSync, renameSync } from "node:fs";
import { fileURLToPath } from "node:url";

const NAMES = {
  "linux-x64": ["libslipstream_node.so", "linux-x64-gnu"],
  "linux-arm64": ["libslipstream_node.so", "linux-arm64-gnu"],
  "darwin-x64": ["libslipstream_node.dylib", "darwin-x64"],
  "darwin-arm64": ["libslipstream_node.dylib", "darwin-arm64"],
};

const profile = process.env.SLIPSTREAM_PROFILE ?? "release";
const name = NAMES[`${process.platform}-${process.arch}`];
if (name === undefined) {
  throw new Error(`no build for ${process.platform}-${process.arch}`);
}
process.chdir(fileURLToPath(new URL("../..", import.meta.url)));
execFileSync("cargo", ["build", "-p", "slipstream-node", "--profile", profile], {
  stdio: "inherit",
});
const target = process.env.CARGO_TARGET_DIR ?? "target";
const [library, platform] = name;
const built = `${target}/${profile === "dev" ? "debug" : profile}/${library}`;
const addon = `node/slipstream.${platform}.node`;
// Moved into place, because a process may have the file of before mapped.
copyFileSync(built, `${addon}.new`);
renameSync(`${addon}.new`, addon);
