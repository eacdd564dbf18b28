// Makes calls that come in as lines of JSON, and answers each with a line.

import { createInterface } from "node:readline";

/**
 * Makes each call by `call(name, args, options)` until the input ends. `plain` turns an object of
 * the library into one whose fields are its own.
 */
export async function answerCalls(call, plain = (value) => value) {
  const encode = (value) => {
    if (value instanceof Uint8Array) return { hex: Buffer.from(value).toString("hex") };
    if (Array.isArray(value)) return value.map(encode);
    if (value === null || typeof value !== "object") return value ?? null;
    const fields = Object.entries(plain(value));
    return Object.fromEntries(fields.map(([name, field]) => [name, encode(field)]));
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const told = JSON.parse(line);
    const options = Object.fromEntries(
      Object.entries(told.options).map(([name, value]) => [name, decode(value)]),
    );
    let said;
    try {
      said = { answer: encode(await call(told.call, told.arguments.map(decode), options)) };
    } catch (error) {
      said = { error: describe(error) };
    }
    console.log(JSON.stringify(said));
  }
}

function decode(value) {
  return typeof value?.hex === "string" ? Buffer.from(value.hex, "hex") : value;
}

function describe(error) {
  return {
    name: error.constructor.name,
    message: error.message,
    code: error.code ?? null,
    retryable: error.retryable ?? null,
    outcome_unknown: error.outcomeUnknown ?? null,
  };
}
