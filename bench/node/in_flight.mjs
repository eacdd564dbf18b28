// Calls of which so many are under way at any time.

/** Makes a call for each key, `count` of them under way at any time. */
export async function inFlight(keys, count, call) {
  const left = keys.values();
  async function inTurn() {
    for (const key of left) await call(key);
  }
  await Promise.all(Array.from({ length: count }, inTurn));
}
