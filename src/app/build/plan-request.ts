/** From a request to a plan and its builder: the builder that was named, or the first that can do the build. */
import { refuseLongArguments } from "../../builders/argument-length.ts";
import { refuseFeatures } from "../../builders/dockerfile-features.ts";
import type { Builder } from "../../builders/builder.ts";
import { imageVariable, laterImages, supportsOf } from "../../builders/image-version.ts";
import { loadBuilder } from "../../builders/table.ts";
import { BUILDER_NAMES, isBuilderName } from "../../plan/builder-names.ts";
import type { BuilderName } from "../../plan/builder-names.ts";
import type { BuildInputs } from "../../plan/gather.ts";
import { resolveFrontendArguments } from "../../plan/build-args.ts";
import { withCacheFlags } from "./cache-flag.ts";
import { refusePodFiles } from "./pod-files.ts";
import { withGitToken } from "../../plan/git-token.ts";
import { planBuild } from "../../plan/plan-build.ts";
import type { PlanFacts } from "../../plan/plan-build.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { capabilityNeeds, refuseUnable } from "../../plan/docker/capability-needs.ts";
import type { BuilderAbilities } from "../../plan/docker/capability-needs.ts";
import { findFeatures } from "../../lib/dockerfile/features.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { BuilderUnable, InvalidInput } from "../../errors.ts";

export interface PlannedRequest {
  readonly plan: BuildPlan;
  readonly builder: Builder;
}

/**
 * @param say told which builder was chosen, and why, if none was named and it is not the first in order
 * @param sayExpected told which builder was chosen, if none was named and no other was tried before
 * @throws InvalidInput for a part of the request that cannot be done
 */
export async function planRequest(
  request: BuildRequest,
  inputs: BuildInputs,
  facts: Omit<PlanFacts, "builderImage">,
  say: (message: string) => void,
  sayExpected: (message: string) => void = () => {},
): Promise<PlannedRequest> {
  if (request.keep !== undefined) {
    const builder = keepingBuilder(request.builder);
    const planned = await planWith({ ...request, builder }, inputs, facts);
    if (request.builder === "auto") sayExpected(`building with ${builder}`);
    return planned;
  }
  if (request.builder !== "auto") return planWith(request, inputs, facts);
  if (request.builderImage !== undefined) {
    throw new InvalidInput(
      "--builder-image is the image of one builder, but --builder auto does not say which builder that is",
      {
        suggestions: [
          "Name the builder with --builder, or set the image of each in SLIPWAY_KANIKO_IMAGE, SLIPWAY_BUILDKIT_IMAGE and so on.",
        ],
      },
    );
  }
  const reasons: string[] = [];
  for (const builder of orderOf(facts.env, request.builderOrder)) {
    try {
      const planned = await planWith({ ...request, builder }, inputs, facts);
      if (reasons.length > 0) say(`building with ${builder}: ${reasons.join("; ")}`);
      else sayExpected(`building with ${builder}`);
      return planned;
    } catch (error) {
      if (!(error instanceof BuilderUnable)) throw error;
      reasons.push(error.line === undefined ? error.reason : `${error.reason} (line ${error.line})`);
    }
  }
  throw new InvalidInput("no builder can do this build", { suggestions: reasons });
}

/** A registry that cannot exist: not every builder can make an image without a name. */
const UNUSED_REGISTRY = "registry.invalid";

/** The only builder with a daemon that can stay. @throws BuilderUnable for any other, InvalidInput for a name that is none */
export function keepingBuilder(builder: string): BuilderName {
  if (builder === "auto" || builder === "buildkit") return "buildkit";
  refuseUnknown(builder);
  throw new BuilderUnable(`${builder} cannot stay for the next build (--keep): it has no daemon`, {
    suggestions: ["Use --builder buildkit, or leave out --keep."],
  });
}

/** The same for a pod that makes no image: the plan has no image name, and no registry for it. */
export async function planUnnamed(
  request: BuildRequest,
  inputs: BuildInputs,
  facts: Omit<PlanFacts, "builderImage">,
  say: (message: string) => void,
): Promise<PlannedRequest> {
  const { plan, builder } = await planRequest({ ...request, tags: [`${UNUSED_REGISTRY}/app`] }, inputs, facts, say);
  const hosts = plan.registries.hosts.filter((host) => host !== UNUSED_REGISTRY);
  return { plan: { ...plan, tags: [], registries: { ...plan.registries, hosts } }, builder };
}

