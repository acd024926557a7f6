/** Both answers to a case: ours, and that of fsutil's walk in the Go program beside this file. */
import { execFileSync, spawn, type ChildProcessByStdio } from "node:child_process";
import { rmSync, type Stats } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { parseIgnoreFile } from "../../../src/lib/dockerignore/dockerignore.ts";
import type { ContextTree } from "../../../src/pack/tree.ts";
import { walkContext } from "../../../src/pack/walk.ts";
import { InvalidInput } from "../../../src/errors.ts";
import type { ConformanceCase } from "./cases.ts";

/** Paths sent, in order; or that the ignore file was refused, and why. */
export interface Answer {
  readonly paths: readonly string[] | null;
  readonly error?: string;
}

/** @throws any error that is not a refusal: a bug */
export function answerOurs({ ignore, tree }: ConformanceCase): Answer {
  try {
    const rules = parseIgnoreFile(Buffer.from(ignore, "latin1"));
    const paths: string[] = [];
    for (const entry of walkContext(new ListedTree(tree), rules, () => {})) {
      if (entry !== undefined) paths.push(entry.path);
    }
    return { paths };
  } catch (error) {
    if (error instanceof InvalidInput) return { paths: null, error: error.message };
    throw error;
  }
}

export function isEqual(ours: Answer, theirs: Answer): boolean {
  if (theirs.error !== undefined || ours.error !== undefined)
    return (theirs.error === undefined) === (ours.error === undefined);
  return JSON.stringify(ours.paths) === JSON.stringify(theirs.paths);
}

class ListedTree implements ContextTree {
  readonly #children = new Map<string, string[]>([["", []]]);

  constructor(tree: readonly string[]) {
    for (const listed of tree) {
      const whole = listed.replace(/\/$/, "");
      const slash = whole.lastIndexOf("/");
      if (listed !== whole) this.#children.set(whole, []);
      this.#children.get(whole.slice(0, Math.max(slash, 0)))?.push(whole.slice(slash + 1));
    }
  }

  names(directory: string): string[] {
    // Not in the order of the walk: sorting is part of what is compared.
    return (this.#children.get(directory) ?? []).toReversed();
  }

  stat(path: string): Stats {
    const isDirectory = this.#children.has(path);
    return { isDirectory: () => isDirectory, isFile: () => !isDirectory } as Stats;
  }

  target(): string {
    throw new Error("no symlinks here");
  }
}

/** The Go program, built on first use (Go's build cache makes that a fraction of a second from then on) and asked in batches. */
export class GoWalker implements Disposable {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #lines: AsyncIterator<string>;

  /** @param disk Also make every tree on disk, to hold the program's own tree against the real one. */
  constructor(disk: boolean) {
    const program = path.join(tmpdir(), `slipway-context-walker-${process.pid}`);
    execFileSync("go", ["build", "-o", program, "."], {
      cwd: path.join(import.meta.dirname, "walker"),
      stdio: ["ignore", "inherit", "inherit"],
    });
    this.#process = spawn(program, disk ? ["-disk"] : [], { stdio: ["pipe", "pipe", "inherit"] });
    rmSync(program);
    this.#lines = createInterface(this.#process.stdout)[Symbol.asyncIterator]();
  }

  async answer(cases: readonly ConformanceCase[]): Promise<Answer[]> {
    this.#process.stdin.write(`${cases.map((one) => JSON.stringify(one)).join("\n")}\n\n`);
    const answers: Answer[] = [];
    while (answers.length < cases.length) {
      const line = await this.#lines.next();
      if (line.done === true) throw new Error("the Go walker ended early");
      answers.push(JSON.parse(line.value) as Answer);
    }
    return answers;
  }

  [Symbol.dispose](): void {
    this.#process.stdin.end();
  }
}
