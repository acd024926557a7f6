/**
 * The recorded outcomes of the real docker (recorded/SUITE.json), and the comparison of other outcomes with them. With
 * CONTRACT_RECORD, docker itself is the command under test, and its outcomes are written to the files: `make contract-record`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Outcome } from "./outcome.ts";

/** The versions of the programs that are recorded, as JSON; undefined without recording. */
const RECORDED_VERSIONS = process.env["CONTRACT_RECORD"];

export const isRecording = RECORDED_VERSIONS !== undefined;

/** A use that docker cannot run on the test cluster. */
export interface Unrecordable {
  readonly args: readonly string[];
  /** The reason. */
  readonly cannot: string;
}

export type Outcomes = readonly (Outcome | Unrecordable)[];

/** The recording of one suite. */
export class Recording {
  readonly #file: URL;
  readonly #versions: Readonly<Record<string, string>>;
  readonly #cases: ReadonlyMap<string, Outcomes>;
  readonly #recorded = new Map<string, Outcomes>();

  /** @throws Error if there is no such file, except while recording */
  constructor(suite: string) {
    this.#file = new URL(`recorded/${suite}.json`, import.meta.url);
    const { of, cases } = read(this.#file);
    this.#versions = of;
    this.#cases = new Map(Object.entries(cases));
  }

  get names(): string[] {
    return [...this.#cases.keys()];
  }

  outcomesOf(name: string): Outcomes {
    return this.#cases.get(name) ?? [];
  }

  keep(name: string, outcomes: Outcomes): void {
    this.#recorded.set(name, outcomes);
  }

  /** Writes the file. @param names all cases of the suite: other cases in the file are removed */
  write(names: readonly string[]): void {
    const cases = names.flatMap((name) => {
      const outcomes = this.#recorded.get(name) ?? this.#cases.get(name);
      return outcomes === undefined ? [] : [[name, outcomes] as const];
    });
    const of = RECORDED_VERSIONS === undefined ? this.#versions : (JSON.parse(RECORDED_VERSIONS) as object);
    writeFileSync(this.#file, `${JSON.stringify({ of, cases: Object.fromEntries(cases) }, undefined, 2)}\n`);
  }

  /** Compares a case with docker. @returns the differences, one per line, in the form of differences.ts */
  differences(name: string, outcomes: Outcomes): string[] {
    const docker = this.#cases.get(name);
    if (docker === undefined) return [`${name}: not recorded, see make contract-record`];
    const runs = Math.max(docker.length, outcomes.length);
    return Array.from({ length: runs }, (_, at) => {
      const run = runs === 1 ? name : `${name} ${at + 1}`;
      const [theirs, ours] = [docker[at], outcomes[at]];
      return differ(theirs, mayBeSilent(theirs, ours)).map((line) => `${run}: ${line}`);
    }).flat();
  }
}

function read(file: URL): { of: Record<string, string>; cases: Record<string, Outcomes> } {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as { of: Record<string, string>; cases: Record<string, Outcomes> };
  } catch (error) {
    if (isRecording && (error as NodeJS.ErrnoException).code === "ENOENT") return { of: {}, cases: {} };
    throw error;
  }
}

/** Slipway's progress may be empty where docker prints text, unless a run fails without an answer on standard output. */
function mayBeSilent(theirs: Outcomes[number] | undefined, ours: Outcomes[number] | undefined) {
  const isSilent =
    ours !== undefined && "stderr" in ours && ours.stderr === "empty" && (ours.code === 0 || hasAnswer(ours));
  const wasText = theirs !== undefined && "stderr" in theirs && theirs.stderr === "text";
  return isSilent && wasText ? { ...ours, stderr: "text" } : ours;
}

function hasAnswer({ stdout }: Outcome): boolean {
  return !Array.isArray(stdout) || stdout.some((line) => line !== "");
}

/** Compares two JSON values leaf by leaf. @returns one line per difference; only the first differing line of a text */
export function differ(theirs: unknown, ours: unknown, path = ""): string[] {
  if (isText(theirs) && isText(ours)) {
    const at = Array.from(theirs.length > ours.length ? theirs : ours).findIndex(
      (_, line) => theirs[line] !== ours[line],
    );
    if (at === -1) return [];
    const lines = theirs.length === ours.length ? "" : ` (${ours.length} lines, docker's ${theirs.length})`;
    return [`${path} has in line ${at + 1} ${leaf(ours[at])}, docker's ${leaf(theirs[at])}${lines}`];
  }
  if (isTree(theirs) && isTree(ours)) {
    const keys = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])];
    return keys.flatMap((key) => differ(theirs[key], ours[key], path === "" ? key : `${path} > ${key}`));
  }
  const [was, is] = [leaf(theirs), leaf(ours)];
  return was === is ? [] : [`${path} is ${is}, docker's ${was}`];
}

function isText(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((item) => typeof item === "string");
}

function isTree(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}

function leaf(value: unknown): string {
  return value === undefined ? "nothing" : JSON.stringify(value);
}