/** The user's order of preference; the table's order if there is none. */
function orderOf(env: PlanFacts["env"], configured: readonly string[] = BUILDER_NAMES): BuilderName[] {
  const text = env["SLIPWAY_BUILDER_ORDER"] ?? "";
  const own = text.trim() !== "";
  return (own ? text.split(/[\s,]+/) : configured).flatMap((name) => {
    if (name === "") return [];
    if (isBuilderName(name)) return [name];
    throw new InvalidInput(
      `${own ? "SLIPWAY_BUILDER_ORDER" : "builder-order"} names "${name}", which is not a builder`,
      {
        suggestions: [`Use some of: ${BUILDER_NAMES.join(", ")}.`],
      },
    );
  });
}

async function planWith(
  request: BuildRequest,
  inputs: BuildInputs,
  facts: Omit<PlanFacts, "builderImage">,
): Promise<PlannedRequest> {
  const builder = await builderOf(request.builder);
  const builderImage = imageOf(builder, request, facts.env);
  const { frontend = false } = builder;
  const supports = supportsOf(builder, builderImage);
  const asked = planBuild(withCacheFlags(request, builder), inputs, { ...facts, builderImage });
  const plan = resolveFrontendArguments(builder.gitTokenInVariable === true ? withGitToken(asked) : asked, {
    frontend,
    inlineCache: supports.has("cache-inline"),
  });
  if (plan.restricted === true && builder.whyNotRestricted !== undefined) {
    throw new BuilderUnable(`${builder.name} cannot build in a restricted pod: ${builder.whyNotRestricted}`, {
      suggestions: [
        "Use --builder kaniko.",
        "Or build in a namespace of level baseline, without --security restricted.",
      ],
    });
  }
  builder.check?.(plan);
  const later = laterImages(builder, plan.builderImage);
  refuseUnable(plan.builder, plan, await abilities(builder, plan, facts.env), later);
  const { text } = plan.dockerfile;
  if (text !== undefined) {
    const features = findFeatures(parseDockerfile(text), new Map(plan.buildArgs));
    refuseFeatures(features, plan.builder, plan.builderImage, builder.defaultImage, plan.keepSeconds !== undefined);
    await refusePodFiles(plan, builder);
  }
  refuseLongArguments(plan, builder);
  return { plan, builder };
}

async function builderOf(name: string): Promise<Builder> {
  refuseUnknown(name);
  return loadBuilder(name);
}

/** @throws InvalidInput for a name that is not a builder's */
function refuseUnknown(name: string): asserts name is BuilderName {
  if (isBuilderName(name)) return;
  throw new InvalidInput(`there is no builder "${name}"`, {
    docker: "refuses",
    suggestions: [`Choose one of: ${BUILDER_NAMES.join(", ")}, or auto for the first that can do this build.`],
  });
}

/** The builder's image: from the command line, the environment, the configuration, or its default. */
function imageOf(
  builder: Builder,
  { builderImage, images }: Pick<BuildRequest, "builderImage" | "images">,
  env: PlanFacts["env"],
): string {
  const variable = imageVariable(builder.name);
  const image = builderImage ?? (env[variable] || images?.[builder.name]) ?? builder.defaultImage;
  if (image !== undefined) return image;
  throw new BuilderUnable(`${builder.name} no longer has a published image`, {
    suggestions: [
      `Build your own and name it with --builder-image or ${variable}: see docs/guides/${builder.name}-image.md.`,
    ],
  });
}

/** The abilities of the builders. The others are loaded only when this one cannot do everything that is asked. */
async function abilities(builder: Builder, plan: BuildPlan, env: PlanFacts["env"]): Promise<BuilderAbilities> {
  const own = supportsOf(builder, plan.builderImage);
  if (capabilityNeeds(plan).every(({ capability }) => own.has(capability))) return new Map([[builder.name, own]]);
  const all = await Promise.all(BUILDER_NAMES.map(loadBuilder));
  return new Map(
    all.map((other) => {
      const image = env[imageVariable(other.name)] || (other.defaultImage ?? "");
      return [other.name, other.name === builder.name ? own : supportsOf(other, image)];
    }),
  );
}
