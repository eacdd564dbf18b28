import type { Addon } from "./native.js";

/** The version of this package. */
export declare const version: string;

/** Loads each native addon of this package, by platform. */
export declare const addons: Record<
  string,
  (() => Addon | { readonly default: Addon }) | undefined
>;
