// Arguments, checked and converted to those of the native half.

import { isUint8Array } from "node:util/types";

const AT = Uint8Array.prototype.at;

/** A string, or a `TypeError` that names the argument. */
export function text(name: string, value: unknown): string {
  return typeof value === "string" ? value : wrongType(name, "a string", value);
}

/** The items of an iterable. A string, which is an iterable of characters, is refused. */
export function items(name: string, value: unknown): unknown[] {
  if (typeof value !== "object" || value === null || !(Symbol.iterator in value)) {
    return wrongType(name, "an array or another iterable of strings", value);
  }
  return Array.from(value as Iterable<unknown>);
}

/** Strings, or a `TypeError` that names the argument whose items they are. */
export function texts(name: string, items: unknown[]): string[] {
  const each = `each of ${name}`;
  return items.map((item) => text(each, item));
}

/** A prefix, or several. */
export type Prefixes = string | Iterable<string>;

/** Whether these are prefixes, and no options. */
export function isPrefixes(value: unknown): value is Prefixes {
  const isObject = typeof value === "object" && value !== null;
  return typeof value === "string" || (isObject && Symbol.iterator in value);
}

/** Each prefix of these, or a `TypeError`. */
export function prefixesOf(value: unknown): string[] {
  if (typeof value === "string") {
    return [value];
  }
  return isPrefixes(value)
    ? texts("prefixes", Array.from(value))
    : wrongType("prefix", "a string or an iterable of strings", value);
}

/** Bytes, or a `TypeError` that names the argument. */
export function bytes(name: string, value: unknown): Uint8Array {
  return isUint8Array(value) ? present(name, value) : wrongType(name, "a Uint8Array", value);
}

/** The bytes of a value: text is written as UTF-8. */
export function valueBytes(value: unknown): Uint8Array {
  if (typeof value === "string") {
    return Buffer.from(value);
  }
  if (isUint8Array(value)) {
    return present("value", value);
  }
  return wrongType("value", "a string or a Uint8Array", value);
}

/**
 * Refuses an array that has lost its bytes: one whose buffer was transferred, or shrank to less
 * than the array's end, looks like an empty one (X7).
 */
function present(name: string, bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) {
    try {
      // Every method that looks at the bytes throws for an array that has lost them.
      AT.call(bytes, 0);
    } catch (cause) {
      const found = "one whose buffer was transferred or has shrunk";
      throw new TypeError(`${name} must be a Uint8Array with its bytes, not ${found}`, { cause });
    }
  }
  return bytes;
}

/** A number, if there is one. */
export function optionalNumber(name: string, value: unknown): number | undefined {
  const fits = value === undefined || typeof value === "number";
  return fits ? value : wrongType(name, "a number", value);
}

/** A string, if there is one. */
export function optionalText(name: string, value: unknown): string | undefined {
  const fits = value === undefined || typeof value === "string";
  return fits ? value : wrongType(name, "a string", value);
}

/** A boolean, if there is one. */
export function optionalFlag(name: string, value: unknown): boolean | undefined {
  const fits = value === undefined || typeof value === "boolean";
  return fits ? value : wrongType(name, "a boolean", value);
}

/** Bytes, if there are any. */
export function optionalBytes(name: string, value: unknown): Uint8Array | undefined {
  return value === undefined || value === null ? undefined : bytes(name, value);
}

/** Options, or none. */
export function optionsOf<T extends object>(options: T | undefined): Partial<T> {
  if (options === undefined) {
    return {};
  }
  const fits = typeof options === "object" && options !== null && !Array.isArray(options);
  return fits ? options : wrongType("options", "an object", options);
}

/** The signal among options. Throws its reason if it has aborted, so that nothing is started. */
export function signalOf(
  options: { readonly signal?: AbortSignal | undefined } | undefined,
): AbortSignal | undefined {
  if (options === undefined) {
    return undefined;
  }
  const { signal } = optionsOf(options);
  if (signal !== undefined) {
    if (typeof signal?.throwIfAborted !== "function") {
      wrongType("signal", "an AbortSignal", signal);
    }
    signal.throwIfAborted();
  }
  return signal;
}

function wrongType(name: string, expected: string, value: unknown): never {
  const found = value === null ? "null" : Array.isArray(value) ? "an array" : typeof value;
  throw new TypeError(`${name} must be ${expected}, not ${found}`);
}
