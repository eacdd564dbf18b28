// The native addons of this package by platform; the build writes the module itself.

import type { Addon } from "./addon.js";

/** The version of this package. */
export declare const version: string;

/** Loads each native addon of this package, by platform. */
export declare const addons: Record<
  string,
  (() => Addon | { readonly default: Addon }) | undefined
>;
