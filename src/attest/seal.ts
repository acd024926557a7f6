/** What is done with an image between its push and the word that it is built: provenance attached, signature made. */
import type { BuildPlan } from "../build/plan.ts";
import type { Credential } from "../credentials/credentials.ts";
import { ClusterError } from "../errors.ts";
import { attach } from "../registry/referrer.ts";
import { RegistryClient } from "../registry/registry-client.ts";
import { signImage } from "./cosign.ts";
import { provenanceOf } from "./provenance.ts";

/** For each question to the registry, in milliseconds. */
const PATIENCE = 30_000;

export interface SealOptions {
  /** The builder has attached its own provenance already. */
  readonly attested: boolean;
  readonly startedOn: Date;
  readonly credential: (registry: string) => Promise<Credential | undefined>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
}

/** @throws ClusterError or BuildFailed: the image is pushed then, and the error says so. */
export async function sealImage(plan: BuildPlan, digest: string, options: SealOptions): Promise<void> {
  const asked = plan.attestations?.some(({ type }) => type === "provenance") === true;
  if (asked && !options.attested) await attachProvenance(plan, digest, options);
  if (plan.sign !== undefined) await signImage(plan, digest, plan.sign, options);
}

async function attachProvenance(plan: BuildPlan, digest: string, options: SealOptions): Promise<void> {
  const { insecure, ca } = plan.registries;
  const client = new RegistryClient({
    insecure,
    ...(ca === undefined ? {} : { ca }),
    credential: options.credential,
    timeout: PATIENCE,
  });
  const statement = provenanceOf(plan, digest, { startedOn: options.startedOn, finishedOn: new Date() });
  // One for each repository; two tags of one are the same image.
  const repositories = new Map(plan.tags.map((tag) => [tag.name, tag]));
  try {
    for (const reference of repositories.values()) {
      await attach(client, reference, digest, {
        mediaType: "application/vnd.in-toto+json",
        annotations: { "in-toto.io/predicate-type": "https://slsa.dev/provenance/v1" },
        content: Buffer.from(JSON.stringify(statement)),
      });
    }
  } catch (error) {
    throw new ClusterError(
      `the image was built and pushed, but its provenance could not be attached: ${error instanceof Error ? error.message : String(error)}`,
      { suggestions: ["Let this machine reach the registry, and push there, as the builder does."], cause: error },
    );
  }
}
