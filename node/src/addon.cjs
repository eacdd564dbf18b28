// Loads the native half of the package, from where the package has it in both of its flavours.
"use strict";

const { version } = require("../../package.json");

const { platform, arch } = process;

/** The addons this package may hold, each named in full so that bundlers find it. */
const ADDONS = {
  "linux-x64": () => require("../../slipstream.linux-x64-gnu.node"),
  "linux-arm64": () => require("../../slipstream.linux-arm64-gnu.node"),
  "darwin-x64": () => require("../../slipstream.darwin-x64.node"),
  "darwin-arm64": () => require("../../slipstream.darwin-arm64.node"),
};

function load() {
  const addon = ADDONS[`${platform}-${arch}`];
  if (addon === undefined) {
    throw new Error(`slipstream-kv has no native addon for ${platform}-${arch}`);
  }
  try {
    return addon();
  } catch (cause) {
    const message = `slipstream-kv cannot load its native addon for ${platform}-${arch}; `;
    throw new Error(`${message}build it with "npm run build:native"`, { cause });
  }
}

/** Refuses an addon of another build, which could take arguments for something else. */
function check(addon) {
  const found = addon.version?.() ?? "unknown";
  if (found !== version) {
    const message = `slipstream-kv ${version} found a native addon of version ${found}; `;
    throw new Error(`${message}install the package anew, or run "npm run build" in it`);
  }
  return addon;
}

module.exports = check(load());
