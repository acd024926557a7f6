/**
 * What the real docker did in each case, as recorded/SUITE.json has it, and what comes of holding a look-alike against it. With
 * CONTRACT_RECORD the command under test is docker itself, and the files are written: `make contract-record`.
 */
import { readFileSync, writeFileSync } from "node:fs";
import type { Outcome } from "./outcome.ts";

/** The versions of the programs that are being recorded, as JSON. */
const RECORDED_OF = process.env["CONTRACT_RECORD"];

export const isRecording = RECORDED_OF !== undefined;

/** A use that says nothing of docker's contract on the test cluster. */
export interface Unrecordable {
  readonly args: readonly string[];
  /** Why. */
  readonly cannot: string;
}

export type Outcomes = readonly (Outcome | Unrecordable)[];

export class Recording {
  readonly #file: URL;
  readonly #of: Readonly<Record<string, string>>;
  readonly #cases: ReadonlyMap<string, Outcomes>;
  readonly #fresh = new Map<string, Outcomes>();

  /** @throws Error where there is no such file, unless one is being made. */
  constructor(suite: string) {
    this.#file = new URL(`recorded/${suite}.json`, import.meta.url);
    const { of, cases } = read(this.#file);
    this.#of = of;
    this.#cases = new Map(Object.entries(cases));
  }

  get names(): string[] {
    return [...this.#cases.keys()];
  }

  outcomesOf(name: string): Outcomes {
    return this.#cases.get(name) ?? [];
  }

  keep(name: string, outcomes: Outcomes): void {
    this.#fresh.set(name, outcomes);
  }

  /** @param names all cases there are: what else the file has is left out */
  write(names: readonly string[]): void {
    const cases = names.flatMap((name) => {
      const outcomes = this.#fresh.get(name) ?? this.#cases.get(name);
      return outcomes === undefined ? [] : [[name, outcomes] as const];
    });
    const of = RECORDED_OF === undefined ? this.#of : (JSON.parse(RECORDED_OF) as object);
    writeFileSync(this.#file, `${JSON.stringify({ of, cases: Object.fromEntries(cases) }, undefined, 2)}\n`);
  }

  /** The differences of a case from docker, one per line, as differences.ts lists them. */
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

/** Docker's progress output need not be the same. Only a failure has to print something. */
function mayBeSilent(theirs: Outcomes[number] | undefined, ours: Outcomes[number] | undefined) {
  const isSilent =
    ours !== undefined && "stderr" in ours && ours.stderr === "empty" && (ours.code === 0 || hasAnswer(ours));
  const wasText = theirs !== undefined && "stderr" in theirs && theirs.stderr === "text";
  return isSilent && wasText ? { ...ours, stderr: "text" } : ours;
}

function hasAnswer({ stdout }: Outcome): boolean {
  return !Array.isArray(stdout) || stdout.some((line) => line !== "");
}

/** Leaf by leaf; of a text only the first line that differs. */
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
