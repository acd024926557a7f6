/** The tags under which builders push the images of single platforms. They go when the build ends, however it ends. */
import { clauseOf } from "../../../errors.ts";
import type { Emit } from "../../../events.ts";
import type { Reference } from "../../../lib/image/reference.ts";
import type { RegistryClient } from "../../../lib/registry/registry-client.ts";
import { removeTag } from "../../../lib/registry/remove-tag.ts";

export class TemporaryTags {
  readonly #openClient: () => RegistryClient;
  readonly #emit: Emit;
  #tags: readonly Reference[];

  /** @param openClient opens a client that outlives the build's signal */
  constructor(tags: readonly Reference[], openClient: () => RegistryClient, emit: Emit) {
    this.#tags = tags;
    this.#openClient = openClient;
    this.#emit = emit;
  }

  /** Removes all of them. The second call does nothing. Tells once which ones stay. Never throws. */
  async remove(): Promise<void> {
    const tags = this.#tags;
    this.#tags = [];
    if (tags.length === 0) return;
    const client = this.#openClient();
    let reason = "the registry does not remove tags";
    const stay = await Promise.all(
      tags.map(async (tag) => {
        const isGone = await removeTag(client, tag).catch((error: unknown) => {
          reason = clauseOf(error);
          return false;
        });
        return isGone ? [] : [tag];
      }),
    );
    const left = stay.flat();
    if (left.length === 0) return;
    const [noun, them] = left.length === 1 ? ["the temporary tag", "it"] : ["temporary tags", "them"];
    this.#emit({
      type: "warning",
      message: `${noun} of this build stay${left.length === 1 ? "s" : ""}: ${left.join(", ")} (${reason})`,
      suggestions: [`You can remove ${them} in the registry's own interface: the image does not need ${them}.`],
    });
  }
}
