/** Reads the lines of an ignore file, without their patterns: moby's `ignorefile.ReadAll` and `patternmatcher.New`. */
import { InvalidInput } from "../../errors.ts";
import { toBytes, toText } from "../files/path-bytes.ts";

export interface IgnoreLine {
  /** 1-based. */
  readonly line: number;
  /** The line as written in the file, for messages. */
  readonly text: string;
  /** Byte string: relative to the root of the context, cleaned, without `!`. */
  readonly pattern: string;
  /** A `!` line: paths it matches are included again. */
  readonly negated: boolean;
}

/** Go's bufio.MaxScanTokenSize: a line and its line feed must be shorter than this many bytes. */
const MAX_LINE_BYTES = 64 * 1024;
const BYTE_ORDER_MARK = "\xef\xbb\xbf";

/**
 * @param name The name of the file, for errors.
 * @throws InvalidInput for a line of 64 KiB or more, and for a `!` without a pattern.
 */
export function readIgnoreLines(
  content: string | Uint8Array,
  name: string,
  platform: string = process.platform,
): IgnoreLine[] {
  const bytes = typeof content === "string" ? toBytes(content) : Buffer.from(content).toString("latin1");
  const lines: IgnoreLine[] = [];
  for (const [index, rawLine] of bytes.split("\n").entries()) {
    if (rawLine.length >= MAX_LINE_BYTES) {
      throw new InvalidInput(`${name} line ${index + 1} is longer than 64 KiB`, {
        docker: "refuses",
        suggestions: [`Check that ${name} is a list of patterns, one per line.`],
      });
    }
    const uncut = index === 0 && rawLine.startsWith(BYTE_ORDER_MARK) ? rawLine.slice(3) : rawLine;
    const line = uncut.endsWith("\r") ? uncut.slice(0, -1) : uncut;
    // Only a `#` in the first column starts a comment, so this test precedes trimming.
    if (line.startsWith("#")) continue;
    const entry = readEntry(line, platform);
    if (entry === undefined) continue;
    if (entry === "!") {
      throw new InvalidInput(`${name} line ${index + 1}: ! must be followed by a pattern`, {
        docker: "refuses",
        suggestions: ["Write a pattern after it, as in !docs, or remove the line."],
      });
    }
    const negated = entry.startsWith("!");
    lines.push({ line: index + 1, text: toText(line), negated, pattern: negated ? entry.slice(1) : entry });
  }
  return lines;
}

/**
 * Cleans one line twice, as moby does when it reads the file and when it compiles the pattern. The second pass looks for `!`
 * again, so `/!x` includes x.
 */
function readEntry(line: string, platform: string): string | undefined {
  let entry = trimSpace(line);
  if (entry === "") return undefined;
  const negated = entry.startsWith("!");
  if (negated) entry = trimSpace(entry.slice(1));
  if (entry !== "") {
    entry = cleanPath(fromNative(entry, platform));
    if (entry.length > 1 && entry.startsWith("/")) entry = entry.slice(1);
  }
  entry = trimSpace(negated ? `!${entry}` : entry);
  return entry === "" ? undefined : cleanPath(entry);
}

/** On Windows a backslash is a separator, and there is no escape character. */
function fromNative(pattern: string, platform: string): string {
  return platform === "win32" ? pattern.replaceAll("\\", "/") : pattern;
}

/** Go's filepath.Clean: the shortest equivalent path, without looking at the file system. */
export function cleanPath(path: string): string {
  const rooted = path.startsWith("/");
  const kept: string[] = [];
  for (const part of path.split("/")) {
    if (part === "" || part === ".") continue;
    if (part !== "..") kept.push(part);
    else if (kept.length > 0 && kept.at(-1) !== "..") kept.pop();
    else if (!rooted) kept.push(part);
  }
  const cleaned = kept.join("/");
  if (rooted) return `/${cleaned}`;
  return cleaned === "" ? "." : cleaned;
}

/** White space in Unicode, as UTF-8 bytes. JavaScript's own trim differs in U+0085 and U+FEFF. */
const SPACES = new Set(
  [0x09, 0x0a, 0x0b, 0x0c, 0x0d, 0x20, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000]
    .concat(Array.from({ length: 11 }, (_, index) => 0x2000 + index))
    .map((codePoint) => toBytes(String.fromCodePoint(codePoint))),
);

/** Go's strings.TrimSpace on a byte string. */
export function trimSpace(bytes: string): string {
  let start = 0;
  let end = bytes.length;
  for (let width = 0; (width = spaceWidth((n) => bytes.slice(start, Math.min(start + n, end)))) > 0;) start += width;
  for (let width = 0; (width = spaceWidth((n) => bytes.slice(Math.max(end - n, start), end))) > 0;) end -= width;
  return bytes.slice(start, end);
}

function spaceWidth(take: (width: number) => string): number {
  for (const width of [1, 2, 3]) {
    const candidate = take(width);
    if (candidate.length === width && SPACES.has(candidate)) return width;
  }
  return 0;
}
