/** Brings what a builder exported from the pod's volume to the client, each archive compared by its sha256. */
import { createHash } from "node:crypto";
import type { Emit } from "../../events.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";
import type { Export } from "../../plan/docker/options.ts";
import { ClusterError, SlipwayError } from "../../errors.ts";
import { openDestination } from "./destination.ts";
import { COLLECTED_COMMAND, EXPORTER, SUM_COMMAND, archiveCommand, manifestCommand } from "./exporter.ts";

const ATTEMPTS = 3;
/** How long to wait for the exporting container, in milliseconds, where the builder was quicker than its image's pull. */
const PAUSE = 1000;
/** Time for the container to be let go, in milliseconds, before that is left to the Job's deadline. */
const PATIENCE = 5000;

/**
 * @returns bytes that came, and what the archives tell of the image
 * @throws ClusterError when an archive does not come whole; InvalidInput when it cannot be written
 */
export async function collectExports(
  cluster: Cluster,
  pod: string,
  plan: Pick<BuildPlan, "exports">,
  emit: Emit,
  signal: AbortSignal,
): Promise<{ bytes: number; description: ImageDescription }> {
  const exports = plan.exports ?? [];
  let bytes = 0;
  for (const wanted of exports) bytes += await collectArchive(cluster, pod, wanted, emit, signal);
  const format = exports.find(({ kind }) => kind === "archive")?.format;
  if (format !== "docker" && format !== "oci") return { bytes, description: {} };
  return { bytes, description: await describe(cluster, pod, format, signal) };
}

/** The container has served; on its own it would wait until it takes the client for gone. */
export async function releaseExporter(cluster: Cluster, pod: string): Promise<void> {
  await cluster.exec(pod, EXPORTER, COLLECTED_COMMAND, {}, AbortSignal.timeout(PATIENCE));
}

async function collectArchive(
  cluster: Cluster,
  pod: string,
  archive: Export,
  emit: Emit,
  signal: AbortSignal,
): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await collectOnce(cluster, pod, archive, signal);
    } catch (error) {
      const hopeless = error instanceof SlipwayError && !(error instanceof ClusterError);
      if (signal.aborted || hopeless || attempt === ATTEMPTS) throw error;
      emit({
        type: "warning",
        message: `fetching the ${archive.format} archive failed (${(error as Error).message}); fetching it again, attempt ${attempt + 1} of ${ATTEMPTS}`,
      });
      await new Promise((resolve) => {
        setTimeout(resolve, PAUSE);
      });
    }
  }
}

async function collectOnce(cluster: Cluster, pod: string, archive: Export, signal: AbortSignal): Promise<number> {
  const destination = openDestination(archive);
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    await run(cluster, pod, archiveCommand(archive.format), signal, (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      destination.write(chunk);
    });
    const sent = (await read(cluster, pod, SUM_COMMAND, signal)).split(" ", 1)[0];
    const came = hash.digest("hex");
    if (sent !== came)
      throw new ClusterError(
        `the ${archive.format} archive did not come whole: its sha256 is ${came} here, and ${sent} there`,
      );
    await destination.commit();
    return bytes;
  } catch (error) {
    await destination.discard();
    throw error;
  }
}

async function describe(
  cluster: Cluster,
  pod: string,
  format: "docker" | "oci",
  signal: AbortSignal,
): Promise<ImageDescription> {
  const text = await read(cluster, pod, manifestCommand(format), signal);
  if (format === "docker") {
    const [image] = JSON.parse(text) as { Config?: string }[];
    const hex = /[0-9a-f]{64}/.exec(image?.Config ?? "")?.[0];
    return hex === undefined ? {} : { configDigest: `sha256:${hex}` };
  }
  const manifest = JSON.parse(text) as { mediaType?: string; config?: { digest?: string } };
  const descriptor = {
    mediaType: manifest.mediaType ?? "application/vnd.oci.image.manifest.v1+json",
    size: Buffer.byteLength(text),
  };
  return { ...(manifest.config?.digest === undefined ? {} : { configDigest: manifest.config.digest }), descriptor };
}

async function read(cluster: Cluster, pod: string, command: readonly string[], signal: AbortSignal): Promise<string> {
  const chunks: Uint8Array[] = [];
  await run(cluster, pod, command, signal, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

async function run(
  cluster: Cluster,
  pod: string,
  command: readonly string[],
  signal: AbortSignal,
  stdout: (chunk: Uint8Array) => void,
): Promise<void> {
  const complaints: Uint8Array[] = [];
  const exit = await cluster.exec(
    pod,
    EXPORTER,
    command,
    { stdout, stderr: (chunk) => complaints.push(chunk) },
    signal,
  );
  if (exit.exitCode === 0) return;
  const said = Buffer.concat(complaints).toString().trim().split("\n").at(-1);
  throw new ClusterError(`the pod could not send the result: ${said === "" ? `exit code ${exit.exitCode}` : said}`);
}
