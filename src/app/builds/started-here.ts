/**
 * Records which builds this user started on this machine. A label does not prove who started a build, because everyone who may
 * create Jobs can write it. The uid of the build's Job does: the API server chose it, and this client received it. What the Job says of the
 * build is recorded as well, because everyone who may patch Jobs can write that later.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import type { V1Job } from "@kubernetes/client-node";
import { readRegularFileSync } from "../../lib/files/regular-file.ts";
import { replaceFile } from "../../lib/files/replace-file.ts";
import { trustedStateDirectory } from "../../lib/files/cache-directory.ts";
import { makeTrustedDirectory } from "../../lib/files/trusted-directory.ts";
import { ClusterError } from "../../errors.ts";
import { identityOf, isUid } from "../../run/identity.ts";
import { ANNOTATION } from "../../run/labels.ts";

/** Longer than a build and its --ttl take. */
const MAX_AGE_MS = 30 * 24 * 3600 * 1000;

/** One file per build, named by the uid of its Job. It has a hash of what the Job says, so that it tells nobody what was built. Without a directory that only this user can write to, no build is known. */
export class StartedHere {
  readonly #directory: string | undefined;

  constructor(state: string | undefined = trustedStateDirectory()) {
    this.#directory = state === undefined ? undefined : join(state, "builds");
  }

  /** Records a build. It never throws: without a record, the user only has to give the build's name. */
  add(job: V1Job): void {
    const { uid } = identityOf(job);
    if (this.#directory === undefined || !isUid(uid)) return;
    try {
      makeTrustedDirectory(this.#directory);
      replaceFile(join(this.#directory, uid), hashOf(job), { mode: 0o600 });
      this.#forgetOld(this.#directory);
    } catch {
      // For example a read-only home directory.
    }
  }

  has(uid: string): boolean {
    return this.#directory !== undefined && isUid(uid) && existsSync(join(this.#directory, uid));
  }

  /** Whether somebody has changed what the Job says of the build since it was recorded. False if that is not known. */
  isChanged(job: V1Job): boolean {
    const { uid } = identityOf(job);
    if (this.#directory === undefined || !isUid(uid)) return false;
    try {
      const recorded = readRegularFileSync(join(this.#directory, uid)).toString();
      // Earlier versions wrote nothing, or a hash of less.
      return recorded.startsWith(VERSION) && recorded !== hashOf(job);
    } catch {
      // It was not started here.
      return false;
    }
  }

  #forgetOld(directory: string): void {
    for (const name of readdirSync(directory)) {
      const path = join(directory, name);
      const stat = statSync(path, { throwIfNoEntry: false });
      if (stat !== undefined && Date.now() - stat.mtimeMs > MAX_AGE_MS) rmSync(path, { force: true });
    }
  }
}

/** What a client tells of a build by its Job. The others are written while it runs. */
const SAID = [
  ANNOTATION.references,
  ANNOTATION.pushedAs,
  ANNOTATION.platform,
  ANNOTATION.container,
  ANNOTATION.createdBy,
  ANNOTATION.insecureRegistries,
];

/** Of the record: it changes with `SAID`. */
const VERSION = "2 ";

function hashOf({ metadata }: V1Job): string {
  const { annotations = {} } = metadata ?? {};
  const said = SAID.map((name) => annotations[name] ?? null);
  return `${VERSION}${createHash("sha256").update(JSON.stringify(said)).digest("hex")}`;
}

/** What to say of a build that was started here and whose Job somebody has changed since. */
export function changedMessage(name: string): string {
  return `somebody has changed what the Job ${name} says of its build since you started it`;
}

/** @throws ClusterError if somebody has changed what the Job of a build says since it was started here */
export function refuseChanged(job: V1Job, here: StartedHere = new StartedHere()): void {
  if (!here.isChanged(job)) return;
  const { name } = identityOf(job);
  throw new ClusterError(changedMessage(name), {
    suggestions: [
      `See what it says now: kubectl get job ${name} -o jsonpath='{.metadata.annotations}'`,
      "Do not use its result: build again. Ask who may patch Jobs in this namespace.",
    ],
  });
}
