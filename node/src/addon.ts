import { addons, version } from "./addons.cjs";
import type { Addon } from "./native.js";

const ADVICE = 'install the package anew, or run "npm run build" in it';

/** Loads the native half of the package. */
export function load(): Addon {
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
    // Some bundlers make a module of the addon.
    return "default" in found ? found.default : found;
  } catch (cause) {
    const message = `slipstream-kv cannot load its native addon for ${platform}`;
    throw new Error(`${message}; ${ADVICE}`, { cause });
  }
}

/** Refuses an addon of another build, which could take arguments for something else. */
function check(addon: Addon): Addon {
  const found = addon.version?.() ?? "unknown";
  if (found !== version) {
    const message = `slipstream-kv ${version} found a native addon of version ${found}`;
    throw new Error(`${message}; ${ADVICE}`);
  }
  return addon;
}
