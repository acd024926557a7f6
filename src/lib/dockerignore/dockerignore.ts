/**
 * Docker's ignore rules, exactly as BuildKit applies them when it walks the context: moby/patternmatcher's
 * MatchesUsingParentResults and the pruning of tonistiigi/fsutil. test/conformance/context compares this code with both.
 */
import { InvalidInput } from "../../errors.ts";
import { findGlobError } from "./glob-syntax.ts";
import { readIgnoreLines, type IgnoreLine } from "./ignore-lines.ts";
import { compilePattern, type PathTest } from "./ignore-pattern.ts";
import type { LinearMatcher } from "./linear-matcher.ts";
import { isAscii, toBytes, toCodePoints, toText } from "../files/path-bytes.ts";
import { PatternError } from "./text-reader.ts";

/** The rules that matched a directory, one byte per rule. They match everything below it too. */
export type RuleHits = Uint8Array;

type Rule = IgnoreLine & PathTest;

/** Between two pauses: some milliseconds of work. */
const STEPS_PER_TURN = 200_000;

export interface IgnoreDecision {
  readonly excluded: boolean;
  /** 1-based; undefined if no rule matches the path. */
  readonly line: number | undefined;
  /** The rule as written in the file. */
  readonly text: string | undefined;
  /** The path that the rule matched: the given one, or a directory above it. */
  readonly matched: string | undefined;
}

export class IgnoreRules {
  readonly #rules: readonly Rule[];
  readonly #name: string;
  readonly #prefixes: readonly string[] | undefined;
  readonly #noHits: RuleHits;
  #hits: RuleHits;
  #path = "";
  #text = "";
  #above: RuleHits;
  /** The rule that comes next. */
  #index = 0;
  #excluded = false;
  /** In the midst of its text. */
  #matcher: LinearMatcher | undefined;
  /** Whether a `!` line may bring back what another excludes. */
  readonly hasNegations: boolean;

