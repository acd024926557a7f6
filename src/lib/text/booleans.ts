/** Reads booleans as people write them. */

/** Accepts the values of Go's strconv.ParseBool in any case, and yes, no, on and off; undefined for anything else. */
export function booleanOf(text: string): boolean | undefined {
  if (/^(?:1|t|true|yes|y|on)$/i.test(text)) return true;
  return /^(?:0|f|false|no|n|off)$/i.test(text) ? false : undefined;
}
