import type { WalkFilter } from "./walk.ts";

/** Certain paths and the directories above them, and nothing else: what is below a chosen directory has to be chosen itself. */
export class ChosenPaths implements WalkFilter {
  readonly #chosen = new Set<string>();

  /** @param paths Byte strings. */
  constructor(paths: Iterable<string>) {
    for (const path of paths) {
      this.#chosen.add(path);
      for (let at = path.indexOf("/"); at >= 0; at = path.indexOf("/", at + 1)) this.#chosen.add(path.slice(0, at));
    }
  }

  decide(path: string): "one" | "none" {
    return this.#chosen.has(path) ? "one" : "none";
  }
}
