/** All builders, each loaded only when it is asked for. To add one: its file, its row, its golden files. */
import type { Backend } from "./backend.ts";

const BACKENDS = {
  kaniko: async () => (await import("./kaniko.ts")).kaniko,
  buildkit: async () => (await import("./buildkit.ts")).buildkit,
  buildah: async () => (await import("./buildah.ts")).buildah,
  img: async () => (await import("./img.ts")).img,
  makisu: async () => (await import("./makisu.ts")).makisu,
} satisfies Record<string, () => Promise<Backend>>;

export type BackendName = keyof typeof BACKENDS;

export const BACKEND_NAMES = Object.keys(BACKENDS) as readonly BackendName[];

export function isBackendName(name: string): name is BackendName {
  return Object.hasOwn(BACKENDS, name);
}

export function loadBackend(name: BackendName): Promise<Backend> {
  return BACKENDS[name]();
}
