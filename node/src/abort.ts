// Listeners of abort signals: one for each signal, however many calls wait for it.

/** Those who wait for one signal, behind one listener however many they are. */
interface Waiting {
  readonly calls: Set<() => void>;
  readonly listener: () => void;
}

const waiting = new WeakMap<AbortSignal, Waiting>();

/**
 * Calls `call` when `signal` aborts. Returns what takes it back; the last one to be taken back
 * takes the listener off the signal.
 */
export function onAbort(signal: AbortSignal, call: () => void): () => void {
  const { calls } = waiting.get(signal) ?? listen(signal);
  calls.add(call);
  return () => {
    if (calls.delete(call) && calls.size === 0) {
      forget(signal, calls);
    }
  };
}

function listen(signal: AbortSignal): Waiting {
  const calls = new Set<() => void>();
  const listener = () => {
    waiting.delete(signal);
    for (const call of [...calls]) {
      call();
    }
  };
  const entry = { calls, listener };
  waiting.set(signal, entry);
  signal.addEventListener("abort", listener, { once: true });
  return entry;
}

function forget(signal: AbortSignal, calls: Set<() => void>): void {
  const entry = waiting.get(signal);
  if (entry?.calls === calls) {
    waiting.delete(signal);
    signal.removeEventListener("abort", entry.listener);
  }
}
