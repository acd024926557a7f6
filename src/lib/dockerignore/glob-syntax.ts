/** Finds the syntax error that Go's `filepath.Match(pattern, ".")` reports: moby's only check of a pattern before its use. */
import { toCodePoints } from "../files/path-bytes.ts";

/**
 * Go reads a pattern star by star and stops checking after the first piece that does not match ".". This code does the same,
 * or it would refuse patterns that moby accepts. Errors after that point are found when the pattern is compiled.
 * @param pattern Byte string.
 * @returns The error of the pattern, undefined if there is none.
 */
export function findGlobError(pattern: string): string | undefined {
  // On Windows the caller has replaced every backslash by a slash.
  let rest = pattern;
  let subject = ".";
  while (rest !== "") {
    const stars = /^\**/.exec(rest)?.[0].length ?? 0;
    const piece = takePiece(rest.slice(stars));
    rest = rest.slice(stars + piece.length);
    if (piece === "") return undefined;
    const reading = readPiece(piece);
    if (reading.error !== undefined) return reading.error;
    if (subject !== "." || reading.elements !== 1 || !reading.matchesDot) return undefined;
    subject = "";
  }
  return undefined;
}

/** Up to the next star outside of brackets. */
function takePiece(text: string): string {
  let bracket = false;
  for (let at = 0; at < text.length; at++) {
    const char = text[at];
    if (char === "\\") at++;
    else if (char === "[") bracket = true;
    else if (char === "]") bracket = false;
    else if (char === "*" && !bracket) return text.slice(0, at);
  }
  return text;
}

interface PieceReading {
  readonly error?: string;
  /** Number of characters that the piece matches. */
  readonly elements: number;
  /** Whether its last element matches a dot. */
  readonly matchesDot: boolean;
}

function readPiece(piece: string): PieceReading {
  let elements = 0;
  let matchesDot = false;
  for (let at = 0; at < piece.length; elements++) {
    const char = piece[at];
    if (char === "[") {
      const set = readSet(piece, at + 1);
      if (set.error !== undefined) return { error: set.error, elements, matchesDot };
      ({ end: at, matchesDot } = set);
      continue;
    }
    if (char === "\\" && ++at === piece.length) {
      return { error: "it ends with a single backslash", elements, matchesDot };
    }
    matchesDot = piece[at] === "." || char === "?";
    at++;
  }
  return { elements, matchesDot };
}

interface SetReading {
  readonly error?: string;
  /** Index after the closing bracket. */
  readonly end: number;
  readonly matchesDot: boolean;
}

const DOT = 0x2e;

function readSet(piece: string, start: number): SetReading {
  const negated = piece[start] === "^";
  let at = negated ? start + 1 : start;
  let found = false;
  for (let ranges = 0; piece[at] !== "]" || ranges === 0; ranges++) {
    const low = readSetChar(piece, at);
    if (typeof low === "string") return { error: low, end: at, matchesDot: false };
    let high = low;
    if (piece[low.end] === "-") {
      const bound = readSetChar(piece, low.end + 1);
      if (typeof bound === "string") return { error: bound, end: at, matchesDot: false };
      high = bound;
    }
    found ||= low.codePoint <= DOT && DOT <= high.codePoint;
    at = high.end;
  }
  return { end: at + 1, matchesDot: found !== negated };
}

/** Reads one character of a set. At least the closing bracket must follow it. */
function readSetChar(piece: string, start: number): { codePoint: number; end: number } | string {
  const first = piece[start];
  if (first === "-") return "- in [ ] must stand between two characters or be escaped";
  if (first === "]") return "[ ] must not be empty and no range in it may be open";
  const at = first === "\\" ? start + 1 : start;
  const lead = piece.charCodeAt(at);
  const width = lead < 0x80 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (!(at + width < piece.length)) return "a [ is not closed";
  const char = toCodePoints(piece.slice(at, at + width));
  const codePoint = char.codePointAt(0) ?? 0;
  if (char.length !== String.fromCodePoint(codePoint).length || (codePoint === 0xfffd && width !== 3)) {
    return "it is not UTF-8";
  }
  return { codePoint, end: at + width };
}
