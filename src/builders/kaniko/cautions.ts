/** Warnings about what kaniko leaves out of an image, where slipway cannot know whether it is asked for. */
import type { BuildPlan } from "../../plan/plan.ts";
import { parseDockerfile } from "../../lib/dockerfile/parse.ts";
import { findPodFileUses } from "../../lib/dockerfile/pod-files.ts";
import { repositoryCautions } from "./repository.ts";

export function kanikoCautions(plan: BuildPlan): string[] {
  return [...repositoryCautions(plan), ...podFileCautions(plan)];
}

function podFileCautions({ dockerfile: { text }, buildArgs }: BuildPlan): string[] {
  if (text === undefined) return [];
  return findPodFileUses(parseDockerfile(text), new Map(buildArgs)).flatMap(({ use, line }) =>
    use.kind === "stage"
      ? [
          `Dockerfile line ${line}: kaniko leaves /etc/hosts, /etc/hostname and /etc/resolv.conf out of the image, should that COPY bring them`,
        ]
      : [],
  );
}
