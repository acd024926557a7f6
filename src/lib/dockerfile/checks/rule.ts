/** What a check is: a row of the table in checks.ts. */
import type { Dockerfile, Instruction } from "../parse.ts";

export interface Place {
  /** 1-based, first and last. */
  readonly line: number;
  readonly endLine: number;
}

export interface Finding extends Place {
  /** The name docker has for the check. */
  readonly rule: string;
  readonly detail: string;
}

/** A Dockerfile as the checks see it. */
export interface Checked {
  readonly dockerfile: Dockerfile;
  /** Its lines, as written. */
  readonly rows: readonly string[];
}

export interface Found extends Place {
  readonly detail: string;
  /** Of several words of one instruction, which: what is found in the first is said first. */
  readonly word?: number;
}

export type Find = (checked: Checked) => Generator<Found>;

export interface Rule {
  /** Docker's one sentence, which the JSON answer carries. */
  readonly description: string;
  /** Why it matters, in sentences: docs/reference/checks.md. */
  readonly why: string;
  /** A Dockerfile it has something to say about, and one that does the same without. */
  readonly bad: string;
  readonly good: string;
  /**
   * `file`: about the file as a whole, where a `# check=skip=…` above an instruction does not count. `build`: only in stages that are
   * built. Else about any instruction.
   */
  readonly scope?: "file" | "build";
  /** Made only where it is asked for. */
  readonly experimental?: boolean;
  readonly find: Find;
}

export function found(detail: string, { line, endLine }: Place, word = 0): Found {
  return { detail, line, endLine, word };
}

/** An instruction's keyword, as it is typed. */
export function typedKeyword(rows: readonly string[], { line }: Instruction): string {
  return /^\s*(\S+)/.exec(rows[line - 1] ?? "")?.[1] ?? "";
}
