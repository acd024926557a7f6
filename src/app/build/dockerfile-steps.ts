/** What a build shows of its Dockerfile: its steps, and the lines that failed. */
import type { Builder } from "../../builders/builder.ts";
import type { StepReader } from "../../builders/steps/reader.ts";
import { dockerfileExcerpt } from "../../lib/dockerfile/excerpt.ts";
import { lineOf } from "../../lib/dockerfile/locate.ts";
import { findTarget, parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { planSteps, textOf } from "../../lib/dockerfile/plan-steps.ts";
import { dockerfileName } from "../../plan/dockerfile-name.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import { stageHints } from "./known-faults.ts";
import type { Reporter } from "../../run/report-end.ts";

/** Reads the builder's log as the steps of the plan's Dockerfile. */
export function stepsOf({ dockerfile: { text }, target, buildArgs }: BuildPlan, builder: Builder): StepReader {
  if (text === undefined) return builder.steps([]);
  return builder.steps(planSteps(parseDockerfile(text), { target, buildArgs: new Map(buildArgs) }));
}

/** What `--check` finds in the plan's Dockerfile, as BuildKit reports it after a build: `RULE: what (line N)`. */
export async function dockerfileWarnings({
  dockerfile: { text },
  target,
  buildArgs,
}: Pick<BuildPlan, "dockerfile" | "target" | "buildArgs">): Promise<string[]> {
  if (text === undefined) return [];
  const { runChecks } = await import("../../lib/dockerfile/checks/rules.ts");
  const dockerfile = parseDockerfile(text);
  const argument = new Map(buildArgs).get("BUILDKIT_DOCKERFILE_CHECK");
  const findings = runChecks(dockerfile, text, { argument, target: findTarget(dockerfile, target) });
  return findings.map(({ rule, detail, line }) => `${rule}: ${detail} (line ${line})`);
}

/** Finds the line of a failure and shows it with its neighbours. The Dockerfile is parsed again only for a build that failed. */
export function failedLines(
  plan: BuildPlan,
): Pick<Reporter, "file" | "lineOf" | "instructionAt" | "excerptOf" | "hintsFor"> {
  const { dockerfile, buildArgs } = plan;
  const { text } = dockerfile;
  if (text === undefined) return {};
  const file = dockerfileName(dockerfile.path);
  return {
    file,
    lineOf: (place) => lineOf(place, parseDockerfile(text), new Map(buildArgs)),
    instructionAt: (line) => {
      const instruction = parseDockerfile(text).instructions.find((one) => one.line === line);
      return instruction === undefined ? undefined : textOf(instruction);
    },
    hintsFor: (line) =>
      stageHints(plan)
        .filter((found) => line === undefined || line === found.line)
        .map(({ hint }) => hint),
    excerptOf: (line) => dockerfileExcerpt(file, parseDockerfile(text), text, line),
  };
}
