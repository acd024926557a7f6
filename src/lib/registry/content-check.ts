/**
 * A registry stores manifests and blobs by the digest of their bytes (OCI distribution-spec 1.1, "Pull"). What it sends for a digest is
 * believed only if it has this digest, whichever server sent it.
 */
import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { BuildFailed } from "../../errors.ts";
import { isDigest } from "../image/reference.ts";

/** A registry sent other bytes than the digest names. */
export class WrongContent extends BuildFailed {}

/** What one request reads. */
interface Content {
  readonly registry: string;
  readonly repository: string;
  /** Below the repository: `blobs/sha256:…`. */
  readonly path: string;
  /** Bytes, as the descriptor says. */
  readonly size?: number | undefined;
}

/** Compares the bytes of one answer with the digest in its path, while they arrive. */
export class ContentCheck {
  readonly #name: string;
  readonly #digest: string;
  readonly #size: number | undefined;
  readonly #sum: Hash;
  #bytes = 0;
  #isWhole = false;

  private constructor(name: string, digest: string, size: number | undefined) {
    this.#name = name;
    this.#digest = digest;
    this.#size = size;
    this.#sum = createHash(digest.split(":", 1)[0] ?? "");
  }

  /**
   * Undefined for what is not stored by a digest: a tag, a list.
   * @throws WrongContent for a blob or a manifest that is named neither by a digest nor by a tag
   */
  static of({ registry, repository, path, size }: Content): ContentCheck | undefined {
    const slash = path.indexOf("/");
    const [kind, name] = [path.slice(0, slash), path.slice(slash + 1)];
    const isTag = kind === "manifests" && !name.includes(":");
    if (isTag || (kind !== "manifests" && kind !== "blobs")) return undefined;
    if (isDigest(name)) return new ContentCheck(`${registry}/${repository}@${name}`, name, size);
    throw new WrongContent(`${registry}/${repository} refers to ${JSON.stringify(name)}, which is not a digest`);
  }

  /** The same bytes. Fails after the last one if they are others than the digest names. @throws WrongContent */
  async *passing(body: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
    for await (const chunk of body) {
      this.#take(chunk);
      yield chunk;
    }
    this.#end();
  }

  /** @throws WrongContent */
  check(whole: Uint8Array): void {
    this.#take(whole);
    this.#end();
  }

  /** @throws WrongContent if the bytes were not read to their end: nobody has compared them */
  expectWhole(): void {
    if (!this.#isWhole) throw new WrongContent(`${this.#name} has data after the end of what it holds`);
  }

  #take(chunk: Uint8Array): void {
    this.#sum.update(chunk);
    this.#bytes += chunk.length;
    if (this.#size !== undefined && this.#bytes > this.#size) this.#refuse(`it has more than ${this.#size} bytes`);
  }

  #end(): void {
    this.#isWhole = true;
    const digest = `${this.#digest.split(":", 1)[0]}:${this.#sum.digest("hex")}`;
    if (digest !== this.#digest) this.#refuse(`its digest is ${digest}`);
    if (this.#size !== undefined && this.#bytes !== this.#size) {
      this.#refuse(`it has ${this.#bytes} bytes, not ${this.#size}`);
    }
  }

  #refuse(how: string): never {
    throw new WrongContent(`the registry sent other content than ${this.#name}: ${how}`);
  }
}
