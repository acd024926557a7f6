/** The needs of each builder in a test: a base image it can pull, a registry it can push to, flags for them. */
import { BUSYBOX, REGISTRY, environment } from "./build.ts";
import { readImage } from "./registry.ts";
import type { Image } from "./registry.ts";

export type BuilderName = "kaniko" | "buildkit" | "buildah" | "img" | "makisu";

export interface TestBuilder {
  readonly name: BuilderName;
  /** busybox. */
  readonly base: string;
  readonly registry: string;
  readonly flags: readonly string[];
  readonly read: (reference: string) => Promise<Image>;
}

const plain = (name: BuilderName): TestBuilder => ({
  name,
  base: BUSYBOX,
  registry: REGISTRY,
  flags: [`--builder=${name}`],
  read: (reference) => readImage(reference),
});

/** img only pulls over verified https. */
export function testBuilder(name: BuilderName): TestBuilder {
  if (name !== "img") return plain(name);
  const registry = environment("REGISTRY_TLS");
  return {
    name,
    base: `${registry}/busybox:1.35`,
    registry,
    flags: ["--builder=img", "--registry-ca", environment("REGISTRY_CA")],
    read: (reference) => readImage(reference, { scheme: "https" }),
  };
}
