/** A build that is ready to begin: everything is decided that can be decided before the cluster is asked. */
import type { BuildResult } from "../../events.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuildObjects } from "../../run/objects.ts";
import type { MetadataProvenances } from "./build-deps.ts";
import type { LeftBuild } from "./run-build.ts";

export interface ClusterChoice {
  readonly kubeconfig?: string | undefined;
  readonly context?: string | undefined;
  readonly namespace?: string | undefined;
}

export interface WiredBuild {
  readonly plan: BuildPlan;
  /** @param leave aborted when the client is to detach as soon as the build can do without it. */
  build(leave?: AbortSignal): Promise<BuildResult | LeftBuild>;
  /** The objects of each pod. */
  describe(): Promise<readonly BuildObjects[]>;
  /** The client has to attest or sign the image once it is pushed, so it cannot detach. */
  readonly attests: boolean;
  /** There are several builds, and this client puts their images together at the end, so it cannot detach. */
  readonly isSeveral?: boolean;
  /** The provenance for the metadata file, by its keys there; none if the environment turns it off. */
  provenance(result: BuildResult): Promise<MetadataProvenances>;
}
