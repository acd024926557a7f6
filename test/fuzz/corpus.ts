/** Inputs that `make fuzz` once found a fault with, or reading did beside them, by target: kept, so that it stays mended. */
export const CORPUS: readonly (readonly [target: string, input: string])[] = [
  ["flags' values", "linux/constructor"],
  ["registry answers", "null"],
  ["registry tokens", "null"],
  ["ignore files", "**/a/**/b/*[:alp[:toString:]]\n"],
  ["ignore files", "a[\\p{constructor}]\n"],
];