  constructor(lines: readonly IgnoreLine[], name: string) {
    this.#name = name;
    this.#rules = lines.map((line) => {
      const error = findGlobError(line.pattern);
      if (error !== undefined) throw malformed(line, name, error);
      return { ...line, ...compilePattern(line.pattern) };
    });
    this.#noHits = new Uint8Array(lines.length);
    this.#hits = new Uint8Array(lines.length);
    this.#above = this.#noHits;
    this.hasNegations = lines.some((line) => line.negated);
    this.#prefixes = negationPrefixes(lines);
  }

  /**
   * Whether a path is left out, at once.
   * @param path Byte string relative to the context.
   * @param parent The result of `takeHits` for its directory; undefined directly below the root.
   * @throws InvalidInput for a malformed rule that Go's quick check accepts.
   */
  excludes(path: string, parent: RuleHits | undefined): boolean {
    this.begin(path, parent);
    let excluded: boolean | undefined;
    while (excluded === undefined) excluded = this.advance();
    return excluded;
  }

  /** Gives a path, as to `excludes`, that `advance` decides about. */
  begin(path: string, parent: RuleHits | undefined): void {
    this.#path = path;
    this.#text = isAscii(path) ? path : toCodePoints(path);
    this.#above = parent ?? this.#noHits;
    this.#index = 0;
    this.#excluded = false;
    this.#matcher = undefined;
  }

  /**
   * Works for some milliseconds: thousands of rules and long patterns may take many times that for one path.
   * @returns Whether the path is left out, undefined if that is not known yet.
   * @throws as `excludes` does.
   */
  advance(): boolean | undefined {
    const rules = this.#rules;
    const above = this.#above;
    const hits = this.#hits;
    let steps = STEPS_PER_TURN;
    for (let rule; (rule = rules[this.#index]) !== undefined; this.#index++) {
      let hit = above[this.#index] === 1;
      // A rule that cannot change the outcome is not tested, here or again below: `a/b` and `!a` leave a/b out.
      if (!hit && rule.negated === this.#excluded) {
        if ("test" in rule) {
          hit = rule.test(this.#path);
          steps -= 1 + (rule.pattern.length >> 4);
        } else {
          const matcher = this.#matcher ?? this.#openMatcher(rule);
          const before = matcher.steps;
          const result = matcher.advance(steps);
          steps -= matcher.steps - before;
          this.#matcher = result === undefined ? matcher : undefined;
          if (result === undefined) return undefined;
          hit = result;
        }
      } else {
        steps -= 1;
      }
      if (hit) this.#excluded = !rule.negated;
      hits[this.#index] = hit ? 1 : 0;
      if (steps <= 0) {
        this.#index++;
        return this.#index < rules.length ? undefined : this.#excluded;
      }
    }
    return this.#excluded;
  }

  /** The matcher of a rule, at the start of the path. */
  #openMatcher(rule: Extract<Rule, { matcher: unknown }>): LinearMatcher {
    try {
      const matcher = rule.matcher();
      matcher.begin(this.#text);
      return matcher;
    } catch (error) {
      throw error instanceof PatternError ? malformed(rule, this.#name, error.message) : error;
    }
  }

  /** The rules that matched the path last given to `excludes`, to be handed back for the paths below it. */
  takeHits(): RuleHits {
    return this.#hits.slice();
  }

  /**
   * Whether the walk must enter an excluded directory because a `!` line could match below it. A `!` line without wildcards is
   * compared by its start. One with a wildcard inside opens every directory. Paths in a directory that is not entered are never matched.
   */
  mayReinclude(directory: string): boolean {
    if (this.#prefixes === undefined) return true;
    const below = `${directory}/`;
    return this.#prefixes.some((prefix) => prefix.startsWith(below));
  }

  /** Finds the line that decides about a path (separated by `/`). Every part but the last is taken to be a directory. */
  explain(path: string): IgnoreDecision {
    const parts = toBytes(path).split("/");
    const origins = new Map<number, string>();
    let parent: RuleHits | undefined;
    for (let depth = 1; ; depth++) {
      const current = parts.slice(0, depth).join("/");
      const excluded = this.excludes(current, parent);
      parent = this.takeHits();
      let decisive = -1;
      for (const [index, hit] of parent.entries()) {
        if (hit === 0) continue;
        if (!origins.has(index)) origins.set(index, current);
        decisive = index;
      }
      if (depth < parts.length && !(excluded && !this.mayReinclude(current))) continue;
      const rule = this.#rules[decisive];
      const matched = origins.get(decisive);
      return {
        excluded,
        line: rule?.line,
        text: rule?.text,
        matched: matched === undefined ? undefined : toText(matched),
      };
    }
  }
}

/**
 * @param content The content of the ignore file; undefined if there is none.
 * @param name The name of the file, for errors.
 * @throws InvalidInput with line and pattern if a pattern is malformed.
 */
export function parseIgnoreFile(content: string | Uint8Array | undefined, name = ".dockerignore"): IgnoreRules {
  return new IgnoreRules(content === undefined ? [] : readIgnoreLines(content, name), name);
}

/** The fixed start of each `!` line, with a trailing slash; undefined if one has a wildcard inside. */
function negationPrefixes(lines: readonly IgnoreLine[]): string[] | undefined {
  const prefixes: string[] = [];
  for (const line of lines) {
    if (!line.negated) continue;
    const fixed = line.pattern.replace(/\/\*\*$/, "").replace(/\/\*$/, "");
    if (/[*[\]?^\\]/.test(fixed)) return undefined;
    prefixes.push(`${fixed}/`);
  }
  return prefixes;
}

function malformed(line: IgnoreLine, name: string, reason: string): InvalidInput {
  return new InvalidInput(`${name} line ${line.line}: ${line.text.trim()} is not a valid pattern: ${reason}`, {
    docker: "refuses",
    suggestions: [
      "Put a backslash before a character that is meant literally.",
      `Remove line ${line.line} of ${name}.`,
    ],
  });
}
