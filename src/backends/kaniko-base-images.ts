/** Base images on a volume, which `slipway warm` fills and builds read: kaniko's own form of them. */
import type { V1VolumeMount } from "@kubernetes/client-node";
import type { BuildPlan } from "../plan/plan.ts";
import { CACHE_VOLUME } from "../plan/layout.ts";

/** On the volume: each builder has a directory of its own name there. */
export const BASE_IMAGES_DIR = "kaniko";
/** Below /kaniko, as all its mounts. */
const MOUNT = "/kaniko/slipway-cache";
/** A cache of layers that is never there: kaniko reads base images from a directory only while it caches layers as well. */
const NO_LAYERS = "oci:/kaniko/slipway-no-layers";
/** Images are kept by their digest, so that none of them grows old. */
const TEN_YEARS = "87600h";

export function baseImageMounts({ cacheVolume }: BuildPlan): V1VolumeMount[] {
  return cacheVolume === undefined ? [] : [{ name: CACHE_VOLUME, mountPath: MOUNT, readOnly: true }];
}

/** @param cachesLayers there are arguments for a cache of layers already. */
export function baseImageArguments({ cacheVolume }: BuildPlan, cachesLayers: boolean): string[] {
  if (cacheVolume === undefined) return [];
  const directory = `--cache-dir=${MOUNT}/${BASE_IMAGES_DIR}`;
  if (cachesLayers) return [directory];
  return ["--cache=true", `--cache-repo=${NO_LAYERS}`, "--no-push-cache", `--cache-ttl=${TEN_YEARS}`, directory];
}
