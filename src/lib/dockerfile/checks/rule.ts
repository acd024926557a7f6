/** Types of a check, which is a row of the table in rules.ts. */
import type { Dockerfile, Instruction } from "../parse.ts";

export interface LineRange {
  /** First line, 1-based; `endLine` is the last one. */
  readonly line: number;
  readonly endLine: number;
}

export interface Finding extends LineRange {
  /** Docker's name of the check. */
  readonly rule: string;
  readonly detail: string;
}

/** A Dockerfile as the checks see it. */
export interface Checked {
  readonly dockerfile: Dockerfile;
  /** The lines of the file, as written. */
  readonly rows: readonly string[];
}

export interface Found extends LineRange {
  readonly detail: string;
  /** Index of the word in the instruction. Findings of one line are sorted by it. */
  readonly word?: number;
}

export type Find = (checked: Checked) => Generator<Found>;

export interface Rule {
  /** Docker's one-sentence description, which the JSON output contains. */
  readonly description: string;
  /** Why it matters, for docs/reference/checks.md. */
  readonly why: string;
  /** A Dockerfile that the check reports, and an equivalent one (`good`) that it does not. */
  readonly bad: string;
  readonly good: string;
  /**
   * `file`: looks at the whole file, and ignores a `# check=skip=…` above an instruction. `build`: only looks at stages that are
   * built. Absent: looks at every instruction.
   */
  readonly scope?: "file" | "build";
  /** Runs only if the user enables it. */
  readonly experimental?: boolean;
  readonly find: Find;
}

export function found(detail: string, { line, endLine }: LineRange, word = 0): Found {
  return { detail, line, endLine, word };
}

/** The keyword of an instruction, as typed. */
export function typedKeyword(rows: readonly string[], { line }: Instruction): string {
  return /^\s*(\S+)/.exec(rows[line - 1] ?? "")?.[1] ?? "";
}
