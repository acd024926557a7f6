/** All builders, each loaded only when it is asked for. To add one: its file, its row, its golden files. */
import type { BackendName } from "../plan/builder-names.ts";
import type { Backend } from "./builder.ts";

const BACKENDS = {
  kaniko: async () => (await import("./kaniko/kaniko.ts")).kaniko,
  buildkit: async () => (await import("./buildkit/buildkit.ts")).buildkit,
  buildah: async () => (await import("./buildah/buildah.ts")).buildah,
  img: async () => (await import("./img/img.ts")).img,
  makisu: async () => (await import("./makisu/makisu.ts")).makisu,
} satisfies Record<BackendName, () => Promise<Backend>>;

export function loadBackend(name: BackendName): Promise<Backend> {
  return BACKENDS[name]();
}
