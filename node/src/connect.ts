// The function that opens a connection, and its options.

import {
  optionalFlag,
  optionalNumber,
  optionalText,
  optionsOf,
  signalOf,
  text,
} from "./arguments.js";
import { Connection } from "./connection.js";
import { eventLoop } from "./event-loop.js";

/** How to connect and how long operations may take. */
export interface ConnectOptions {
  /** How long one operation may take, in milliseconds, before it ends in `Timeout` (L3); 5 s. */
  readonly timeout?: number | undefined;
  /** How long connecting may take, in milliseconds (L4); 5 s. */
  readonly connectTimeout?: number | undefined;
  /**
   * How long a server that is not up yet is waited for, in milliseconds (L6). A wrong password fails
   * at once.
   */
  readonly wait?: number | undefined;
  /** For NATS: the content of a `.creds` file, in base64. */
  readonly creds?: string | undefined;
  /** For NATS: the path of a `.creds` file. */
  readonly credsFile?: string | undefined;
  /** For NATS: the seed of a user's nkey, `SU…`. */
  readonly nkey?: string | undefined;
  /** For NATS: a token. */
  readonly token?: string | undefined;
  /** For NATS: a user's name. */
  readonly user?: string | undefined;
  /** For NATS: the password of `user`. */
  readonly password?: string | undefined;
  /**
   * For NATS: the path of a PEM file of the authorities to trust instead of the system's. Asks for
   * TLS.
   */
  readonly tlsCa?: string | undefined;
  /** For NATS: the path of a PEM file with the client's certificate. Asks for TLS. */
  readonly tlsCert?: string | undefined;
  /** For NATS: the path of a PEM file with the key of `tlsCert`. */
  readonly tlsKey?: string | undefined;
  /** For NATS: whether TLS starts before the server says anything (its `handshake_first`). */
  readonly tlsFirst?: boolean | undefined;
  /**
   * For NATS: whether any replica of a store may answer reads, though it may be behind a write
   * that was just made (R5).
   */
  readonly staleReads?: boolean | undefined;
  /** For NATS: what the server calls this connection in its reports; `slipstream` if unset. */
  readonly clientName?: string | undefined;
  /** Ends the attempt to connect. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * Connects to the store behind a URL: `memory:` (private), `memory:NAME` (shared in the process),
 * `file:PATH` (shared by every process that opens it), or a NATS cluster: `nats://HOST:PORT`, over
 * TLS with `tls://`, over websockets with `ws://` and `wss://`. `USER:PASSWORD@` or `TOKEN@` may
 * stand before the host, percent-encoded, and further servers after commas. Of `creds`,
 * `credsFile`, `nkey`, `token`, `user` and a login in the URL one may be given.
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
 *
 * const cluster = await connect("tls://a.example,b.example", { credsFile: "service.creds" });
 * ```
 */
export async function connect(url: string, options?: ConnectOptions): Promise<Connection> {
  const signal = signalOf(options);
  const given = optionsOf(options);
  const answer = eventLoop.native.connect(
    text("url", url),
    optionalNumber("timeout", given.timeout),
    optionalNumber("connectTimeout", given.connectTimeout),
    optionalNumber("wait", given.wait),
    {
      creds: optionalText("creds", given.creds),
      credsFile: optionalText("credsFile", given.credsFile),
      nkey: optionalText("nkey", given.nkey),
      token: optionalText("token", given.token),
      user: optionalText("user", given.user),
      password: optionalText("password", given.password),
      tlsCa: optionalText("tlsCa", given.tlsCa),
      tlsCert: optionalText("tlsCert", given.tlsCert),
      tlsKey: optionalText("tlsKey", given.tlsKey),
      tlsFirst: optionalFlag("tlsFirst", given.tlsFirst),
      staleReads: optionalFlag("staleReads", given.staleReads),
      clientName: optionalText("clientName", given.clientName),
    },
  );
  return new Connection(await eventLoop.settle(answer, signal));
}
