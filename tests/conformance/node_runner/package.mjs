// The package under test and the tools of its own folder, which this one is outside of.

import { createRequire } from "node:module";

const require = createRequire(new URL("../../../node/package.json", import.meta.url));

export const slipstream = await import(
  new URL("../../../node/dist/esm/index.js", import.meta.url).href
);
export const { live } = await import(
  new URL("../../../node/dist/esm/debug.js", import.meta.url).href
);
export const yaml = require("yaml");
