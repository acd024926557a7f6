/** Reads WWW-Authenticate headers: several schemes in one header or in several, with quoted and unquoted parameters (RFC 9110, 11.6.1). */

export interface Challenge {
  /** In lower case: `bearer`, `basic`, `negotiate`. */
  readonly scheme: string;
  /** Parameters by name, in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const BLANK = /[\s,]*/y;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const EQUALS = /\s*=\s*/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"?/y;
/** An unquoted value that the standard does not allow but registries send, for example a URL: up to a comma or a space. */
const BARE = /[^\s,"]*/y;
/** A value that may follow a scheme instead of parameters (token68): `Negotiate YII=`. */
const TOKEN68 = /\s+[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;

/** The challenges in their order. Text that is none is skipped. @param header values of one or several headers */
export function parseChallenges(header: string | readonly string[] | undefined): Challenge[] {
  const texts = header === undefined ? [] : typeof header === "string" ? [header] : header;
  return texts.flatMap(challengesOf);
}

function challengesOf(text: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  while (at < text.length) {
    take(BLANK);
    const name = take(TOKEN)?.[0].toLowerCase();
    if (name === undefined) {
      at += 1;
      continue;
    }
    const before = at;
    // `name=value` is a parameter of the challenge before it; a name without a value begins a challenge.
    if (take(EQUALS) !== null) {
      const value = take(QUOTED)?.[1]?.replaceAll(/\\(.)/g, "$1") ?? take(BARE)?.[0] ?? "";
      const { parameters } = challenges.at(-1) ?? {};
      if (parameters?.has(name) === false) parameters.set(name, value);
      continue;
    }
    at = before;
    challenges.push({ scheme: name, parameters: new Map() });
    take(TOKEN68);
  }
  return challenges;
}
