import type { Addon } from "./native.js";

declare const addon: Addon;
export = addon;
