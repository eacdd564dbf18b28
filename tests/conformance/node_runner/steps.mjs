// What each step does; those of many operations, compared reads and watches have their own files.

import assert from "node:assert/strict";
import { setTimeout as sleep } from "node:timers/promises";
import * as bulk from "./bulk.mjs";
import { assertSameBytes, checkAnswer, checkEnd, checkError, versionOf } from "./expectation.mjs";
import * as reads from "./reads.mjs";
import * as watches from "./watches.mjs";
import { bounded } from "./watching.mjs";
import { camelCase, STORE, storeOptions, World } from "./world.mjs";

const POLL_MS = 20;
const OPERATIONS = {
  put: ["key", "value"],
  create: ["key", "value"],
  update: ["key", "value", "version"],
  delete: ["key"],
  delete_with_version: ["key", "version"],
  purge: ["key"],
  get: ["key"],
  entry: ["key"],
  keys: ["prefix"],
  scan: ["prefix"],
};

/** One run of one scenario. */
export class Steps extends World {
  /** Runs steps in order; an error says which step it was. */
  async run(steps) {
    for (const [index, step] of steps.entries()) {
      try {
        await this.step(step);
      } catch (error) {
        error.message += `\n  in step ${index + 1}: ${JSON.stringify(step)}`;
        throw error;
      }
    }
  }

  async step(step) {
    if (step.do in OPERATIONS) return this.operation(step);
    const act = actions[camelCase(step.do)];
    assert(act, `no step ${step.do}`);
    return act(this, step);
  }

  async operation(step) {
    const call = () => bounded(this.call(step, this.names), step.within, "has not ended");
    const answer = await this.expecting(step.error, call);
    if (step.error) return;
    if ("expect" in step) checkAnswer(step.do, answer, step.expect, this.names);
    if ("count" in step) assert.equal(answer.length, step.count);
    if ("deleted" in step) assert.equal(answer.deleted, step.deleted);
    if ("expires_in" in step) checkEnd(answer, step.expires_in);
    const version = versionOf(step.do, answer);
    if (step.expect_version) assertSameBytes(version, this.names.token(step.expect_version));
    if (step.as) this.names.save(step.as, version);
  }

  /** Starts one operation. */
  async call(step, names) {
    const given = OPERATIONS[step.do].map((name) => {
      if (name === "version") return names.token(step.version);
      if (name === "value") return names.bytes(step.value);
      return name in step ? names.text(step[name]) : undefined;
    });
    if ("ttl" in step) given.push({ ttl: step.ttl * 1000 });
    return this.stores.get(step.store ?? "main")[camelCase(step.do)](...given);
  }

  /** The answer of a call, or nothing where the expected error came. */
  async expecting(spec, call) {
    let answer;
    try {
      answer = await call();
    } catch (error) {
      if (!spec) throw error;
      return checkError(error, spec, this.names);
    }
    assert(!spec, `succeeded instead of ${JSON.stringify(spec)}`);
    return answer;
  }
}

const actions = {
  ...bulk,
  ...reads,
  ...watches,

  async each(world, { of, steps }) {
    for (const item of of) {
      world.names.save("item", world.names.bytes(item));
      try {
        await world.run(steps);
      } catch (error) {
        error.message += `\n  for ${JSON.stringify(item)}`;
        throw error;
      }
    }
  },

  async eventually(world, { within, steps }) {
    const limit = Date.now() + within * 1000;
    for (;;) {
      try {
        return await world.run(steps);
      } catch (error) {
        if (Date.now() > limit) throw error;
      }
      await sleep(POLL_MS);
    }
  },

  rising(world, { of }) {
    const tokens = of.map((token) => world.names.token(token));
    const rises = tokens.slice(1).every((token, index) => tokens[index].compare(token) < 0);
    assert(rises, `${tokens.map((token) => token.toString("hex"))} do not rise`);
  },

  async connect(world, { as = "main", url, timeout = 5, error }) {
    const to = url === undefined ? world.url : world.resolve(url);
    const options = { timeout: timeout * 1000 };
    const connection = await world.expecting(error, () => world.connect(to, options));
    if (connection) world.connections.set(as, connection);
  },

  async open(world, { connection = "main", as = "main", name = STORE, config = {}, error }) {
    const named = world.names.text(name);
    const open = async () => world.connections.get(connection).store(named, storeOptions(config));
    const store = await world.expecting(error, open);
    if (!store) return;
    assert.equal(store.name, named);
    world.stores.set(as, store);
  },

  async stores(world, { connection = "main", expect }) {
    assert.deepEqual(await world.connections.get(connection).stores(), expect);
  },

  async deleteStore(world, { connection = "main", name = STORE, error }) {
    const named = world.names.text(name);
    await world.expecting(error, () => world.connections.get(connection).deleteStore(named));
  },

  close: (world, { connection = "main" }) => world.connections.get(connection).close(),

  async reopen(world) {
    await world.end();
    await world.begin();
  },

  async recreate(world) {
    await world.destroy();
    await world.begin();
  },

  healthy(world, { connection = "main", expect }) {
    assert.equal(world.connections.get(connection).isHealthy, expect);
  },

  capabilities(world, { expect }) {
    const { capabilities } = world.connections.get("main");
    for (const [name, has] of Object.entries(expect)) {
      assert.equal(capabilities[camelCase(name)], has, name);
    }
  },

  async server(world, { call, with: given, expect }) {
    const answer = await world.place.call(world.names.text(call), given);
    if (expect !== undefined) assert.deepEqual(answer, expect, call);
  },

  /** Begins a call, runs steps while it waits, and then looks at how it ended. */
  async during(world, { step, steps }) {
    const waiting = world.step(step).then(
      () => undefined,
      (error) => ({ error }),
    );
    await world.run(steps);
    const failed = await waiting;
    if (failed) throw failed.error;
  },

  pause: (world, { seconds }) => sleep(Number(world.names.text(seconds)) * 1000),
};
