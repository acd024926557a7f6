/** The OCI layouts of `--build-context NAME=oci-layout://PATH[:TAG][@DIGEST]`: which manifest each of them means. */
import { join, resolve } from "node:path";
import { InvalidInput } from "../errors.ts";
import { whyNot } from "../lib/files/read-file.ts";
import { readRegularFile } from "../lib/files/regular-file.ts";
import { buildContextsOf } from "./docker/build-contexts.ts";
import type { LayoutSource } from "./docker/options.ts";
import type { OciLayout } from "./plan.ts";

/** The annotation with a manifest's tag: https://github.com/opencontainers/image-spec/blob/v1.1.0/annotations.md */
const REF_NAME = "org.opencontainers.image.ref.name";

/** The tag that is looked for if none is given, as in buildx. */
const DEFAULT_TAG = "latest";

interface Index {
  readonly manifests?: readonly {
    readonly digest?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

/** @param values as typed @throws InvalidInput for a path that is not an OCI layout here, and for a tag that it does not have */
export async function readLayouts(values: readonly string[]): Promise<OciLayout[]> {
  const read = buildContextsOf(values).map(async ({ name, source }, number) =>
    source.kind === "layout"
      ? [{ number, root: resolve(source.path), digest: source.digest ?? (await digestIn(name, source)) }]
      : [],
  );
  return (await Promise.all(read)).flat();
}

async function digestIn(name: string, { path, tag = DEFAULT_TAG }: LayoutSource): Promise<string> {
  const { manifests = [] } = await readIndex(name, path);
  const tagged = manifests.find(({ annotations }) => annotations?.[REF_NAME] === tag);
  const digest = (tagged ?? (tag === DEFAULT_TAG && manifests.length === 1 ? manifests[0] : undefined))?.digest;
  if (digest !== undefined && /^sha256:[0-9a-f]{64}$/.test(digest)) return digest;
  const tags = manifests.flatMap(({ annotations }) => annotations?.[REF_NAME] ?? []);
  throw new InvalidInput(`failed to get build context ${name}: the OCI layout "${path}" has no tag "${tag}"`, {
    docker: "refuses",
    suggestions: [
      tags.length === 0
        ? `Give the digest of a manifest: oci-layout://${path}@sha256:…`
        : `It has: ${tags.join(", ")}. Write oci-layout://${path}:${tags[0]}`,
    ],
  });
}

async function readIndex(name: string, path: string): Promise<Index> {
  try {
    return JSON.parse((await readRegularFile(join(path, "index.json"))).toString()) as Index;
  } catch (error) {
    const reason = error instanceof SyntaxError ? "has an index.json that is not JSON" : whyNot(error);
    throw new InvalidInput(`failed to get build context ${name}: path "${path}" ${reason}`, {
      docker: "refuses",
      suggestions: [
        "Give the directory that has index.json, such as `skopeo copy docker://IMAGE oci:DIRECTORY` makes.",
      ],
      cause: error,
    });
  }
}
