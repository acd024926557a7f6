/** Patterns for the names of targets: `*`, `?` and `[a-z]`, without backtracking. Source: Go, path.Match. */

type Part =
  | { readonly kind: "star" }
  | { readonly kind: "any" }
  | { readonly kind: "letter"; readonly letter: string }
  | { readonly kind: "class"; readonly isNegated: boolean; readonly ranges: readonly (readonly [string, string])[] };

/** @returns undefined for a malformed pattern */
function partsOf(pattern: string): Part[] | undefined {
  const letters = Array.from(pattern);
  const parts: Part[] = [];
  for (let at = 0; at < letters.length; at += 1) {
    const letter = letters[at] ?? "";
    if (letter === "*") {
      if (parts.at(-1)?.kind !== "star") parts.push({ kind: "star" });
    } else if (letter === "?") parts.push({ kind: "any" });
    else if (letter === "\\") {
      at += 1;
      const escaped = letters[at];
      if (escaped === undefined) return undefined;
      parts.push({ kind: "letter", letter: escaped });
    } else if (letter === "[") {
      const read = classAt(letters, at + 1);
      if (read === undefined) return undefined;
      parts.push(read.part);
      at = read.end;
    } else parts.push({ kind: "letter", letter });
  }
  return parts;
}

function classAt(letters: readonly string[], start: number): { readonly part: Part; readonly end: number } | undefined {
  let at = start;
  const isNegated = letters[at] === "^";
  if (isNegated) at += 1;
  const ranges: [string, string][] = [];
  const read = (): string | undefined => {
    if (letters[at] === "\\") at += 1;
    const letter = letters[at];
    at += 1;
    return letter;
  };
  for (;;) {
    if (letters[at] === "]" && ranges.length > 0) return { part: { kind: "class", isNegated, ranges }, end: at };
    if (letters[at] === "-" || letters[at] === "]" || letters[at] === undefined) return undefined;
    const low = read();
    let high = low;
    if (letters[at] === "-") {
      at += 1;
      if (letters[at] === "-" || letters[at] === "]") return undefined;
      high = read();
    }
    if (low === undefined || high === undefined) return undefined;
    ranges.push([low, high]);
  }
}

function fits(part: Part, letter: string): boolean {
  switch (part.kind) {
    case "star":
    case "any":
      return letter !== "/";
    case "letter":
      return part.letter === letter;
    case "class":
      return part.ranges.some(([low, high]) => low <= letter && letter <= high) !== part.isNegated;
  }
}

/** @returns undefined for a malformed pattern */
export function matchesPattern(pattern: string, name: string): boolean | undefined {
  const parts = partsOf(pattern);
  if (parts === undefined) return undefined;
  // All positions in the pattern that the characters so far can lead to.
  let places = new Set(closure(parts, [0]));
  for (const letter of name) {
    const next: number[] = [];
    for (const place of places) {
      const part = parts[place];
      if (part === undefined || !fits(part, letter)) continue;
      next.push(part.kind === "star" ? place : place + 1);
    }
    places = new Set(closure(parts, next));
  }
  return places.has(parts.length);
}

/** A star also matches nothing. */
function closure(parts: readonly Part[], places: readonly number[]): number[] {
  const all = [...places];
  for (const place of all) if (parts[place]?.kind === "star") all.push(place + 1);
  return all;
}

export function isPattern(name: string): boolean {
  return /[*?[\]]/.test(name);
}
