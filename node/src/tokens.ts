// The types of the opaque bytes that a store and a watch hand out: versions and cursors.

declare const token: unique symbol;

/**
 * The version of one write: bytes to compare and to pass on, never to look into (V3). Writes and
 * entries hand it out, `update` and `deleteWithVersion` take it. It is another type than
 * {@link Cursor}, so that the compiler finds where one is passed for the other (V6).
 *
 * @example
 * ```ts
 * const saved = (await readFile(path)) as Version;
 * await store.update("node.a", "10.0.0.2", saved);
 * ```
 */
export interface Version extends Buffer {
  readonly [token]: "version";
}

/**
 * The place in a store that a watch has reached: bytes to save, never to look into (V4). Watches
 * and updates hand it out, `watch` takes it and goes on behind it.
 *
 * @example
 * ```ts
 * const saved = (await readFile(path)) as Cursor;
 * for await (const update of store.watch("node.", { cursor: saved })) {
 *   await writeFile(path, update.cursor);
 * }
 * ```
 */
export interface Cursor extends Buffer {
  readonly [token]: "cursor";
}
