// A connect that was aborted or timed out leaves everything as it was.
import assert from "node:assert/strict";
import { readdirSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import test from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "slipstream-kv";
import { folder, until } from "./kit.mjs";

const TIMES = 20;
const SOON = 5;
/** The size in MiB of a file which is still being checked then. Other files wait for that. */
const LARGE = 160;

/** Whether this process has let go of a file and what lies beside it. */
function isClosed(path) {
  return !readdirSync("/proc/self/fd").some((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(path);
    } catch {
      // The one that the folder was read through.
      return false;
    }
  });
}

/** Gives up after a while; whether the connect was still under way. */
async function aborted(url) {
  const controller = new AbortController();
  const connecting = connect(url, { signal: controller.signal });
  const ended = connecting.then(
    (conn) => conn.close().then(() => false),
    (error) => {
      assert.equal(error, "enough");
      return true;
    },
  );
  await sleep(SOON);
  controller.abort("enough");
  return ended;
}

/** Gives up after a while; whether the connect was still under way. */
function timedOut(url) {
  return connect(url, { connectTimeout: SOON }).then(
    (conn) => conn.close().then(() => false),
    (error) => {
      assert.equal(error.code, "Timeout");
      return true;
    },
  );
}

for (const giveUp of [aborted, timedOut]) {
  for (const isOpen of [true, false]) {
    test(`L6: a connect that was ${giveUp.name} leaves nothing open, ${isOpen ? "beside one that stays" : "alone"}`, async (t) => {
      const path = join(folder(t), "state.db");
      const url = `file:${path}`;
      const first = await connect(url);
      await (await first.store("s")).put("k", "v");
      if (!isOpen) {
        await first.close();
      }
      const large = `file:${join(folder(t), "large.db")}`;
      const filling = await connect(large);
      const store = await filling.store("s");
      const value = new Uint8Array(1 << 20);
      await Promise.all(Array.from({ length: LARGE }, (_, i) => store.put(`k.${i}`, value)));
      await filling.close();
      let givenUp = 0;
      for (let attempt = 0; attempt < TIMES; attempt += 1) {
        const slow = connect(large);
        await sleep(SOON);
        givenUp += Number(await giveUp(url));
        await (await slow).close();
      }
      // All of them, unless the machine is busy.
      assert.ok(givenUp > 0);
      if (isOpen) {
        // Those who had it open notice nothing.
        assert.equal(first.isHealthy, true);
        await (await first.store("s")).put("k", "w");
        await first.close();
      }
      await until(() => isClosed(path), "the file is let go of");
      const again = await connect(url);
      const kept = await (await again.store("s")).get("k");
      assert.equal(kept.value.toString(), isOpen ? "w" : "v");
      await again.close();
      await until(() => isClosed(path), "the file is let go of");
    });
  }
}
