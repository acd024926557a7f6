/** docs/reference/limits.md: the limits of `src/lib/limits/limits.ts`. */
import { LIMITS, variableOfLimit } from "../../src/lib/limits/limits.ts";
import type { Limit, LimitName } from "../../src/lib/limits/limits.ts";
import { formatDuration } from "../../src/lib/text/measures.ts";
import { table } from "./manifest.ts";

export function limitsPage(): string {
  const rows = Object.entries<Limit>(LIMITS).map(([name, limit]) => [
    limit.what,
    valueOf(limit),
    limit.adjustable === true ? `\`${variableOfLimit(name as LimitName)}\`` : "",
  ]);
  return `# Limits

Slipway takes what servers, programs, archives and repositories send only up to a limit, so that a hostile or broken one can neither fill the
client's memory or disk nor hold it for ever. What passes a limit is an error that names it; nothing is used of it. To allow more, set the variable:

\`\`\`sh
export SLIPWAY_LIMIT_DOWNLOAD_BYTES=64g   # bytes, or with k, m, g: units of 1024
export SLIPWAY_LIMIT_DOWNLOAD_MS=6h       # seconds, or with ms, s, m, h
\`\`\`

Written by \`npm run docs\` from the table that the program uses.

${table(["Who may send what", "At most", "Variable"], rows)}

Further limits: the head of any HTTP answer has at most 16 KiB (Node's own limit; \`NODE_OPTIONS=--max-http-header-size\` changes it). A
Dockerfile from standard input or a URL has at most 2 MB, as with docker. Standard input has no time limit. Layers of an image are not held
in memory: they are copied as they arrive, up to the size that the image's manifest says.
`;
}

function valueOf({ value, unit }: Limit): string {
  if (unit === "count") return value % 1_000_000 === 0 ? `${value / 1_000_000} million` : String(value);
  if (unit === "ms") return formatDuration(value);
  for (const [size, name] of [
    [1024 ** 3, "GiB"],
    [1024 ** 2, "MiB"],
    [1024, "KiB"],
  ] as const) {
    if (value >= size) return `${value / size} ${name}`;
  }
  return `${value} B`;
}
