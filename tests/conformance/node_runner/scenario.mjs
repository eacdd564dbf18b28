// The scenario files.

import { readdirSync, readFileSync } from "node:fs";
import { yaml } from "./package.mjs";

export const DIRECTORY = new URL("../", import.meta.url);

/** Every scenario of every file, in order. */
export function loadScenarios() {
  const files = readdirSync(DIRECTORY).filter((name) => name.endsWith(".yaml"));
  return files.sort().flatMap((name) => yaml.parse(readFileSync(new URL(name, DIRECTORY), "utf8")));
}
