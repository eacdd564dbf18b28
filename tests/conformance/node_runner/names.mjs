// What scenarios write for texts and tokens, and the names they give.

import assert from "node:assert/strict";

/** What `as:` saved and `$name` stands for. */
export class Names {
  constructor(saved = new Map()) {
    this.saved = saved;
  }

  save(name, bytes) {
    this.saved.set(name, Buffer.from(bytes));
  }

  with(name, bytes) {
    return new Names(new Map(this.saved).set(name, Buffer.from(bytes)));
  }

  bytes(text) {
    if (typeof text === "string") {
      if (!text.startsWith("$")) return Buffer.from(text);
      const saved = this.saved.get(text.slice(1));
      assert(saved, `nothing is named ${text}`);
      return saved;
    }
    if ("repeat" in text) return Buffer.from(text.repeat.repeat(text.times));
    assert("hex" in text, `${JSON.stringify(text)} is no text`);
    return Buffer.from(text.hex, "hex");
  }

  text(text) {
    return this.bytes(text).toString();
  }

  token(token) {
    if (typeof token === "string") {
      assert(token === "" || token.startsWith("$"), `${token} is no token`);
      return this.bytes(token);
    }
    if ("ahead_of" in token) {
      const bytes = Buffer.from(this.bytes(token.ahead_of));
      const at = bytes.length - 8;
      bytes.writeBigUInt64BE(BigInt.asUintN(64, bytes.readBigUInt64BE(at) + BigInt(token.by)), at);
      return bytes;
    }
    if ("after" in token) {
      const version = this.token(token.after);
      return Buffer.concat([Buffer.from([1, version.length]), Buffer.alloc(16), version]);
    }
    if ("mangled" in token) {
      const bytes = Buffer.from(this.bytes(token.mangled));
      bytes[0] ^= 0x80;
      return bytes;
    }
    return this.bytes(token);
  }
}
