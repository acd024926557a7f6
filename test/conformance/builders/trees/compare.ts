/** Builds the one Dockerfile with all five and compares the images with BuildKit's, which is what docker builds with. */
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import type { BuilderName } from "../../../../src/plan/builder-names.ts";
import type { Benches } from "../bench.ts";
import { imageOf } from "../suite.ts";
import { RICH } from "./dockerfile.ts";
import { compareTrees, treeOf } from "./tree.ts";
import type { Tree, TreeDifference } from "./tree.ts";

export const REFERENCE: BuilderName = "buildkit";

/** By builder, but for the reference. */
export type Comparison = Readonly<Record<string, readonly TreeDifference[]>>;

/**
 * @param atOnce builds side by side
 * @throws Error for a builder that does not build it
 */
export async function compareBuilders(benches: Benches, atOnce: number): Promise<Comparison> {
  const trees = new Map<BuilderName, Tree>();
  const left: BuilderName[] = [...BUILDER_NAMES];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let builder = left.shift(); builder !== undefined; builder = left.shift()) {
        trees.set(builder, treeOf(await imageOf(RICH, benches.of(builder))));
      }
    }),
  );
  const expected = trees.get(REFERENCE) ?? new Map<string, string>();
  return Object.fromEntries(
    BUILDER_NAMES.filter((name) => name !== REFERENCE).map((name) => [
      name,
      compareTrees(expected, trees.get(name) ?? new Map<string, string>()),
    ]),
  );
}
