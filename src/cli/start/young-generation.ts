/** Keeps small the part of V8's memory that new objects are in. */
import { setFlagsFromString } from "node:v8";

/**
 * V8 doubles it when enough objects outlive a collection, up to 64 MB in Node 24. A client that sends many files would take all of that,
 * though its objects need 30 MB. A flag for the largest size counts only before V8 starts. The factor is read at each growth.
 */
const FLAG = "--semi-space-growth-factor";
const V8_DEFAULT = 2;

/** By then the program is loaded: while flags differ from the default, V8 refuses the compiled code that Node brings along. */
const BOUND_AFTER_MS = 1000;

export function boundYoungGeneration(): void {
  setTimeout(() => setFlagsFromString(`${FLAG}=1`), BOUND_AFTER_MS).unref();
}

/** To be called before code is stored: V8 takes compiled code only where all flags are the same. */
export function restoreFlags(): void {
  setFlagsFromString(`${FLAG}=${V8_DEFAULT}`);
}
