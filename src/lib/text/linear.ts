/** Searches that would be super-linear as regular expressions. Each reads its text once. */

/** Without these characters at both ends. */
export function trimChars(text: string, chars: string): string {
  let start = 0;
  while (start < text.length && chars.includes(text.charAt(start))) start += 1;
  return trimEndChars(text.slice(start), chars);
}

/** Without these characters at the end. */
export function trimEndChars(text: string, chars: string): string {
  let end = text.length;
  while (end > 0 && chars.includes(text.charAt(end - 1))) end -= 1;
  return text.slice(0, end);
}

/** Returns the text between the first `before` and the next `after`; undefined if there is no such part. */
export function between(text: string, before: string, after: string): string | undefined {
  const start = text.indexOf(before) + before.length;
  const end = start < before.length ? -1 : text.indexOf(after, start);
  return end < 0 ? undefined : text.slice(start, end);
}

/** Returns the text between the first `before` and the last `after` behind it; undefined if there is no such part. */
export function betweenFarthest(text: string, before: string, after: string): string | undefined {
  const start = text.indexOf(before) + before.length;
  const end = start < before.length ? -1 : text.lastIndexOf(after);
  return end < start ? undefined : text.slice(start, end);
}

/**
 * Whether a line has matches of all patterns, each behind the one before: `[/a/, /b/]` for `/a.*b/`.
 * @param text Lines.
 */
export function hasInOrder(text: string, patterns: readonly RegExp[]): boolean {
  return text.split("\n").some((line) => {
    let rest = line;
    return patterns.every((pattern) => {
      const found = pattern.exec(rest);
      if (found !== null) rest = rest.slice(found.index + found[0].length);
      return found !== null;
    });
  });
}
