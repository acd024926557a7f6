/** The builders, by the name that `--builder` takes. builders/table.ts has a row for each. */
export const BACKEND_NAMES = ["kaniko", "buildkit", "buildah", "img", "makisu"] as const;

export type BackendName = (typeof BACKEND_NAMES)[number];

export function isBackendName(name: string): name is BackendName {
  return (BACKEND_NAMES as readonly string[]).includes(name);
}
