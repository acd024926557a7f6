/**
 * Temporary tags of builds for several platforms whose client was killed before it could remove them. Each client writes down its own, and
 * removes the record at the end. So a record of a client that does not run any more is the proof for its tags: names in a registry, and
 * annotations of Jobs, can be anybody's.
 */
import { randomUUID } from "node:crypto";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseReference } from "../../lib/image/reference.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { trustedStateDirectory } from "../../lib/files/cache-directory.ts";
import { hasEnded, ownMark } from "../../lib/files/process-mark.ts";
import type { ProcessMark } from "../../lib/files/process-mark.ts";
import { readRegularFileSync } from "../../lib/files/regular-file.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";
import { RegistryClient } from "../../lib/registry/registry-client.ts";
import type { RegistryOptions } from "../../lib/registry/registry-client.ts";
import { removeTag } from "../../lib/registry/remove-tag.ts";
import { readTagDigest } from "../../lib/registry/tag-digest.ts";

/** How the tags' registries are asked. */
export interface TagRegistries {
  readonly insecure: readonly string[];
  readonly ca?: string | undefined;
}

interface TagRecord {
  readonly tags: readonly string[];
  readonly registries: TagRegistries;
  readonly client: ProcessMark;
  /** Milliseconds since 1970. */
  readonly madeAt: number;
  /** Until then a pod of the build may still push: it keeps running without its client. */
  readonly pushesUntil: number;
}

/** A build may wait in a queue before its time limit begins. */
const QUEUE_MS = 24 * 3600 * 1000;
/** Then a registry that does not answer is not asked again. */
const MAX_AGE_MS = 30 * 24 * 3600 * 1000;

/** The tags of one client that was killed. */
export interface LeftTags {
  readonly tags: readonly Reference[];
  readonly registries: TagRegistries;
  readonly madeAt: number;
  /** Removes the record if the builds have ended; else another tag may come, and the record stays. */
  readonly forget: () => void;
}

export class TagRecords {
  readonly #directory: string | undefined;
  readonly #client: ProcessMark;

  /** @param client stands in the records that are made */
  constructor(state: string | undefined = trustedStateDirectory(), client: ProcessMark = ownMark()) {
    this.#directory = state === undefined ? undefined : join(state, "temporary-tags");
    this.#client = client;
  }

  /** Writes down the tags of this process. Never throws: without a record, nobody removes them later. @returns removes the record */
  add(tags: readonly Reference[], registries: TagRegistries, timeoutSeconds: number): () => void {
    if (this.#directory === undefined || tags.length === 0) return () => {};
    const path = join(this.#directory, `${randomUUID()}.json`);
    const madeAt = Date.now();
    const record: TagRecord = {
      tags: tags.map(String),
      registries: { insecure: registries.insecure, ...omitUndefined({ ca: registries.ca }) },
      client: this.#client,
      madeAt,
      pushesUntil: madeAt + timeoutSeconds * 1000 + QUEUE_MS,
    };
    try {
      makeTrustedDirectory(this.#directory);
      replaceFile(path, JSON.stringify(record), { mode: 0o600 });
    } catch {
      // For example a read-only home directory.
    }
    return () => rmSync(path, { force: true });
  }

  /** The tags of clients that certainly do not run any more. */
  left(now: number = Date.now()): LeftTags[] {
    return this.#files().flatMap((path) => {
      const record = readRecord(path);
      if (record === undefined || !isLeft(record, now)) return [];
      const { registries, madeAt, pushesUntil } = record;
      const forget = (): void => {
        if (now > pushesUntil) rmSync(path, { force: true });
      };
      if (now > madeAt + MAX_AGE_MS) forget();
      return [{ tags: record.tags.map((tag) => parseReference(tag)), registries, madeAt, forget }];
    });
  }

  #files(): string[] {
    if (this.#directory === undefined) return [];
    const directory = this.#directory;
    try {
      return readdirSync(directory).flatMap((name) => (name.endsWith(".json") ? [join(directory, name)] : []));
    } catch {
      // No build for several platforms has run here.
      return [];
    }
  }
}

/** A client of another machine has ended when its build has: nothing can be seen of the process. */
function isLeft({ client, pushesUntil }: TagRecord, now: number): boolean {
  return hasEnded(client) || now > pushesUntil;
}

function readRecord(path: string): TagRecord | undefined {
  try {
    return JSON.parse(readRegularFileSync(path).toString()) as TagRecord;
  } catch {
    // Another client has just removed it.
    return undefined;
  }
}

/** Those of the tags that their registry has. @throws RegistryError if it does not answer */
export async function stillThere(tags: readonly Reference[], options: RegistryOptions): Promise<readonly Reference[]> {
  const found = await Promise.all(
    tags.map(async (tag) => ((await readTagDigest(tag, options)) === undefined ? [] : [tag])),
  );
  return found.flat();
}

/**
 * Removes what killed clients have left in these repositories. A registry that does not answer, or removes nothing, is asked again next time.
 * @param repositories names without a tag @returns the tags that were removed. Never throws
 */
export async function removeLeftTags(
  records: TagRecords,
  repositories: ReadonlySet<string>,
  options: RegistryOptions,
): Promise<readonly Reference[]> {
  const removed = records.left().map(async ({ tags, forget }): Promise<readonly Reference[]> => {
    const own = tags.filter(({ name }) => repositories.has(name));
    if (own.length === 0) return [];
    try {
      const client = new RegistryClient(options);
      const there = await stillThere(own, options);
      const gone = await Promise.all(there.map((tag) => removeTag(client, tag)));
      if (own.length === tags.length && !gone.includes(false)) forget();
      return there.filter((_, index) => gone[index]);
    } catch {
      return [];
    }
  });
  return (await Promise.all(removed)).flat();
}
