/**
 * All builders. Each is loaded only when it is needed. To add one: its folder, its row here, its name in plan/builder-names.ts, its
 * column in dockerfile-features.ts, and its golden files.
 */
import type { BuilderName } from "../plan/builder-names.ts";
import type { Builder } from "./builder.ts";

const BUILDERS = {
  kaniko: async () => (await import("./kaniko/kaniko.ts")).kaniko,
  buildkit: async () => (await import("./buildkit/buildkit.ts")).buildkit,
  buildah: async () => (await import("./buildah/buildah.ts")).buildah,
  img: async () => (await import("./img/img.ts")).img,
  makisu: async () => (await import("./makisu/makisu.ts")).makisu,
} satisfies Record<BuilderName, () => Promise<Builder>>;

export function loadBuilder(name: BuilderName): Promise<Builder> {
  return BUILDERS[name]();
}
