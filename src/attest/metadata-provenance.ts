/**
 * `buildx.build.provenance` of the metadata file: what the client knows about how the image was built, in the format in which buildx
 * writes BuildKit's provenance (SLSA provenance v0.2, buildx build/provenance.go). Pure.
 */
import type { BuildPlan } from "../plan/plan.ts";
import { parseReference } from "../lib/image/reference.ts";
import { parseBool } from "../lib/pflag/parse-bool.ts";
import { BUILD_TYPE, basesOf, builderId, repositoryOf, seconds } from "./provenance.ts";
import type { BuildTimes } from "./provenance.ts";
import { shownArguments } from "../plan/hidden-values.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

/** How much of it: `min` leaves out the parts that differ in every build. */
export type MetadataProvenance = "min" | "max" | "disabled";

/** @param text of BUILDX_METADATA_PROVENANCE; another value means `min`, and a boolean false means `disabled` (buildx util/confutil) */
export function metadataProvenanceOf(text = ""): MetadataProvenance {
  if (text === "max" || text === "disabled") return text;
  return parseBool(text) === false ? "disabled" : "min";
}

/** @param platform of the image, if it is known */
export function metadataProvenance(
  plan: BuildPlan,
  mode: Exclude<MetadataProvenance, "disabled">,
  times: BuildTimes,
  platform: string | undefined,
): object {
  const args = argumentsOf(plan);
  const secrets = (plan.secrets ?? []).map(({ id }) => ({ id, optional: true }));
  return {
    builder: { id: builderId(plan) },
    buildType: BUILD_TYPE,
    materials: [...repositoryOf(plan), ...basesOf(plan).map((image) => materialOf(image, platform))],
    invocation: {
      configSource: { entryPoint: entryPointOf(plan.dockerfile) },
      parameters: {
        frontend: "dockerfile.v0",
        ...(Object.keys(args).length === 0 ? {} : { args }),
        ...(secrets.length === 0 ? {} : { secrets }),
        locals: [{ name: "context" }, { name: "dockerfile" }],
      },
      environment: omitUndefined({ platform }),
    },
    ...(mode === "max"
      ? {
          metadata: {
            buildInvocationID: plan.name,
            buildStartedOn: seconds(times.startedOn),
            buildFinishedOn: seconds(times.finishedOn),
            // Only the builder knows which image a base's tag stood for, and what else it fetched.
            completeness: { parameters: true, environment: false, materials: false },
            reproducible: false,
          },
        }
      : {}),
  };
}

/** The command line, in the names of docker's frontend. */
function argumentsOf(plan: BuildPlan): Record<string, string> {
  const { labels, target, noCache, hosts = [] } = plan;
  const named: Record<string, string> = {
    ...(hosts.length === 0 ? {} : { "add-hosts": hosts.map(({ host, ip }) => `${host}=${ip}`).join(",") }),
    ...Object.fromEntries(shownArguments(plan).map(([name, value]) => [`build-arg:${name}`, value])),
    ...Object.fromEntries(labels.map(([key, value]) => [`label:${key}`, value])),
    ...(noCache ? { "no-cache": "" } : {}),
    ...omitUndefined({ target }),
  };
  return Object.fromEntries(Object.entries(named).toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

function entryPointOf({ path = "Dockerfile" }: BuildPlan["dockerfile"]): string {
  return path.slice(path.lastIndexOf("/") + 1);
}

/** A package URL (github.com/package-url/purl-spec, type docker). It has a digest only if the Dockerfile has one. */
function materialOf(image: string, platform: string | undefined): object {
  try {
    const reference = parseReference(image);
    const { tag, digest } = reference;
    const [name = ""] = reference.toFamiliarString().split("@");
    const [algorithm = "", hex = ""] = (digest ?? "").split(":");
    const qualifiers = [
      ...(digest === undefined ? [] : [`digest=${digest}`]),
      ...(platform === undefined ? [] : [`platform=${encodeURIComponent(platform)}`]),
    ];
    const path = tag === undefined ? name : name.slice(0, -tag.length - 1);
    const query = qualifiers.length === 0 ? "" : `?${qualifiers.join("&")}`;
    const uri = `pkg:docker/${path}${tag === undefined ? "" : `@${tag}`}${query}`;
    return { uri, ...(digest === undefined ? {} : { digest: { [algorithm]: hex } }) };
  } catch {
    // A name that only the builder can resolve.
    return { uri: image };
  }
}
