/** The builder names that `--builder` takes. builders/table.ts has a row for each. */
export const BUILDER_NAMES = ["kaniko", "buildkit", "buildah", "img", "makisu"] as const;

export type BuilderName = (typeof BUILDER_NAMES)[number];

export function isBuilderName(name: string): name is BuilderName {
  return (BUILDER_NAMES as readonly string[]).includes(name);
}
