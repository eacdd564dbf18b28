// How a Node contestant is timed, and the data that all of them share.

export const VALUE = Buffer.alloc(128, "v");
export const KEYS = Array.from({ length: 100_000 }, (_, n) => `node.${String(n).padStart(6, "0")}`);

/** How many rounds `bench/run.py` asked for. */
export const rounds = Number(process.argv[2]);

/** `count` keys in an order that no cache can guess, the same in every run. */
export function sample(count) {
  let state = 7;
  return Array.from({ length: count }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return KEYS[state % KEYS.length];
  });
}

/** Which row `bench/run.py` asked for, of a program that measures several. */
export const row = process.argv[4];

/** Times one run of `operations` operations and prints it as a JSON line. */
export async function measure(row, who, round, operations, run) {
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  await run();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  report({ row, who, round, operations, seconds, cpu: cpuSince(before) });
}

/**
 * Times a call for each key, one at a time, and prints the time in the middle as one operation.
 */
export async function measureEach(row, who, round, keys, call) {
  const times = [];
  const before = process.cpuUsage();
  for (const key of keys) {
    const started = process.hrtime.bigint();
    await call(key);
    times.push(Number(process.hrtime.bigint() - started));
  }
  const cpu = cpuSince(before) / keys.length;
  const middle = times.sort((a, b) => a - b)[times.length >> 1];
  report({ row, who, round, operations: 1, seconds: middle / 1e9, cpu });
}

/** Seconds of processor time since `process.cpuUsage()` said `before`. */
export function cpuSince(before) {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

/** Prints what was measured, as a JSON line. */
export function report(measured) {
  console.log(JSON.stringify(measured));
}
