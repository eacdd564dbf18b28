import { optionalNumber, optionsOf, signalOf, text } from "./arguments.js";
import { Connection } from "./connection.js";
import { eventLoop } from "./event-loop.js";

/** How to connect and how long operations may take. */
export interface ConnectOptions {
  /** How long one operation may take, in milliseconds, before it ends in `Timeout` (L3); 5 s. */
  readonly timeout?: number | undefined;
  /** How long connecting may take, in milliseconds (L4); 5 s. */
  readonly connectTimeout?: number | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to the store behind a URL: `memory:` (private), `memory:NAME` (shared in the process)
 * or `file:PATH` (shared by every process that opens it).
 *
 * @throws {@link InvalidArgument} for a URL that is none, {@link ConnectionFailed},
 * {@link PermissionDenied} or {@link Timeout} for one that cannot be opened (L4).
 *
 * @example
 * ```ts
 * const conn = await connect("file:./state.db");
 * const store = await conn.store("nodes");
 * await store.put("node.a", "10.0.0.1");
 * await conn.close();
 * ```
 */
export async function connect(url: string, options?: ConnectOptions): Promise<Connection> {
  const signal = signalOf(options);
  const { timeout, connectTimeout } = optionsOf(options);
  const answer = eventLoop.native.connect(
    text("url", url),
    optionalNumber("timeout", timeout),
    optionalNumber("connectTimeout", connectTimeout),
  );
  return new Connection(await eventLoop.settle(answer, signal));
}
