/** The values of `--chmod`: octal numbers, and chmod(1)'s symbolic modes, which BuildKit reads with dchapes/mode. */

const OCTAL = /^0*[0-7]{1,4}$/;
const CLAUSE = /^([ugoa]*)((?:[-+=](?:[ugo]|[rwxXst]*))+)$/;
/** Bits of a permission for user, group and other. */
const BITS: Readonly<Record<string, number>> = { r: 0o444, w: 0o222, x: 0o111 };
const WHO: Readonly<Record<string, number>> = { u: 0o4700, g: 0o2070, o: 0o1007, a: 0o7777 };
const SHIFT: Readonly<Record<string, number>> = { u: 6, g: 3, o: 0 };

/** The mode of an octal text; undefined for other texts. */
export function octalMode(text: string): number | undefined {
  return OCTAL.test(text) ? Number.parseInt(text, 8) : undefined;
}

/**
 * A directory's mode after a symbolic mode, without a umask.
 * @returns undefined for a text that is not a symbolic mode
 */
export function symbolicMode(text: string, before: number): number | undefined {
  let mode = before;
  for (const clause of text.split(",")) {
    const [, who = "", actions = ""] = CLAUSE.exec(clause) ?? [];
    if (actions === "") return undefined;
    const mask = [...(who === "" ? "a" : who)].reduce((sum, letter) => sum | (WHO[letter] ?? 0), 0);
    for (const [, operator = "", permissions = ""] of actions.matchAll(/([-+=])([^-+=]*)/g)) {
      const bits = bitsOf(permissions, mode) & mask;
      if (operator === "+") mode |= bits;
      else if (operator === "-") mode &= ~bits;
      else mode = (mode & ~(mask & 0o777)) | bits;
    }
  }
  return mode;
}

function bitsOf(permissions: string, mode: number): number {
  const shift = SHIFT[permissions];
  if (shift !== undefined) {
    const copied = (mode >> shift) & 7;
    return (copied << 6) | (copied << 3) | copied;
  }
  // A directory has X always.
  return [...permissions].reduce((sum, letter) => {
    if (letter === "s") return sum | 0o6000;
    if (letter === "t") return sum | 0o1000;
    return sum | (BITS[letter === "X" ? "x" : letter] ?? 0);
  }, 0);
}
