// Runs the scenarios through the npm package on every backend.

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { canTell, freshPlace, freshUrl, loadBackends } from "./node_runner/backend.mjs";
import { leavePlaces } from "./node_runner/place.mjs";
import { loadScenarios } from "./node_runner/scenario.mjs";
import { Steps } from "./node_runner/steps.mjs";

const SCENARIO_MS = 120_000;

for (const backend of loadBackends()) {
  for (const scenario of loadScenarios().filter((scenario) => canTell(backend, scenario))) {
    const title = `${backend.name} ${scenario.rule}: ${scenario.name}`;
    test(title, { timeout: SCENARIO_MS }, () => tell(backend, scenario));
  }
}

after(leavePlaces);

async function tell(backend, scenario) {
  const directory = await mkdtemp(join(tmpdir(), "conformance-"));
  const place = await freshPlace(backend);
  const steps = new Steps(freshUrl(backend), directory, scenario, place);
  try {
    await steps.begin();
    await steps.run(scenario.steps);
  } finally {
    await steps.end();
    await rm(directory, { recursive: true, force: true });
  }
}
