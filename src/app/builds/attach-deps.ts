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
import { identityOf } from "../../run/identity.ts";
import { StartedHere, refuseChanged } from "./started-here.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** How the registry is asked about the image. Only the user says so, never the build: everybody who may make Jobs can write one. */
export interface RegistryTrust {
  /** Registries that the user allows to be used without TLS, or without verifying it. */
  readonly insecure: readonly string[];
  /** PEM certificates to trust. */
  readonly ca?: string;
}

/**
 * @throws the error that `build` throws for the same end; ClusterError when the registry does not have the image that the build says it
 *   pushed
 */
export async function attach(
  cluster: Cluster,
  found: FoundBuild,
  emit: Emit,
  signal: AbortSignal,
  trust: RegistryTrust,
): Promise<BuildResult> {
  const { record } = found;
  const here = new StartedHere();
  refuseChanged(found.job, here);
  if (!here.has(identityOf(found.job).uid)) {
    emit({
      type: "warning",
      message: `you did not start ${record.name} on this machine: what follows is what its Job and its pod say`,
    });
  }
  const deps: AttachDeps = {
    cluster,
    builder: await builderOf(record),
    emit,
    ...(await askRegistry(record, trust, emit)),
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
  return {
    formatLogLine: (line) => builder.formatLogLine(line),
    steps: builder.steps([]),
    outcome: (end) => builder.outcome(end),
  };
}

async function askRegistry(
  { references, pushedAs, insecureRegistries }: BuildRecord,
  { insecure, ca }: RegistryTrust,
  emit: Emit,
): Promise<Pick<AttachDeps, "describeImage" | "pushedDigest">> {
  const [name] = pushedAs ?? references;
  if (name === undefined) return { describeImage: async () => undefined, pushedDigest: noName };
  const [{ describeImage, findDigest }, { findCredential, openStores }] = await Promise.all([
    import("../../lib/registry/describe-image.ts"),
    import("../../lib/credentials/stores.ts"),
  ]);
  const stores = await openStores(process.env);
  const credential = (registry: string) => findCredential(stores, registry);
  const reference = parseReference(name);
  const { registry: host } = reference;
  const suggestions =
    insecureRegistries.includes(host) && !insecure.includes(host)
      ? [`The build used ${host} without TLS. If you want that as well: --insecure-registry ${host}`]
      : [];
  const image = { reference, insecure, mustExist: true, ...omitUndefined({ ca }) };
  return {
    describeImage: (digest) =>
      // OpenSSL ends its messages with a line feed.
      describeImage(image, digest, credential, (message) =>
        emit({ type: "warning", message: message.trim(), suggestions }),
      ),
    pushedDigest: (configDigest) => findDigest(image, configDigest, credential),
  };
}

async function noName(): Promise<string> {
  throw new InternalError("an image without a name has no digest in a registry");
}
