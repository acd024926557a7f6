/** A platform as all builders but makisu take it: `linux/arm64`, `linux/arm/v7`. */
import type { Platform } from "../docker/options.ts";

export function platformText({ os, arch, variant }: Platform): string {
  return [os, arch, ...(variant === undefined ? [] : [variant])].join("/");
}
