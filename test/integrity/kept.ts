/** Sends contexts to a kept builder, which asks for single files, and receives large results. A RUN hashes what arrived. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import type { Checked } from "./check.ts";

/** One user's kept builders in a namespace. */
export interface KeptTarget {
  /** Flags for the cluster: the kubeconfig and the namespace. */
  readonly where: readonly string[];
  /** The user's configuration directory, which holds the key of --keep. */
  readonly home: string;
  /** An image with busybox's tools. */
  readonly base: string;
}

/** Returns a Dockerfile whose result is one file with `sumOf` of the context. */
const summing = (base: string): string => `FROM ${base} AS made
COPY . /context/
RUN cd /context && find . -type f -print0 | xargs -0 -r sha256sum | LC_ALL=C sort | sha256sum | cut -c 1-64 > /sum
FROM scratch
COPY --from=made /sum /
`;

const flagsOf = ({ where }: KeptTarget): string[] => [...where, "--keep", "10m", "--context-warning", "0"];

/** Sends a context. The result's `digest` is the hash of the files in the builder. */
export async function checkKept(target: KeptTarget, context: string): Promise<Checked> {
  const scratch = await mkdtemp(join(tmpdir(), "slipway-integrity-kept-"));
  try {
    await writeFile(join(scratch, "Dockerfile"), summing(target.base));
    const out = ["-o", `type=local,dest=${join(scratch, "out")}`];
    const args = [...flagsOf(target), "-f", join(scratch, "Dockerfile"), ...out, context];
    const checked = await check(args, { XDG_CONFIG_HOME: target.home });
    const sum = await readFile(join(scratch, "out/sum"), "utf8");
    return { ...checked, transport: "keep", digest: `sha256:${sum.trim()}` };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export interface CheckedResult extends Checked {
  /** Bytes of the archive. */
  readonly size: number;
  /** Faults: blobs of the archive whose content does not have the digest in their name, or no blobs at all. */
  readonly wrong: readonly string[];
}

/** Builds an image that has a file of random bytes, with `-o type=docker`. @param megabytes size of the file */
export async function checkKeptResult(target: KeptTarget, megabytes: number): Promise<CheckedResult> {
  const scratch = await mkdtemp(join(tmpdir(), "slipway-integrity-kept-"));
  try {
    const dockerfile = `FROM ${target.base}\nRUN head -c ${megabytes}000000 /dev/urandom > /noise\n`;
    await writeFile(join(scratch, "Dockerfile"), dockerfile);
    const archive = join(scratch, "image.tar");
    const args = [...flagsOf(target), "-t", "integrity:1", "-o", `type=docker,dest=${archive}`, scratch];
    const checked = await check(args, { XDG_CONFIG_HOME: target.home });
    // Prints the archive's size, then the hash of each blob and its name.
    const script = `set -eo pipefail; stat -c %s "$1"; tar -xf "$1" -C "$2" && cd "$2/blobs/sha256" && sha256sum *`;
    const { status, stdout, stderr } = spawnSync("bash", ["-c", script, "bash", archive, scratch], {
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`the archive cannot be read: ${stderr}`);
    const [size = "0", ...sums] = stdout.trim().split("\n");
    const blobs = sums.map((line) => line.split(/\s+/));
    const wrong = blobs.flatMap(([sum, name]) => (sum === name ? [] : [`${name} has the sum ${sum}`]));
    return {
      ...checked,
      transport: "keep",
      size: Number(size),
      wrong: blobs.length === 0 ? ["the archive has no blobs"] : wrong,
    };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}
