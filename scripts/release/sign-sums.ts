/** The signature of SHA256SUMS, made by cosign with a key and without any server: no log, no certificate, no signing configuration. */
import { spawnSync } from "node:child_process";
import { constants } from "node:fs";
import { access, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { findProgram } from "../../src/lib/files/find-program.ts";
import { Refused } from "./refusal.ts";
import { SUMS } from "./sums.ts";

type Environment = Readonly<Record<string, string | undefined>>;

export interface Signer {
  /** Path of the program. */
  readonly cosign: string;
  /** What cosign takes as --key: a file, or an address as `awskms://…`. */
  readonly key: string;
  readonly env: Environment;
}

export const BUNDLE = `${SUMS}.bundle`;

export const NOT_SIGNED = `${SUMS} is not signed: COSIGN_KEY=cosign.key COSIGN_PASSWORD=… npm run release:sign signs it`;

/**
 * cosign reads COSIGN_FLAG for any flag, and an older version ignores flags that it does not know there. Since 3.0 it would take its servers from a
 * signing configuration, and write a format that cosign 2 does not verify without a network. Both versions verify the older one.
 */
const WITHOUT_SERVERS = { COSIGN_USE_SIGNING_CONFIG: "false", COSIGN_NEW_BUNDLE_FORMAT: "false" };

/**
 * Tries the key, so that what is wrong with it is known before anything is built.
 *
 * @returns undefined without COSIGN_KEY
 * @throws Refused if cosign is not on the PATH or cannot use the key
 */
export async function findSigner(env: Environment): Promise<Signer | undefined> {
  const key = env["COSIGN_KEY"];
  if (key === undefined || key === "") return undefined;
  const cosign = findProgram("cosign", env);
  if (cosign === undefined) throw new Refused(`COSIGN_KEY is set, but cosign, which signs with it, is not on the PATH`);
  if (!key.includes(":")) await refuseUnreadable(key, env);
  const signer = { cosign, key, env };
  run(signer, ["public-key", "--key", key]);
  return signer;
}

/** Signs the sums that are in the directory. @returns path of the signature. @throws Refused if cosign fails, or if there are no sums */
export async function signSums(directory: string, signer: Signer): Promise<string> {
  const sums = join(directory, SUMS);
  await access(sums).catch(() => {
    throw new Refused(`${sums} is not there: run make release`);
  });
  const bundle = join(directory, BUNDLE);
  await rm(bundle, { force: true });
  run(signer, ["sign-blob", "--yes", "--tlog-upload=false", "--key", signer.key, "--bundle", bundle, sums]);
  return bundle;
}

/** @param key path of a file */
async function refuseUnreadable(key: string, env: Environment): Promise<void> {
  try {
    await access(key, constants.R_OK);
    if (!(await stat(key)).isFile()) throw Object.assign(new Error(key), { code: "not a file" });
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw new Refused(`COSIGN_KEY names ${key}, which cannot be read: ${code}`, { cause: error });
  }
  if (env["COSIGN_PASSWORD"] === undefined) {
    throw new Refused(
      `COSIGN_PASSWORD is not set: cosign reads the password of ${key} there; it is empty for a key without one`,
    );
  }
}

function run({ cosign, key, env }: Signer, args: readonly string[]): void {
  const { status, error, stderr } = spawnSync(cosign, args, {
    env: { ...env, ...WITHOUT_SERVERS },
    stdio: ["ignore", "ignore", "pipe"],
    encoding: "utf8",
  });
  if (status === 0) return;
  const said = (stderr ?? "").trim().split("\n").at(-1) ?? "";
  const reason = said.replace("error during command execution: ", "") || error?.message || `it ended with ${status}`;
  throw new Refused(`cosign cannot sign with ${key}, which COSIGN_KEY names: ${reason}`);
}
