/** Colour depths as chalk numbers them: none, 16, 256, all. */
export type ColourDepth = 0 | 1 | 2 | 3;

/**
 * How many colours the view may use. FORCE_COLOR overrides NO_COLOR, as in Node itself. The result is only for stderr, as stdout may be
 * a pipe while a person watches.
 */
export function depthOfColour(env: Readonly<Record<string, string | undefined>>): ColourDepth {
  const forced = env["FORCE_COLOR"];
  if (forced !== undefined) {
    if (forced === "0" || forced === "false") return 0;
    if (forced === "2") return 2;
    return forced === "3" ? 3 : 1;
  }
  if ((env["NO_COLOR"] ?? "") !== "" || env["TERM"] === "dumb") return 0;
  if (/^(?:truecolor|24bit)$/.test(env["COLORTERM"] ?? "")) return 3;
  return /256(?:color)?/.test(env["TERM"] ?? "") ? 2 : 1;
}
