// Loads the native half of the package, once.

import type { Addon } from "./addon.js";
import { addons, version } from "./addons.cjs";

const ADVICE = 'install the package anew, or run "npm run build" in it';

/** The native half. */
export const native: Addon = load();

function load(): Addon {
  const platform = `${process.platform}-${process.arch}`;
  const addon = addons[platform];
  if (addon === undefined) {
    const held = Object.keys(addons).join(", ") || "none at all";
    throw new Error(`slipstream-kv has no native addon for ${platform} (${held}); ${ADVICE}`);
  }
  return check(loaded(addon, platform));
}

function loaded(addon: () => Addon | { readonly default: Addon }, platform: string): Addon {
  try {
    const found = addon();
    // Some bundlers wrap the addon in a module.
    return "default" in found ? found.default : found;
  } catch (cause) {
    const message = `slipstream-kv cannot load its native addon for ${platform}`;
    throw new Error(`${message}; ${ADVICE}`, { cause });
  }
}

/** Refuses an addon of another version, which could misread arguments. */
function check(addon: Addon): Addon {
  const found = addon.version?.() ?? "unknown";
  if (found !== version) {
    const message = `slipstream-kv ${version} found a native addon of version ${found}`;
    throw new Error(`${message}; ${ADVICE}`);
  }
  return addon;
}
