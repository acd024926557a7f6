/** Attaches attestations to a pushed image and signs it, before the build is reported as done. */
import type { Emit, StageTimer } from "../events.ts";
import type { BuildPlan } from "../plan/plan.ts";
import type { Credential } from "../lib/credentials/credentials.ts";
import { AuthError, BuildFailed, ClusterError } from "../errors.ts";
import { attach } from "../lib/registry/referrer.ts";
import { RegistryClient } from "../lib/registry/registry-client.ts";
import { signImage } from "./cosign.ts";
import { PROVENANCE, provenanceOf } from "./provenance.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** For each request to the registry. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The slowest connection for which a large document still gets enough time: 100 kB a second. */
const MIN_BYTES_PER_MS = 100;

export interface AttestOptions {
  /** The builder has already attached its own attestations. */
  readonly attested: boolean;
  readonly startedOn: Date;
  readonly credential: (registry: string) => Promise<Credential | undefined>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly stages: Pick<StageTimer, "start" | "done">;
  readonly emit: Emit;
  readonly signal: AbortSignal;
}

/** @throws ClusterError, AuthError or BuildFailed. The image is pushed all the same, and the error says so. */
export async function attestImage(plan: BuildPlan, digest: string, options: AttestOptions): Promise<void> {
  const asked = (wanted: string): boolean =>
    !options.attested && plan.attestations?.some(({ type }) => type === wanted) === true;
  if (asked("provenance")) await attachProvenance(plan, digest, options);
  if (asked("sbom")) await attachSbom(plan, digest, options);
  if (plan.sign !== undefined) await signImage(plan, digest, plan.sign, options);
}

async function attachProvenance(plan: BuildPlan, digest: string, options: AttestOptions): Promise<void> {
  const statement = provenanceOf(plan, digest, { startedOn: options.startedOn, finishedOn: new Date() });
  await pushedBut(plan, digest, "its provenance could not be attached", () =>
    attachStatement(plan, digest, PROVENANCE, statement, options),
  );
}

async function attachSbom(plan: BuildPlan, digest: string, options: AttestOptions): Promise<void> {
  const { stages, emit, signal } = options;
  stages.start("sbom");
  const { makeSbom, SPDX } = await import("./sbom.ts");
  const { statement, summary, warning } = await pushedBut(plan, digest, "its SBOM could not be made", () =>
    makeSbom(plan, digest, clientOf(plan, options), signal),
  );
  await pushedBut(plan, digest, "its SBOM could not be attached", () =>
    attachStatement(plan, digest, SPDX, statement, options),
  );
  stages.done("sbom", summary);
  if (warning !== undefined) emit({ type: "warning", message: warning });
}

async function attachStatement(
  plan: BuildPlan,
  digest: string,
  predicateType: string,
  statement: object,
  options: AttestOptions,
): Promise<void> {
  const content = Buffer.from(JSON.stringify(statement));
  const client = clientOf(plan, options, REQUEST_TIMEOUT_MS + Math.ceil(content.length / MIN_BYTES_PER_MS));
  // One for each repository: two tags of a repository are the same image.
  const repositories = new Map(plan.tags.map((tag) => [tag.name, tag]));
  for (const reference of repositories.values()) {
    await attach(client, reference, digest, {
      mediaType: "application/vnd.in-toto+json",
      annotations: { "in-toto.io/predicate-type": predicateType },
      content,
    });
  }
}

function clientOf(
  { registries: { insecure, ca } }: BuildPlan,
  { credential, signal }: AttestOptions,
  timeout = REQUEST_TIMEOUT_MS,
): RegistryClient {
  return new RegistryClient({ insecure, ...omitUndefined({ ca }), credential, timeout, signal });
}

/** Says in every error that the image is pushed. @param trouble what has failed, following "but" */
async function pushedBut<T>(plan: BuildPlan, digest: string, trouble: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    const message = `the image was built and pushed as ${plan.tags.join(", ")} (${digest}), but ${trouble}: ${error instanceof Error ? error.message : String(error)}`;
    if (error instanceof AuthError) throw new AuthError(message, { suggestions: error.suggestions, cause: error });
    if (error instanceof BuildFailed) {
      throw new BuildFailed(message, {
        suggestions: ["Leave --sbom out, or use --builder buildkit, whose generator reads the image in the pod."],
        cause: error,
      });
    }
    throw new ClusterError(message, {
      suggestions: ["Make sure that this machine, like the builder, can reach the registry and push to it."],
      cause: error,
    });
  }
}
