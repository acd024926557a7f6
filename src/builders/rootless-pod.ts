/** The pod that rootless BuildKit and img share: user 1000, and a user namespace that the builder makes itself. */
import type { V1EnvVar, V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { FILES_VOLUME } from "../plan/layout.ts";
import type { BuilderPod } from "./builder.ts";
import { shellMounts, volumeGroup, workVolume } from "./shell-pod.ts";

const USER = 1000;

/** Who owns what the pod receives: the rootless user. */
export const ROOTLESS_RECEIVER = { user: USER, group: USER };

/**
 * The subordinate ids of the user, for newuidmap, if the pod has its own user namespace. That namespace has only the ids 0 to 65535
 * (Kubernetes' `idsPerPod`), and the ids of the image's own /etc/subuid, 100000 and up, are outside of it.
 */
const SUBORDINATE_IDS = "subordinate-ids";
/** All ids except the user's own and root, which is mapped separately. */
const RANGES = "user:1:999\nuser:1001:64535\n";

export interface RootlessBuilder {
  readonly name: string;
  /** Where the image keeps its state. A volume, because an overlay cannot be mounted on the root file system of a container. */
  readonly state: { readonly name: string; readonly path: string };
  readonly command: { readonly command: string[]; readonly args?: string[] };
  readonly env: V1EnvVar[];
  /** Text files of the builder's own. */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

/** The pod of a builder that runs as user 1000 and makes its own user namespace, with the two capabilities that newuidmap needs. */
export function rootlessPod(plan: BuildPlan, { name, state, command, env, files: own }: RootlessBuilder): BuilderPod {
  const files = { ...own, ...subordinateFiles(plan) };
  const hasFiles = Object.keys(files).length > 0;
  const container = {
    name,
    image: plan.builderImage,
    ...command,
    env,
    volumeMounts: [
      ...shellMounts(plan, hasFiles),
      { name: state.name, mountPath: state.path },
      ...subordinateMounts(plan),
    ],
    securityContext: {
      runAsUser: USER,
      runAsGroup: USER,
      privileged: false,
      // newuidmap gets its capabilities from its file, which no_new_privs forbids.
      allowPrivilegeEscalation: true,
      capabilities: { drop: ["ALL"], add: ["SETGID", "SETUID"] },
    },
  };
  return {
    container,
    volumes: [workVolume, { name: state.name, emptyDir: {} }],
    ...(hasFiles ? { files } : {}),
    pod: volumeGroup(plan, USER),
  };
}

function subordinateFiles(plan: BuildPlan): Readonly<Record<string, string>> {
  return plan.userns === "always" ? { [SUBORDINATE_IDS]: RANGES } : {};
}

function subordinateMounts(plan: BuildPlan): V1VolumeMount[] {
  if (plan.userns !== "always") return [];
  return ["/etc/subuid", "/etc/subgid"].map((mountPath) => ({
    name: FILES_VOLUME,
    mountPath,
    subPath: SUBORDINATE_IDS,
    readOnly: true,
  }));
}
