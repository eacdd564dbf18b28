// What a scenario has open, and the names it has given.

import { mkdir, rm } from "node:fs/promises";
import { Names } from "./names.mjs";
import { slipstream } from "./package.mjs";

export const STORE = "conformance";

/** Everything that belongs to one run of one scenario. */
export class World {
  constructor(url, directory, scenario, place) {
    this.directory = directory;
    this.place = place;
    // What a scenario does to its connection, it does in the proxy.
    this.url = this.resolve(scenario.needs?.includes("server") ? "{proxy}" : url);
    this.config = scenario.config ?? {};
    this.names = new Names();
    for (const [name, url] of Object.entries(place?.urls ?? {})) this.names.save(name, url);
    this.connections = new Map();
    this.stores = new Map();
    this.watches = new Map();
    this.opened = [];
  }

  /** A URL with this scenario's directory and addresses in place of their names. */
  resolve(url) {
    const names = { dir: this.directory, ...this.place?.urls };
    return url.replace(/\{(\w+)\}/g, (found, name) => names[name] ?? found);
  }

  async connect(url, options) {
    const connection = await slipstream.connect(url, options);
    this.opened.push(connection);
    return connection;
  }

  /** Connects and opens the scenario's store, both as `main`. */
  async begin() {
    const connection = await this.connect(this.url);
    this.connections.set("main", connection);
    this.stores.set("main", await connection.store(STORE, storeOptions(this.config)));
  }

  /** Closes everything and forgets every handle. */
  async end() {
    // Watches are opened after the connection they are of, so they are closed first.
    for (const opened of this.opened.splice(0).reverse()) await opened.close();
    for (const kept of [this.connections, this.stores, this.watches]) kept.clear();
  }

  /** Destroys all that was stored; everything is closed before. */
  async destroy() {
    await this.end();
    if (this.place) return this.place.call("delete_stores");
    await rm(this.directory, { recursive: true });
    await mkdir(this.directory);
  }

  watching(name) {
    return this.watches.get(this.names.text(name));
  }
}

/** A configuration in this language's words and milliseconds. */
export function storeOptions(config) {
  const { max_age, ...rest } = config;
  const options = max_age === undefined ? {} : { maxAge: max_age * 1000 };
  for (const [name, value] of Object.entries(rest)) options[camelCase(name)] = value;
  return options;
}

export function camelCase(name) {
  return name.replace(/_([a-z])/g, (_, letter) => letter.toUpperCase());
}
