/** Turns a plan into a request to a BuildKit daemon, with the attributes that buildctl gets in a pod of one build. Pure. */
import type { SolveRequest } from "../../lib/buildkit/messages.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { ImageAttributes } from "../../plan/docker/options.ts";
import { contextArguments, imageAttributes, optionArguments, platformOption, writtenAs } from "./arguments.ts";

/** Names of the trees that the daemon asks for. */
export const CONTEXT_TREE = "context";
export const DOCKERFILE_TREE = "dockerfile";

export function namedTree(number: number): string {
  return `named-${number}`;
}

type Attributes = [name: string, value: string][];

export interface Exporter {
  readonly type: "image" | "docker" | "oci" | "tar";
  readonly attrs: ReadonlyMap<string, string>;
}

/**
 * Returns the exporters: first the image, because its digest is the build's result, then one for each of the plan's exports in their
 * order, so that the exporter's index identifies the export.
 */
export function exportersOf(plan: BuildPlan): Exporter[] {
  const { names, annotations, image } = imageAttributes(plan);
  return [
    { type: "image", attrs: new Map([...levelFor(plan, plan.imageAttributes), ...image]) },
    ...(plan.exports ?? []).map((wanted): Exporter => {
      if (wanted.kind === "files") return { type: "tar", attrs: new Map() };
      const { format, attributes } = wanted;
      const how = [...levelFor(plan, attributes), ...names, ...writtenAs(attributes)];
      return { type: format, attrs: new Map(format === "docker" ? how : [...how, ...annotations]) };
    }),
  ];
}

/**
 * BuildKit's own level is 6, and most of a second build is then the compression of the layer that has changed. Level 4 takes half the time,
 * and the layer becomes up to 6 % larger. An image that is to be the same wherever it is built has BuildKit's own level.
 */
const QUICK_LEVEL = "4";

function levelFor({ buildArgs }: BuildPlan, attributes: ImageAttributes = {}): Attributes {
  const isReproducible = buildArgs.some(([name]) => name === "SOURCE_DATE_EPOCH");
  const isGiven = attributes["compression-level"] !== undefined || (attributes["compression"] ?? "gzip") !== "gzip";
  return isReproducible || isGiven ? [] : [["compression-level", QUICK_LEVEL]];
}

/**
 * @param dockerfileName what the Dockerfile is called in messages; undefined where the builder fetches it
 * @param inputs the trees that are in the request
 */
export function solveRequest(
  plan: BuildPlan,
  ref: string,
  session: string,
  dockerfileName: string | undefined,
  inputs: NonNullable<SolveRequest["frontendInputs"]> = [],
): SolveRequest {
  const attrs: Attributes = [...sourceOf(plan, dockerfileName)];
  for (const text of platformOption(plan)) attrs.push(["platform", text]);
  if (plan.target !== undefined) attrs.push(["target", plan.target]);
  for (const [name, value] of plan.buildArgs) attrs.push([`build-arg:${name}`, value]);
  for (const [key, value] of plan.labels) attrs.push([`label:${key}`, value]);
  if (plan.noCache) attrs.push(["no-cache", ""]);
  // Only `--opt=NAME=VALUE` is for the frontend. Caches, agents and directories have their own fields.
  for (const argument of [...contextArguments(plan, ""), ...optionArguments(plan)]) {
    const [, name, value] = /^--opt=([^=]+)=([^]*)$/.exec(argument) ?? [];
    if (name !== undefined && value !== undefined) attrs.push([name, value]);
  }
  const imports = (plan.cacheFrom ?? []).map(({ type, attributes }) => ({ Type: type, Attrs: attributes }));
  // The frontend solves the steps, so it is the one that has to know them (buildkit client/solve.go, frontend/dockerui: config.go).
  if (imports.length > 0) attrs.push(["cache-imports", JSON.stringify(imports)]);
  const exporters = exportersOf(plan);
  const entry = ({
    type,
    attributes,
  }: {
    readonly type: string;
    readonly attributes: Readonly<Record<string, string>>;
  }) => ({
    type,
    attrs: new Map(Object.entries(attributes)),
  });
  const [first] = exporters;
  return {
    ref,
    session,
    // Without a record in the daemon's history, which nothing here reads and which the answer would wait for.
    internal: true,
    frontend: "dockerfile.v0",
    frontendInputs: inputs,
    frontendAttrs: new Map(attrs),
    exporters,
    // For daemons that know one exporter only (buildkit client/solve.go).
    ...(first === undefined ? {} : { exporterDeprecated: first.type, exporterAttrsDeprecated: first.attrs }),
    cache: { imports: (plan.cacheFrom ?? []).map(entry), exports: (plan.cacheTo ?? []).map(entry) },
  };
}

function sourceOf({ repository, dockerfile }: BuildPlan, dockerfileName: string | undefined): Attributes {
  if (repository === undefined) return [["filename", dockerfileName ?? "Dockerfile"]];
  return [
    ["context", repository.url],
    ...(dockerfile.path === undefined ? [] : [["filename", dockerfile.path] as [string, string]]),
  ];
}
