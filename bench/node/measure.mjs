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

/** Times one run of `operations` operations and prints it as a JSON line. */
export async function measure(row, who, round, operations, run) {
  const started = process.hrtime.bigint();
  const before = process.cpuUsage();
  await run();
  const seconds = Number(process.hrtime.bigint() - started) / 1e9;
  const { user, system } = process.cpuUsage(before);
  const cpu = (user + system) / 1e6;
  console.log(JSON.stringify({ row, who, round, operations, seconds, cpu }));
}
