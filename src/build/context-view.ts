/** What `slipway context` tells: it reads what a build would read, and asks no cluster. */
import { lstatSync } from "node:fs";
import { relative, resolve } from "node:path";
import { parseIgnoreFile } from "../context/dockerignore.ts";
import { surveyContext } from "../context/survey.ts";
import type { Survey } from "../context/survey.ts";
import { UsageError } from "../errors.ts";
import type { ContextInputs } from "./gather.ts";

export interface Explanation {
  readonly path: string;
  readonly sent: boolean;
  /** The rest of a sentence that begins with the path. */
  readonly because: string;
}

export class ContextView {
  readonly root: string;
  readonly dockerfile: string;
  /** Undefined when there is none. */
  readonly ignoreName: string | undefined;
  readonly #inputs: ContextInputs;
  readonly #signal: AbortSignal;

  constructor(inputs: ContextInputs, signal: AbortSignal) {
    this.root = inputs.context.root;
    this.dockerfile = inputs.dockerfile.path;
    this.ignoreName =
      inputs.context.ignoreFile === undefined ? undefined : (inputs.context.ignoreName ?? ".dockerignore");
    this.#inputs = inputs;
    this.#signal = signal;
  }

  /** @throws UsageError as packing would. */
  survey(heaviest: number, onPath?: (path: Buffer) => void): Promise<Survey> {
    return surveyContext({ ...this.#inputs.context, signal: this.#signal }, heaviest, onPath);
  }

  /**
   * Why a path is sent or not.
   * @param asked Relative to the context, or absolute and within it.
   * @throws UsageError for one outside the context.
   */
  explain(asked: string): Explanation {
    const path = relative(this.root, resolve(this.root, asked));
    if (path === "" || path === ".." || path.startsWith("../")) {
      throw new UsageError(`--explain ${asked} is ${path === "" ? "the context itself" : "outside the context"}`, {
        suggestions: [`Name something below ${this.root}, as it is called from there.`],
      });
    }
    const { excluded, line, text, matched } = parseIgnoreFile(this.#inputs.context.ignoreFile, this.ignoreName).explain(
      path,
    );
    const sent = !excluded;
    const there = lstatSync(resolve(this.root, path), { throwIfNoEntry: false });
    const absent = there === undefined ? " (no such file now)" : "";
    if (this.ignoreName === undefined) return { path, sent, because: `there is no .dockerignore${absent}` };
    if (line === undefined) return { path, sent, because: `no rule of ${this.ignoreName} matches it${absent}` };
    const through = matched === path ? "" : `, which matches ${matched}`;
    return { path, sent, because: `${this.ignoreName} line ${line}: ${text?.trim()}${through}${absent}` };
  }
}
