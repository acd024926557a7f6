/** Fetches what a builder exported from the pod's volume, and checks each archive by its sha256. */
import { createHash } from "node:crypto";
import { OCI_MANIFEST } from "../../lib/registry/media-types.ts";
import type { ImageDescription } from "../../lib/registry/types.ts";
import type { Export } from "../../plan/docker/options.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { ClusterError, clauseOf } from "../../errors.ts";
import { MAX_ATTEMPTS, withAttempts } from "../attempts.ts";
import type { PodSession } from "../pod-session.ts";
import { openDestination } from "./destination.ts";
import { COLLECTED_COMMAND, EXPORTER, SUM_COMMAND, archiveCommand, manifestCommand } from "./exporter.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** Before the second attempt, and twice that before the third: the builder may end before the exporting container's image is pulled. */
const RETRY_PAUSE_MS = 1000;
/** For the request that lets the container end; if it fails, the Job's deadline ends it. */
const RELEASE_TIMEOUT_MS = 5000;

/**
 * @returns bytes that arrived, and what the archives tell about the image
 * @throws ClusterError when an archive does not arrive whole; InvalidInput when it cannot be written
 */
export async function collectExports(
  session: PodSession,
  plan: Pick<BuildPlan, "exports">,
): Promise<{ bytes: number; description: ImageDescription }> {
  const exports = plan.exports ?? [];
  let bytes = 0;
  for (const wanted of exports) bytes += await collectArchive(session, wanted);
  const format = exports.find(({ kind }) => kind === "archive")?.format;
  if (format !== "docker" && format !== "oci") return { bytes, description: {} };
  return { bytes, description: await describe(session, format) };
}

/** Lets the exporting container end. Otherwise it waits until the client is silent for too long. It has its own time limit. */
export async function releaseExporter({ cluster, pod }: Pick<PodSession, "cluster" | "pod">): Promise<void> {
  await cluster.exec(pod, EXPORTER, COLLECTED_COMMAND, {}, AbortSignal.timeout(RELEASE_TIMEOUT_MS));
}

async function collectArchive(session: PodSession, archive: Export): Promise<number> {
  const attempts = {
    pauseMs: RETRY_PAUSE_MS,
    onRetry: (error: unknown, next: number) =>
      session.emit({
        type: "warning",
        message: `fetching the ${archive.format} archive failed (${clauseOf(error)}); fetching it again, attempt ${next} of ${MAX_ATTEMPTS}`,
      }),
  };
  const fetched = await withAttempts(session, attempts, () => collectOnce(session, archive));
  if (fetched.kind === "exhausted") throw fetched.error;
  return fetched.value;
}

async function collectOnce(session: PodSession, archive: Export): Promise<number> {
  const destination = openDestination(archive);
  try {
    const hash = createHash("sha256");
    let bytes = 0;
    await run(session, archiveCommand(archive.format), (chunk) => {
      hash.update(chunk);
      bytes += chunk.length;
      destination.write(chunk);
    });
    const sent = (await read(session, SUM_COMMAND)).split(" ", 1)[0];
    const received = hash.digest("hex");
    if (sent !== received)
      throw new ClusterError(
        `the ${archive.format} archive did not arrive whole: its sha256 is ${received} here, and ${sent} in the pod`,
      );
    await destination.commit();
    return bytes;
  } catch (error) {
    await destination.discard();
    throw error;
  }
}

async function describe(session: PodSession, format: "docker" | "oci"): Promise<ImageDescription> {
  const text = await read(session, manifestCommand(format));
  if (format === "docker") {
    const [image] = (JSON.parse(text) ?? []) as ({ Config?: string } | null)[];
    const hex = /[0-9a-f]{64}/.exec(image?.Config ?? "")?.[0];
    return hex === undefined ? {} : { configDigest: `sha256:${hex}` };
  }
  const manifest = (JSON.parse(text) ?? {}) as { mediaType?: string; config?: { digest?: string } };
  const descriptor = {
    mediaType: manifest.mediaType ?? OCI_MANIFEST,
    size: Buffer.byteLength(text),
  };
  return { ...omitUndefined({ configDigest: manifest.config?.digest }), descriptor };
}

async function read(session: PodSession, command: readonly string[]): Promise<string> {
  const chunks: Uint8Array[] = [];
  await run(session, command, (chunk) => chunks.push(chunk));
  return Buffer.concat(chunks).toString();
}

async function run(
  { cluster, pod, signal }: PodSession,
  command: readonly string[],
  stdout: (chunk: Uint8Array) => void,
): Promise<void> {
  const errors: Uint8Array[] = [];
  const streams = { stdout, stderr: (chunk: Uint8Array) => void errors.push(chunk) };
  const { exitCode } = await cluster.exec(pod, EXPORTER, command, streams, signal);
  if (exitCode === 0) return;
  const reported = Buffer.concat(errors).toString().trim().split("\n").at(-1);
  throw new ClusterError(`the pod could not send the result: ${reported === "" ? `exit code ${exitCode}` : reported}`);
}
