/**
 * Whether a regular expression of JavaScript can take more than linear time for some text. Two things find that out: scslre, for texts that
 * repeat one character, and the criterion of Weber and Seidl for texts that repeat a word (`/foo.*bar/` for `foofoofoo…`): with states p and
 * q, the word leads from p to p, from p to q and from q to q (On the degree of ambiguity of finite automata, 1991, criterion IDA).
 */
import { JS } from "refa";
import type { Concatenation, Element, Expression } from "refa";
import { analyse } from "scslre";

type Alternatives = readonly Concatenation[];
type Ranges = readonly { readonly min: number; readonly max: number }[];

/** Reading a character. The first one of an expression that may begin anywhere reads what comes before the match. */
interface Position {
  readonly ranges: Ranges;
  readonly follow: Set<number>;
  /** Behind it the expression has matched, whatever follows. */
  final: boolean;
}

const ALL: Ranges = [{ min: 0, max: 0x10ffff }];
const NEWLINES: Ranges = [
  { min: 0x0a, max: 0x0a },
  { min: 0x0d, max: 0x0d },
];

/** More repetitions than this count as unlimited. */
const MOST_COPIES = 8;

/** What ends where a part ends: positions, and whether an assertion had to hold since. */
type Ends = Map<number, boolean>;

class Automaton {
  readonly positions: Position[] = [];
  readonly #start = -1;
  readonly #anywhere: boolean;
  matchesEmpty = false;

