/** The columns of the page: a builder in the test cluster's version, in another one that was run by a variable, or a kept builder. */
import { BUILDER_NAMES } from "../../../src/plan/builder-names.ts";
import type { BuilderName } from "../../../src/plan/builder-names.ts";

/** BuildKit in a kept builder: it gets the context from the client, by its own protocol. */
export const KEPT = "buildkit --keep";

/** What the suite builds with. */
export const WAYS = [...BUILDER_NAMES, KEPT] as const;
export type Way = (typeof WAYS)[number];

export function isWay(text: string): text is Way {
  return (WAYS as readonly string[]).includes(text);
}

/** The versions of the test cluster's images (test/cluster/images). */
export const CLUSTER_VERSIONS: Readonly<Record<BuilderName, string>> = {
  kaniko: "v1.24.0",
  buildkit: "v0.34.2",
  buildah: "v1.44.0",
  img: "v0.5.11",
  makisu: "v0.4.2",
};

/** The name of a column: the builder's, with the version if it is not the test cluster's. @param image the builder's image */
export function columnOf(builder: BuilderName, image: string | undefined): string {
  const tag = /:([^:/@]+)(?:@.*)?$/.exec(image ?? "")?.[1] ?? "";
  const version = /^v?\d+(?:\.\d+)+/.exec(tag)?.[0] ?? tag;
  return version === "" || version === CLUSTER_VERSIONS[builder] ? builder : `${builder} ${version}`;
}

/** All columns that have results, each builder's together. */
export function columnsOf(recorded: Readonly<Record<string, unknown>>): string[] {
  return BUILDER_NAMES.flatMap((builder) => [
    builder,
    ...Object.keys(recorded)
      .filter((column) => column.startsWith(`${builder} `))
      .sort(),
  ]);
}

export function builderOf(column: string): BuilderName {
  return BUILDER_NAMES.find((builder) => column.split(" ")[0] === builder) ?? "kaniko";
}
