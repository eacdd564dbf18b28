// What connections, stores and watches have in common: they cannot be cloned or serialised.

/** What every weak reference here refers to; it is never followed. */
const NOTHING = {};

/**
 * A handle of something in this process, which has no meaning elsewhere. It refuses to be cloned
 * or serialised, where a plain object would give an empty one that looks like it (X5).
 */
export class Handle {
  constructor() {
    // `structuredClone`, `postMessage` and `v8.serialize` look at what an object was made as, and
    // refuse a weak reference. Nothing else is seen of that: its prototype is the class's own.
    // biome-ignore lint/correctness/noConstructorReturn: only what is returned was made as one.
    return Reflect.construct(WeakRef, [NOTHING], new.target) as Handle;
  }
}

// Not a method that is declared: it is nothing to call.
Object.defineProperty(Handle.prototype, "toJSON", {
  value() {
    const advice = "send the connection's URL and the store's name, and open it there";
    throw new TypeError(`a connection, store or watch cannot be serialised; ${advice}`);
  },
});
