/** Builds the one Dockerfile with all five builders, and with a kept one, and compares the images with BuildKit's, which is what docker builds with. */
import type { Benches } from "../bench.ts";
import type { Way } from "../columns.ts";
import { imageOf } from "../suite.ts";
import { RICH } from "./dockerfile.ts";
import { compareTrees, treeOf } from "./tree.ts";
import type { Tree, TreeDifference } from "./tree.ts";

export const REFERENCE: Way = "buildkit";

/** By builder, but for the reference. */
export type Comparison = Readonly<Record<string, readonly TreeDifference[]>>;

/**
 * @param ways those to compare; the reference is built in any case
 * @param atOnce builds side by side
 * @throws Error for a builder that does not build it
 */
export async function compareBuilders(benches: Benches, ways: readonly Way[], atOnce: number): Promise<Comparison> {
  const compared = ways.filter((way) => way !== REFERENCE);
  const trees = new Map<Way, Tree>();
  const left: Way[] = [REFERENCE, ...compared];
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let builder = left.shift(); builder !== undefined; builder = left.shift()) {
        trees.set(builder, treeOf(await imageOf(RICH, benches.of(builder))));
      }
    }),
  );
  const expected = trees.get(REFERENCE) ?? new Map<string, string>();
  return Object.fromEntries(
    compared.map((name) => [name, compareTrees(expected, trees.get(name) ?? new Map<string, string>())]),
  );
}
