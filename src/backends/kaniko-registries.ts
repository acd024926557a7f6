/** How kaniko's two programs, the executor and the warmer, are told of registries: they have these flags and places in common. */
import type { V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { AUTH_VOLUME, CA_FILE, CA_VOLUME } from "../plan/layout.ts";

const CA_MOUNT = "/kaniko/slipway-ca";

export function registryMounts({
  credentials,
  registries,
}: Pick<BuildPlan, "credentials" | "registries">): V1VolumeMount[] {
  return [
    ...(credentials.kind === "none" ? [] : [{ name: AUTH_VOLUME, mountPath: "/kaniko/.docker", readOnly: true }]),
    ...(registries.ca === undefined ? [] : [{ name: CA_VOLUME, mountPath: CA_MOUNT, readOnly: true }]),
  ];
}

export function registryArguments({ registries }: Pick<BuildPlan, "registries">): string[] {
  const { hosts, insecure, ca } = registries;
  return [
    ...insecure.flatMap((host) => [`--insecure-registry=${host}`, `--skip-tls-verify-registry=${host}`]),
    ...(ca === undefined ? [] : hosts.map((host) => `--registry-certificate=${host}=${CA_MOUNT}/${CA_FILE}`)),
  ];
}
