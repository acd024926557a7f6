/** Describes the builders: their images, their privileges in the pod, and what they can build. */
import type { V1Container, V1PodSpec } from "@kubernetes/client-node";
import { DOCKERFILE_FEATURES, canBuild } from "../builders/dockerfile-features.ts";
import { imageVariable, supportsOf } from "../builders/image-version.ts";
import { loadBuilder } from "../builders/table.ts";
import { BUILDER_NAMES, isBuilderName } from "../plan/builder-names.ts";
import type { BuilderName } from "../plan/builder-names.ts";
import { planBuild } from "../plan/plan-build.ts";
import { refuseUnable } from "../plan/docker/capability-needs.ts";
import { InvalidInput } from "../errors.ts";
import { objectsOf } from "../run/objects.ts";
import { NO_DELIVERY } from "../ship/delivery.ts";
import { inputsName } from "../plan/inputs-name.ts";
import { AUTO } from "../plan/transports.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";

export interface BuilderDescription {
  readonly name: string;
  /** The image that a build would use here; absent if one has to be named. */
  readonly image?: string;
  /** The strictest Pod Security level of a namespace that it can build in. */
  readonly podSecurity: "baseline";
  readonly user: number;
  readonly capabilities: readonly string[];
  readonly allowPrivilegeEscalation: boolean;
  /** Absent: the node's default. */
  readonly seccompProfile?: string;
  /** The flags of `docker build` that it supports and not every builder does. */
  readonly flags: readonly string[];
  /** The Dockerfile features that not every builder supports, as they are written, and whether this one does. */
  readonly features: Readonly<Record<string, boolean>>;
  /** The pod of a build whose context travels in a ConfigMap. */
  readonly pod: V1PodSpec;
}

export async function describeBuilders(
  env: Readonly<Record<string, string | undefined>>,
): Promise<BuilderDescription[]> {
  return Promise.all(BUILDER_NAMES.map((name) => describe(name, env)));
}

export interface BuilderImage {
  /** The variable that names it. */
  readonly imageVariable: string;
  /** The one where none is named; absent if nobody publishes one. */
  readonly defaultImage?: string;
}

/** @param name a builder's; of another name nothing is known */
export async function builderImageOf(name: string): Promise<BuilderImage> {
  const defaultImage = isBuilderName(name) ? (await loadBuilder(name)).defaultImage : undefined;
  return { imageVariable: imageVariable(name), ...omitUndefined({ defaultImage }) };
}

async function describe(
  name: BuilderName,
  env: Readonly<Record<string, string | undefined>>,
): Promise<BuilderDescription> {
  const builder = await loadBuilder(name);
  // An empty variable counts as unset, as for a build.
  const image = env[imageVariable(name)] || builder.defaultImage;
  const plan = { ...samplePlan(name, image ?? "IMAGE"), name: "slipway-app" };
  const builderPod = builder.pod(plan, "archive");
  const volume = { name: "context", configMap: { name: inputsName(plan.name) } };
  const { job } = objectsOf(plan, builderPod, { ...NO_DELIVERY, form: "archive", volume });
  const pod = job.spec?.template.spec ?? { containers: [] };
  return { name, ...omitUndefined({ image }), ...security(builderPod.container), pod, ...abilities() };

  function abilities(): Pick<BuilderDescription, "flags" | "features"> {
    const features = Object.entries(DOCKERFILE_FEATURES).map(([feature, { title }]): [string, boolean] => [
      title,
      canBuild(feature as keyof typeof DOCKERFILE_FEATURES, name, image ?? "", builder.defaultImage),
    ]);
    const flags = [...supportsOf(builder, image ?? "")].filter(
      (capability) => capability !== "build" && capability !== "push",
    );
    return { flags: flags.sort(), features: Object.fromEntries(features) };
  }
}

/** The needs of a build that depend on its builder. */
export interface BuilderNeeds {
  readonly files: boolean;
  readonly cacheVolume: boolean;
}

/**
 * @param name of a builder; undefined or auto: the needs of any builder
 * @param asked what builds will use
 * @throws InvalidInput for an unknown builder, or one that cannot do what is asked
 */
export async function needsOfBuilder(
  name: string | undefined,
  asked: { readonly registryCa: boolean; readonly cacheVolume: boolean },
): Promise<BuilderNeeds> {
  const { cacheVolume } = asked;
  if (name === undefined || name === "auto") return { files: true, cacheVolume };
  if (!isBuilderName(name)) {
    throw new InvalidInput(`there is no builder "${name}"`, {
      suggestions: [
        `Choose one of: ${BUILDER_NAMES.join(", ")}; or leave --builder out, for the rights that any of them needs.`,
      ],
    });
  }
  const builders = await Promise.all(BUILDER_NAMES.map(loadBuilder));
  const abilities = new Map(builders.map((builder) => [builder.name, builder.supports]));
  if (cacheVolume) refuseUnable(name, { cacheVolume: "any" }, abilities);
  const { mountsFiles } = await loadBuilder(name);
  return { files: mountsFiles === true || asked.registryCa, cacheVolume };
}

function security({
  securityContext,
}: V1Container): Pick<
  BuilderDescription,
  "podSecurity" | "user" | "capabilities" | "allowPrivilegeEscalation" | "seccompProfile"
> {
  const profile = securityContext?.seccompProfile?.type;
  return {
    podSecurity: "baseline",
    user: securityContext?.runAsUser ?? 0,
    capabilities: securityContext?.capabilities?.add ?? [],
    allowPrivilegeEscalation: securityContext?.allowPrivilegeEscalation ?? true,
    ...omitUndefined({ seccompProfile: profile }),
  };
}

function samplePlan(builder: BuilderName, builderImage: string): ReturnType<typeof planBuild> {
  return planBuild(
    {
      path: ".",
      tags: ["registry.example.com/app:1.0"],
      buildArgs: [],
      labels: [],
      noCache: false,
      builder,
      helperImage: "busybox:stable",
      transport: AUTO,
      volumeSize: "10Gi",
      timeout: "2h",
      ttl: "1h",
      insecureRegistries: [],
    },
    { context: { root: ".", ignoreFile: undefined }, dockerfile: { path: "Dockerfile", text: "FROM scratch\n" } },
    { env: {}, builderImage, user: "", version: "0" },
  );
}
