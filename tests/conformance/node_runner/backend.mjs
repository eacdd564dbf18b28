// The backends that scenarios run on.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { Place } from "./place.mjs";
import { DIRECTORY } from "./scenario.mjs";

let count = 0;

/** The backends named in SLIPSTREAM_BACKENDS, or all. */
export function loadBackends() {
  const known = JSON.parse(readFileSync(new URL("backends.json", DIRECTORY), "utf8"));
  const chosen = process.env.SLIPSTREAM_BACKENDS?.split(",");
  return (chosen ?? known.map((backend) => backend.name)).map((name) => {
    const backend = known.find((backend) => backend.name === name);
    assert(backend, `backends.json has no backend ${name}`);
    return backend;
  });
}

/** Whether a backend has all that the scenario needs. */
export function canTell(backend, scenario) {
  return (scenario.needs ?? []).every((need) => backend.has.includes(need));
}

/** A URL that no other scenario uses, once the world has filled it in. */
export function freshUrl(backend) {
  count += 1;
  return backend.url.replace("{name}", `scenario-${count}`);
}

/** A server for one scenario, where the backend has one. */
export async function freshPlace(backend) {
  return backend.has.includes("server") ? Place.fresh() : undefined;
}
