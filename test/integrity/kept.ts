/** Contexts through a kept builder, which asks for them file by file, and large results from it. A RUN sums what arrived. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./check.ts";
import type { Checked } from "./check.ts";

/** One user's kept builders in a namespace. */
export interface KeptPlace {
  /** Flags for the cluster: the kubeconfig and the namespace. */
  readonly where: readonly string[];
  /** The user's directory for the key by which the builders are known. */
  readonly home: string;
  /** An image with busybox's tools. */
  readonly base: string;
}

/** The Dockerfile's result is one file, which holds what `sumOf` gives for the context. */
const summing = (base: string): string => `FROM ${base} AS made
COPY . /context/
RUN cd /context && find . -type f -print0 | xargs -0 -r sha256sum | LC_ALL=C sort | sha256sum | cut -c 1-64 > /sum
FROM scratch
COPY --from=made /sum /
`;

const flagsOf = ({ where }: KeptPlace): string[] => [...where, "--keep", "10m", "--context-warning", "0"];

/** `digest` is the sum of what the builder has. */
export async function checkKept(place: KeptPlace, context: string): Promise<Checked> {
  const scratch = await mkdtemp(join(tmpdir(), "slipway-integrity-kept-"));
  try {
    await writeFile(join(scratch, "Dockerfile"), summing(place.base));
    const out = ["-o", `type=local,dest=${join(scratch, "out")}`];
    const args = [...flagsOf(place), "-f", join(scratch, "Dockerfile"), ...out, context];
    const checked = await check(args, { XDG_CONFIG_HOME: place.home });
    const sum = await readFile(join(scratch, "out/sum"), "utf8");
    return { ...checked, transport: "keep", digest: `sha256:${sum.trim()}` };
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

export interface CheckedResult extends Checked {
  /** Bytes of the archive. */
  readonly size: number;
  /** Blobs of the archive whose content is not what their names say; and one line if there are none at all. */
  readonly wrong: readonly string[];
}

/** `-o type=docker` of an image with a file of noise. @param megabytes the file's size */
export async function checkKeptResult(place: KeptPlace, megabytes: number): Promise<CheckedResult> {
  const scratch = await mkdtemp(join(tmpdir(), "slipway-integrity-kept-"));
  try {
    const dockerfile = `FROM ${place.base}\nRUN head -c ${megabytes}000000 /dev/urandom > /noise\n`;
    await writeFile(join(scratch, "Dockerfile"), dockerfile);
    const archive = join(scratch, "image.tar");
    const args = [...flagsOf(place), "-t", "integrity:1", "-o", `type=docker,dest=${archive}`, scratch];
    const checked = await check(args, { XDG_CONFIG_HOME: place.home });
    // The sum of each blob, beside its name.
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
