/**
 * What the client knows about how an image was built, as an in-toto statement (in-toto.io/Statement/v1) with SLSA's provenance v1
 * (slsa.dev/spec/v1.0/provenance). Pure. Only the client vouches for it, and it is not signed.
 */
import { createHash } from "node:crypto";
import type { BuildPlan } from "../plan/plan.ts";
import { familiarName } from "../plan/docker/build-contexts.ts";
import { imageReferences } from "../lib/dockerfile/references.ts";
import { parseDockerfile } from "../lib/dockerfile/parse.ts";
import { digestSet, statementOf } from "./statement.ts";
import { shownArguments } from "../plan/hidden-values.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** The type of the predicate. */
export const PROVENANCE = "https://slsa.dev/provenance/v1";

/** A build of a Dockerfile with slipway, as docs/explanation/supply-chain.md describes it. */
export const BUILD_TYPE = "https://slipway.dev/provenance/dockerfile/v1";

export interface BuildTimes {
  readonly startedOn: Date;
  readonly finishedOn: Date;
}

/** @param digest of the image's manifest, `sha256:` and 64 hex digits */
export function provenanceOf(plan: BuildPlan, digest: string, times: BuildTimes): object {
  const attributes = plan.attestations?.find(({ type }) => type === "provenance")?.attributes ?? {};
  const max = attributes["mode"] === "max";
  return statementOf(plan, digest, PROVENANCE, {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: {
        ...sourceOf(plan),
        ...omitUndefined({ target: plan.target, platform: plan.platform }),
        // Everybody who can pull the image can read this: it has values only if they were asked for.
        buildArgs: max ? Object.fromEntries(shownArguments(plan)) : plan.buildArgs.map(([name]) => name).sort(),
        labels: Object.fromEntries(plan.labels),
        secrets: (plan.secrets ?? []).map(({ id }) => id).sort(),
        noCache: plan.noCache,
      },
      internalParameters: { builder: plan.builder, builderImage: plan.builderImage },
      resolvedDependencies: [...repositoryOf(plan), ...basesOf(plan).map(dependencyOf)],
    },
    runDetails: {
      builder: {
        id: builderId(plan),
        version: { slipway: plan.version },
      },
      metadata: {
        invocationId: plan.name,
        startedOn: seconds(times.startedOn),
        finishedOn: seconds(times.finishedOn),
      },
    },
  });
}

/** The Dockerfile. If it is in a repository, the client knows only its path. */
function sourceOf({ dockerfile, repository }: BuildPlan): object {
  if (dockerfile.text !== undefined) {
    return {
      dockerfile: {
        digest: digestSet(
          `sha256:${createHash("sha256")
            .update(dockerfile.bytes ?? dockerfile.text)
            .digest("hex")}`,
        ),
      },
    };
  }
  return { context: repository?.url ?? "", dockerfile: { path: dockerfile.path ?? "Dockerfile" } };
}

/** The repository that was built. The client does not know which commit a branch or tag was when the builder fetched it. */
export function repositoryOf({ repository }: BuildPlan): object[] {
  if (repository === undefined) return [];
  const { remote, ref, commit = ref } = repository;
  const pinned = commit !== undefined && /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/.test(commit);
  const at = ref ?? commit;
  return [
    {
      uri: `git+${remote}${at === undefined ? "" : `@${at}`}`,
      ...(pinned ? { digest: { gitCommit: commit } } : {}),
    },
  ];
}

/** The id from `--provenance builder-id=`, or slipway's own id for the builder. */
export function builderId({ attestations, builder }: Pick<BuildPlan, "attestations" | "builder">): string {
  const { attributes } = attestations?.find(({ type }) => type === "provenance") ?? {};
  return attributes?.["builder-id"] || `https://slipway.dev/builders/${builder}`;
}

/** The base images of the Dockerfile whose names are known. */
export function basesOf({ dockerfile, buildArgs, buildContexts = [], target }: BuildPlan): string[] {
  if (dockerfile.text === undefined) return [];
  const named = imageReferences(parseDockerfile(dockerfile.text), {
    buildArgs: new Map(buildArgs),
    ...omitUndefined({ target }),
  });
  const contexts = new Map(buildContexts.map(({ name, source }) => [name, source]));
  const images = named.flatMap((image) => {
    const source = contexts.get(familiarName(image) ?? image);
    if (source === undefined) return [image];
    return source.kind === "image" ? [source.image] : [];
  });
  return [...new Set(images)];
}

/** It has a digest only if the Dockerfile has one: the client does not know which image a tag was when the builder pulled it. */
function dependencyOf(image: string): object {
  const [name = image, digest] = image.split("@");
  return { uri: `docker-image://${name}`, ...(digest === undefined ? {} : { digest: digestSet(digest) }) };
}

/** RFC 3339 without fractions, the format of SLSA's timestamps. */
export function seconds(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, "Z");
}
