/** Keeps small the part of V8's memory that new objects are in. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 doubles it as often as objects outlive a collection, up to 64 MB in Node 24, and nothing gets smaller by it. A long build would use
 * these for a program that needs 30 MB. A flag for its largest size counts only before V8 starts; the factor is read each time.
 */
const FLAG = "--semi-space-growth-factor";
const V8_DEFAULT = 2;

/** A short run is quicker if it grows. */
const BOUND_AFTER_MS = 1000;

export function boundYoungGeneration(): void {
  setTimeout(() => setFlagsFromString(`${FLAG}=1`), BOUND_AFTER_MS).unref();
}

/** To be called before code is stored: V8 takes compiled code only where all flags are the same. */
export function restoreFlags(): void {
  setFlagsFromString(`${FLAG}=${V8_DEFAULT}`);
}
