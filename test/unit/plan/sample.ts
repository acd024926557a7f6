/** A sample build in each form: as typed, as read, as planned. Each test changes the part that it tests. */
import type { BuildInputs, ContextInputs } from "../../../src/plan/gather.ts";
import { inRepository } from "../../../src/plan/in-repository.ts";
import { planBuild } from "../../../src/plan/plan-build.ts";
import type { PlanFacts } from "../../../src/plan/plan-build.ts";
import type { BuildPlan, ShippedPlan } from "../../../src/plan/plan.ts";
import { parseReference } from "../../../src/lib/image/reference.ts";
import type { BuildRequest } from "../../../src/plan/request.ts";

export const REQUEST: BuildRequest = {
  path: ".",
  tags: ["registry.example.com/team/app:1.0"],
  buildArgs: [],
  labels: [],
  noCache: false,
  builder: "kaniko",
  helperImage: "busybox:stable",
  transport: "auto",
  volumeSize: "10Gi",
  timeout: "2h",
  ttl: "1h",
  insecureRegistries: [],
};

export const INPUTS: ContextInputs = {
  external: false,
  context: { root: "/src", ignoreFile: undefined },
  dockerfile: { path: "/src/Dockerfile", text: "FROM alpine:3.20\n" },
};

export const FACTS: PlanFacts = {
  env: {},
  builderImage: "ghcr.io/osscontainertools/kaniko:v1.28.3",
  user: "jane",
  version: "0.1.0",
};

export function planOf(
  request: Partial<BuildRequest> = {},
  inputs: Partial<BuildInputs> = {},
  facts: Partial<PlanFacts> = {},
): BuildPlan {
  return planBuild({ ...REQUEST, ...request }, { ...INPUTS, ...inputs }, { ...FACTS, ...facts });
}

/** The request for a repository that the builder clones. */
export function planInCluster(path: string, request: Partial<BuildRequest> = {}): BuildPlan {
  const whole = { ...REQUEST, path, gitInCluster: true, ...request };
  return planBuild(whole, inRepository(whole), FACTS);
}

/** The plan of REQUEST, with the same name in every run. */
export const PLAN: ShippedPlan = {
  name: "slipway-app-bcdfghjk",
  builder: "kaniko",
  builderImage: FACTS.builderImage,
  helperImage: "busybox:stable",
  context: INPUTS.context,
  dockerfile: INPUTS.dockerfile,
  tags: [parseReference("registry.example.com/team/app:1.0")],
  names: ["registry.example.com/team/app:1.0"],
  cacheName: "registry.example.com/team/app",
  sendAll: false,
  buildArgs: [],
  labels: [],
  noCache: false,
  registries: { hosts: ["registry.example.com", "docker.io"], pulledFrom: ["docker.io"], insecure: [] },
  credentials: { kind: "none" },
  transport: "auto",
  volume: { size: "10Gi" },
  timeoutSeconds: 7200,
  ttlSeconds: 3600,
  user: "jane",
  version: "0.1.0",
};

/** Results on this machine, one of each kind, and nothing in the registry. */
export const EVERY_EXPORT: Partial<BuildPlan> = {
  exports: [
    { kind: "archive", format: "docker", dest: "d.tar", directory: false },
    { kind: "archive", format: "oci", dest: "oci", directory: true },
    { kind: "files", format: "local", dest: "out" },
  ],
  noPush: true,
};

/** A cache in a registry that is read and written. */
export const REGISTRY_CACHE: Partial<BuildPlan> = {
  cacheFrom: [{ type: "registry", attributes: { ref: "r.io/cache:main" } }],
  cacheTo: [{ type: "registry", attributes: { ref: "r.io/cache:main", mode: "max" } }],
};