  constructor(expression: Expression, anywhere: boolean) {
    this.#anywhere = anywhere;
    let ends: Ends = new Map([[this.#start, false]]);
    if (anywhere) ends = new Map([...ends, ...this.#read(ALL, ends)]);
    if (anywhere) this.positions[0]?.follow.add(0);
    for (const [position, asserted] of this.#alternatives(expression.alternatives, ends)) {
      if (asserted) continue;
      if (position === this.#start || (anywhere && position === 0)) this.matchesEmpty = true;
      else (this.positions[position] as Position).final = true;
    }
  }

  #read(ranges: Ranges, from: Ends): Ends {
    const index = this.positions.push({ ranges, follow: new Set(), final: false }) - 1;
    for (const position of from.keys()) this.positions[position]?.follow.add(index);
    return from.size === 0 ? new Map() : new Map([[index, false]]);
  }

  #alternatives(alternatives: Alternatives, from: Ends): Ends {
    return alternatives.map(({ elements }) => this.#sequence(elements, from)).reduce(join, new Map());
  }

  #sequence(elements: readonly Element[], from: Ends): Ends {
    return elements.reduce((ends, element) => this.#element(element, ends), from);
  }

  #element(element: Element, from: Ends): Ends {
    switch (element.type) {
      case "CharacterClass":
        return this.#read(element.characters.ranges, from);
      case "Alternation":
        return this.#alternatives(element.alternatives, from);
      case "Quantifier": {
        const { alternatives, min, max } = element;
        let ends = from;
        let all: Ends = min === 0 ? from : new Map();
        const unlimited = max > MOST_COPIES;
        const copies = unlimited ? Math.min(Math.max(min, 1), MOST_COPIES) : max;
        for (let copy = 1; copy <= copies; copy++) {
          ends = this.#alternatives(alternatives, ends);
          if (copy >= Math.min(min, MOST_COPIES)) all = join(all, ends);
        }
        if (unlimited) {
          const again = this.positions.length;
          const first = this.#alternatives(alternatives, ends);
          // It may be repeated: from its ends to its beginnings.
          const beginnings = new Set<number>();
          for (const end of ends.keys())
            for (const next of this.positions[end]?.follow ?? []) if (next >= again) beginnings.add(next);
          for (const end of first.keys()) for (const next of beginnings) this.positions[end]?.follow.add(next);
          all = join(all, first);
        }
        return all;
      }
      case "Assertion":
        return this.#assertion(element.kind, element.negate, element.alternatives, from);
      case "Unknown":
        return mapAsserted(from);
    }
  }

  #assertion(kind: "ahead" | "behind", negate: boolean, alternatives: Alternatives, from: Ends): Ends {
    if (kind === "ahead") {
      // What it looks at is read, and then does not count as a match.
      this.#alternatives(alternatives, from);
      return mapAsserted(from);
    }
    const only =
      alternatives.length === 1 && alternatives[0]?.elements.length === 1 ? alternatives[0].elements[0] : undefined;
    if (!negate || only?.type !== "CharacterClass") return mapAsserted(from);
    // `^`: at the start, or with the flag m behind a line end.
    const start: Ends = new Map([...from].filter(([position]) => position === this.#start));
    const elsewhere: Ends = new Map([...from].filter(([position]) => position !== this.#start));
    if (!this.#anywhere) return join(start, mapAsserted(elsewhere));
    return only.characters.isAll ? new Map() : this.#read(NEWLINES, elsewhere);
  }
}

function join(one: Ends, other: Ends): Ends {
  const all = new Map(one);
  for (const [position, asserted] of other) all.set(position, asserted && (all.get(position) ?? true));
  return all;
}

function mapAsserted(ends: Ends): Ends {
  return new Map([...ends.keys()].map((position) => [position, true]));
}

/** Each range's bits: of the pieces that all ranges together cut the code points into. */
function masksOf(positions: readonly Position[]): bigint[] {
  const cuts = [...new Set(positions.flatMap(({ ranges }) => ranges.flatMap(({ min, max }) => [min, max + 1])))];
  cuts.sort((a, b) => a - b);
  const bits = (ranges: Ranges): bigint => {
    let mask = 0n;
    for (const { min, max } of ranges)
      for (let index = cuts.indexOf(min); (cuts[index] ?? Infinity) <= max; index++) mask |= 1n << BigInt(index);
    return mask;
  };
  return positions.map(({ ranges }) => bits(ranges));
}

function isAmbiguous({ positions, matchesEmpty }: Automaton): boolean {
  if (matchesEmpty) return false;
  const masks = masksOf(positions);
  // A match that comes by a final position succeeds, so it is not tried again.
  const follow = positions.map((position) => [...position.follow].filter((next) => positions[next]?.final !== true));
  const reachable = positions.map((_, from) => {
    const seen = new Set<number>();
    const pending = [from];
    for (let at; (at = pending.pop()) !== undefined;)
      for (const next of follow[at] ?? []) {
        if (seen.has(next)) continue;
        seen.add(next);
        pending.push(next);
      }
    return seen;
  });
  const loops = positions.flatMap(({ final }, index) =>
    !final && reachable[index]?.has(index) === true ? [index] : [],
  );
  const leads = (p: number, q: number): boolean => {
    const size = positions.length;
    const goal = (p * size + q) * size + q;
    const seen = new Set<number>();
    const pending = [[p, p, q] as const];
    for (let triple; (triple = pending.pop()) !== undefined;) {
      for (const a of follow[triple[0]] ?? []) {
        if (reachable[a]?.has(p) !== true && a !== p) continue;
        for (const b of follow[triple[1]] ?? []) {
          const both = (masks[a] ?? 0n) & (masks[b] ?? 0n);
          if (both === 0n || (reachable[b]?.has(q) !== true && b !== q)) continue;
          for (const c of follow[triple[2]] ?? []) {
            if ((both & (masks[c] ?? 0n)) === 0n || (reachable[c]?.has(q) !== true && c !== q)) continue;
            const key = (a * size + b) * size + c;
            if (key === goal) return true;
            if (seen.has(key)) continue;
            seen.add(key);
            pending.push([a, b, c]);
          }
        }
      }
    }
    return false;
  };
  return loops.some((p) => loops.some((q) => p !== q && reachable[p]?.has(q) === true && leads(p, q)));
}

/** @returns Why an expression can take more than linear time; undefined if it cannot. */
export function superLinear(source: string, flags: string): string | undefined {
  const [report] = analyse({ source, flags }).reports;
  if (report !== undefined) return `for a text that repeats ${JSON.stringify(report.character.pick)}`;
  const parser = JS.Parser.fromLiteral({ source, flags });
  const { expression } = parser.parse({ assertions: "parse", backreferences: "unknown" });
  const isSlow =
    isAmbiguous(new Automaton(expression, false)) ||
    (!flags.includes("y") && isAmbiguous(new Automaton(expression, true)));
  return isSlow ? "for a text that repeats a word" : undefined;
}
