/**
 * Knows that a build has succeeded before the cluster does: the kubelet notices an ended container up to a second late. The builder's log
 * only says when to ask. The registry decides: each tag now has to be the digest that the log names, and has to have been another one, or
 * none, before the build. In any doubt nothing happens here, and the container's end decides.
 */
import type { V1Pod } from "@kubernetes/client-node";
import { parseReference } from "../../lib/image/reference.ts";
import type { Reference } from "../../lib/image/reference.ts";
import type { PodState } from "./pod-state.ts";

/**
 * The digest that a tag has in its registry, or undefined if the registry says that there is no such tag. Rejects if that is not known.
 * Aborted when nobody needs the answer.
 */
export type AskTag = (tag: Reference, signal: AbortSignal) => Promise<string | undefined>;

export interface PushedTagsOptions {
  /** At least one. */
  readonly tags: readonly Reference[];
  readonly ask: AskTag;
  /** Reads a line in which the builder reports an image as pushed: `NAME[:TAG]@DIGEST`. */
  readonly readPushed: (line: string) => string | undefined;
  readonly signal: AbortSignal;
}

export class PushedTags {
  readonly #options: PushedTagsOptions;
  readonly #names: ReadonlySet<string>;
  readonly #certain = Promise.withResolvers<string>();
  /** What each tag was before the build, in the order of the tags. */
  #before: Promise<readonly (string | undefined)[]> | undefined;
  /** The digests that the log names, one for each image that it reports as pushed under one of the names. */
  readonly #named: string[] = [];
  #isOver = false;

  constructor(options: PushedTagsOptions) {
    this.#options = options;
    this.#names = new Set(options.tags.map(({ name }) => name));
  }

  /** The digest of the image, once it is certain that it is pushed under every tag. Never rejects; may never resolve. */
  get certain(): Promise<string> {
    return this.#certain.promise;
  }

  /** The pod has changed. Asks what the tags are before its builder runs; what the pod itself says of its end comes first. */
  observe({ kind }: PodState, { spec }: V1Pod): void {
    // Other containers are ended after the builder's, which the pod's status shows.
    if (kind === "ended" || kind === "failed" || (spec?.containers.length ?? 0) > 1) this.#isOver = true;
    if (this.#isOver || this.#before !== undefined) return;
    // An answer that comes after the push is the new digest, and then nothing is certain.
    this.#before = this.#askAll();
    this.#before.catch(() => {});
  }

  /** @param line of the log, as the builder wrote it */
  read(line: string): void {
    const { readPushed, tags } = this.#options;
    const pushed = this.#isOver ? undefined : readPushed(line);
    if (pushed === undefined) return;
    const image = referenceOf(pushed);
    if (image?.digest === undefined || !this.#names.has(image.name)) return;
    this.#named.push(image.digest);
    if (this.#named.length === tags.length) void this.#decide(image.digest).catch(() => {});
  }

  async #decide(digest: string): Promise<void> {
    const isTheOnlyOne = (): boolean => this.#named.every((named) => named === digest);
    const before = (await this.#before) ?? [];
    const isNew = before.length === this.#options.tags.length && before.every((was) => was !== digest);
    if (!isNew || !isTheOnlyOne()) return;
    const now = await this.#askAll();
    if (now.every((is) => is === digest) && isTheOnlyOne() && !this.#isOver) this.#certain.resolve(digest);
  }

  #askAll(): Promise<readonly (string | undefined)[]> {
    const { tags, ask, signal } = this.#options;
    return Promise.all(tags.map((tag) => ask(tag, signal)));
  }
}

function referenceOf(text: string): Reference | undefined {
  try {
    return parseReference(text);
  } catch {
    return undefined;
  }
}
