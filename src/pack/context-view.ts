/** The facts that `slipway context` prints. Reads what a build would read, and uses no cluster. */
import { lstatSync } from "node:fs";
import { posix, resolve } from "node:path";
import { parseIgnoreFile } from "../lib/dockerignore/dockerignore.ts";
import { surveyContext } from "./survey.ts";
import type { Survey } from "./survey.ts";
import { InvalidInput } from "../errors.ts";
import { decidePruning } from "./prune-context.ts";
import type { PruningDecision, PruningFacts } from "./prune-context.ts";
import { pathBelow } from "../lib/files/path-below.ts";
import { toBytes } from "../lib/files/path-bytes.ts";
import { isInTree } from "../lib/files/file-tree.ts";

export interface Explanation {
  readonly path: string;
  readonly sent: boolean;
  /** Reason, without the path. */
  readonly because: string;
}

export class ContextView {
  readonly root: string;
  readonly dockerfile: string;
  /** Undefined if there is no ignore file. */
  readonly ignoreName: string | undefined;
  readonly #inputs: PruningFacts;
  readonly #pruning: PruningDecision;
  readonly #signal: AbortSignal;

  private constructor(inputs: PruningFacts, pruning: PruningDecision, signal: AbortSignal) {
    this.#pruning = pruning;
    this.root = inputs.context.root;
    this.dockerfile = inputs.dockerfile.path;
    this.ignoreName =
      inputs.context.ignoreFile === undefined ? undefined : (inputs.context.ignoreName ?? ".dockerignore");
    this.#inputs = inputs;
    this.#signal = signal;
  }

  /** @throws InvalidInput, as packing does. */
  static async open(inputs: PruningFacts, signal: AbortSignal): Promise<ContextView> {
    return new ContextView(inputs, await decidePruning(inputs, undefined, undefined, signal), signal);
  }

  /** Why this part of the context is sent, in lines. */
  get scope(): string[] {
    const pruning = this.#pruning;
    if (pruning.kind === "everything") return [`everything that is not ignored: ${pruning.because}`];
    const lines = ["only files that COPY and ADD use (--send-all: everything)"];
    if (pruning.bases.length === 0) return lines;
    return [...lines, `if the build finds that ${pruning.bases.join(" and ")} has no ONBUILD triggers`];
  }

  /** @throws InvalidInput, as packing does. */
  survey(heaviest: number, onPath?: (path: Buffer) => void): Promise<Survey> {
    const filter = this.#pruning.kind === "pruned" ? this.#pruning.paths : undefined;
    return surveyContext({ ...this.#inputs.context, filter, signal: this.#signal }, heaviest, onPath);
  }

  /**
   * Explains why a path is sent or not.
   * @param asked Relative to the context, or absolute and inside it.
   * @throws InvalidInput for a path outside of the context.
   */
  explain(asked: string): Explanation {
    const { tree } = this.#inputs.context;
    const path =
      tree === undefined
        ? pathBelow(this.root, resolve(this.root, asked))
        : pathBelow("/tree", posix.join("/tree", asked), posix);
    if (path === undefined || path === "") {
      throw new InvalidInput(`--explain ${asked} is ${path === "" ? "the context itself" : "outside of the context"}`, {
        suggestions: [
          `Give a path inside ${this.root}, relative to ${tree === undefined ? "that directory" : "its root"}.`,
        ],
      });
    }
    const { excluded, line, text, matched } = parseIgnoreFile(this.#inputs.context.ignoreFile, this.ignoreName).explain(
      path,
    );
    const sent = !excluded;
    const absent = this.#isThere(path) ? "" : " (the file does not exist)";
    if (sent && this.#pruning.kind === "pruned" && !this.#pruning.paths.covers(toBytes(path))) {
      return { path, sent: false, because: `no COPY or ADD of ${this.dockerfile} uses it${absent}` };
    }
    if (this.ignoreName === undefined) return { path, sent, because: `there is no .dockerignore${absent}` };
    if (line === undefined) return { path, sent, because: `no rule of ${this.ignoreName} matches it${absent}` };
    const through = matched === path ? "" : `, which matches ${matched}`;
    return { path, sent, because: `${this.ignoreName} line ${line}: ${text?.trim()}${through}${absent}` };
  }

  #isThere(path: string): boolean {
    const { tree } = this.#inputs.context;
    if (tree === undefined) return lstatSync(resolve(this.root, path), { throwIfNoEntry: false }) !== undefined;
    return isInTree(tree, toBytes(path));
  }
}
