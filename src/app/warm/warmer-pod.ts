/** The pod that fills a volume with base images: kaniko's warmer, from a build's plan. Pure. */
import type { V1Container } from "@kubernetes/client-node";
import { BASE_IMAGES_DIR, registryArguments, registryMounts } from "../../builders/kaniko/arguments.ts";
import { expandSafe } from "../../builders/arguments.ts";
import { platformText } from "../../lib/image/platform.ts";
import { CACHE_VOLUME } from "../../plan/layout.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { objectsOf } from "../../run/objects.ts";
import { EMPTY_DELIVERY } from "../../ship/delivery.ts";
import type { BuildObjects } from "../../run/objects.ts";

export const WARMER = "warmer";
const VOLUME_MOUNT = "/cache";

/**
 * @param plan with the volume's name, and with the warmer's image as builder image
 * @param force also fetch the images that are on the volume already
 * @param dockerConfig the config.json to ship, when the plan's credentials are `shipped`
 */
export function warmerObjects(
  plan: BuildPlan,
  images: readonly Reference[],
  force: boolean,
  dockerConfig?: string,
): BuildObjects {
  const container: V1Container = {
    name: WARMER,
    image: plan.builderImage,
    args: warmerArguments(plan, images, force).map(expandSafe),
    volumeMounts: [{ name: CACHE_VOLUME, mountPath: VOLUME_MOUNT }, ...registryMounts(plan)],
    // It only writes its own files, and runs nothing.
    securityContext: {
      runAsUser: 0,
      runAsGroup: 0,
      privileged: false,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    },
  };
  return objectsOf(plan, { container, volumes: [] }, EMPTY_DELIVERY, dockerConfig);
}

function warmerArguments(plan: BuildPlan, images: readonly Reference[], force: boolean): string[] {
  return [
    `--cache-dir=${VOLUME_MOUNT}/${BASE_IMAGES_DIR}`,
    ...images.map((image) => `--image=${image.toString()}`),
    ...(force ? ["--force"] : []),
    ...(plan.platform === undefined ? [] : [`--customPlatform=${platformText(plan.platform)}`]),
    ...registryArguments(plan),
  ];
}
