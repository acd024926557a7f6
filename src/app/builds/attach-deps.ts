/** The composition root of the commands that attach to an existing build. */
import { loadBuilder } from "../../builders/table.ts";
import { isBuilderName } from "../../plan/builder-names.ts";
import { parseReference } from "../../lib/image/reference.ts";
import type { BuildResult, Emit } from "../../events.ts";
import { attachBuild } from "./attach.ts";
import type { AttachDeps } from "./attach.ts";
import type { FoundBuild } from "./find.ts";
import { judgeUnknown } from "./record.ts";
import type { BuildRecord } from "./record.ts";
import { InternalError } from "../../errors.ts";
import type { Cluster } from "../../lib/kube/cluster.ts";

/** @param ca PEM certificates to trust when the registry is asked for the image's ID. */
export async function attach(
  cluster: Cluster,
  found: FoundBuild,
  emit: Emit,
  signal: AbortSignal,
  ca?: string,
): Promise<BuildResult> {
  const { record } = found;
  const deps: AttachDeps = {
    cluster,
    builder: await builderOf(record),
    emit,
    ...(await askRegistry(record, ca, emit)),
  };
  return attachBuild(found, deps, signal);
}

/** Formats the log lines of this build's builder. */
export async function logFormatterOf({ builder }: Pick<BuildRecord, "builder">): Promise<(line: string) => string> {
  return (await builderOf({ builder })).formatLogLine;
}

async function builderOf({ builder: name }: Pick<BuildRecord, "builder">): Promise<AttachDeps["builder"]> {
  if (!isBuilderName(name)) return { formatLogLine: (line) => line, outcome: judgeUnknown };
  const builder = await loadBuilder(name);
  return { formatLogLine: (line) => builder.formatLogLine(line), outcome: (end) => builder.outcome(end) };
}

async function askRegistry(
  { references, insecureRegistries: insecure }: BuildRecord,
  ca: string | undefined,
  emit: Emit,
): Promise<Pick<AttachDeps, "describeImage" | "pushedDigest">> {
  const [name] = references;
  if (name === undefined) return { describeImage: async () => undefined, pushedDigest: noName };
  const [{ describeImage, findDigest }, { findCredential, openStores }] = await Promise.all([
    import("../../lib/registry/describe-image.ts"),
    import("../../lib/credentials/stores.ts"),
  ]);
  const stores = await openStores(process.env);
  const credential = (registry: string) => findCredential(stores, registry);
  const image = { reference: parseReference(name), insecure, ...(ca === undefined ? {} : { ca }) };
  return {
    describeImage: (digest) =>
      describeImage(image, digest, credential, (message) => emit({ type: "warning", message })),
    pushedDigest: (configDigest) => findDigest(image, configDigest, credential),
  };
}

async function noName(): Promise<string> {
  throw new InternalError("an image without a name has no digest in a registry");
}
