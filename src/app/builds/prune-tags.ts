/** Temporary tags of killed clients as `prune` shows and removes them. */
import { RegistryClient } from "../../lib/registry/registry-client.ts";
import { removeTag } from "../../lib/registry/remove-tag.ts";
import { clauseOf } from "../../errors.ts";
import { registryOptions } from "../registry-options.ts";
import { TagRecords, stillThere } from "./left-tags.ts";
import type { LeftTags } from "./left-tags.ts";

/** For each answer of a registry. */
const REQUEST_TIMEOUT_MS = 10_000;

export interface LeftTag {
  readonly name: string;
  /** @returns whether it is gone */
  readonly remove: () => Promise<boolean>;
}

/**
 * The tags that killed clients of this user have left on this machine, as far as their registries still have them.
 * @param olderThan only tags that are at least this old, in milliseconds @param say told of a registry that does not answer
 */
export async function findLeftTags(
  olderThan: number,
  env: NodeJS.ProcessEnv,
  say: (line: string) => void,
  records: TagRecords = new TagRecords(),
): Promise<readonly LeftTag[]> {
  const left = records.left().filter(({ madeAt }) => Date.now() - madeAt >= olderThan);
  if (left.length === 0) return [];
  const { openStores } = await import("../../lib/credentials/stores.ts");
  const stores = await openStores(env);
  const found = await Promise.all(
    left.map(async ({ tags, registries, forget }: LeftTags): Promise<readonly LeftTag[]> => {
      const options = { ...registryOptions(registries, stores), timeout: REQUEST_TIMEOUT_MS };
      try {
        const there = await stillThere(tags, options);
        if (there.length === 0) forget();
        return there.map((tag) => ({
          name: tag.toString(),
          remove: () => removeTag(new RegistryClient(options), tag).catch(() => false),
        }));
      } catch (error) {
        say(`WARNING: temporary tags of a killed client may stay (${clauseOf(error)}): ${tags.join(", ")}`);
        return [];
      }
    }),
  );
  return found.flat();
}
