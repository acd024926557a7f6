/** Finds the features of a Dockerfile that not every builder supports. */
import { copiesWholeContext, copyFeatures } from "./copy-features.ts";
import type { Instruction } from "./instruction.ts";
import { KnownDirectories } from "./known-directories.ts";
import { mountFeatures } from "./mount-features.ts";
import type { Dockerfile } from "./parse.ts";
import { stageScopes } from "./stage-scope.ts";
import type { StageScope } from "./stage-scope.ts";
import { jsonStrings, splitWords } from "./words.ts";

export type Feature =
  | "add-checksum"
  | "add-git"
  | "add-keep-git-dir"
  | "add-unpack"
  | "add-url"
  | "arg-platform"
  | "arg-platform-from"
  | "copy-chmod"
  | "copy-chmod-special"
  | "copy-chmod-symbolic"
  | "copy-chmod-symbolic-directory"
  | "copy-control-character"
  | "copy-exclude"
  | "copy-link"
  | "copy-parents"
  | "copy-pod-file"
  | "escape"
  | "from-platform"
  | "from-platform-fixed"
  | "heredoc"
  | "mount-bind"
  | "mount-bind-from"
  | "mount-cache"
  | "mount-cache-from"
  | "mount-made"
  | "mount-relative"
  | "mount-secret"
  | "mount-secret-target"
  | "mount-ssh"
  | "mount-tmpfs"
  | "mount-tmpfs-size"
  | "onbuild"
  | "run-hostname"
  | "run-json"
  | "run-network-default"
  | "run-network-host"
  | "run-network-none"
  | "run-security"
  | "run-security-sandbox"
  | "shell"
  | "stopsignal";

export interface FeatureUse {
  readonly feature: Feature;
  /** 1-based. */
  readonly line: number;
  /** How to write it so that more builders can do it: an instruction. */
  readonly remedy?: string;
}

type Use = Omit<FeatureUse, "line">;

/**
 * Pure. Sorted by line; each feature at most once per line.
 * @param buildArgs values of --build-arg
 */
export function findFeatures(dockerfile: Dockerfile, buildArgs?: ReadonlyMap<string, string>): FeatureUse[] {
  const uses: FeatureUse[] = [];
  if (dockerfile.escape !== "\\") uses.push({ feature: "escape", line: 1 });
  const add = (found: readonly Use[], line: number): void => {
    const own = found.filter(({ feature }, at) => found.findIndex((use) => use.feature === feature) === at);
    uses.push(...own.map((use) => ({ ...use, line })));
  };
  const scopeOf = stageScopes(dockerfile, buildArgs);
  for (const { keyword, operand, line } of dockerfile.globals) {
    if (keyword === "ARG") add(argumentFeatures(operand, dockerfile.escape), line);
  }
  for (const stage of dockerfile.stages) {
    add(fromFeatures(stage.from), stage.from.line);
    const scope = scopeOf(stage);
    for (const instruction of stage.instructions) {
      const { trigger } = instruction;
      // A trigger runs in a stage that starts from this image, whose directories are not known.
      const found =
        trigger === undefined
          ? featuresOf(instruction, scope)
          : [
              { feature: "onbuild" } as const,
              ...featuresOf(trigger, { ...scope, directories: new KnownDirectories() }),
            ];
      add(found, instruction.line);
      scope.observe(instruction);
    }
  }
  const instructions = dockerfile.stages.flatMap((stage) => stage.instructions);
  const copiesAll = instructions.some((instruction) => copiesWholeContext(instruction, dockerfile.escape));
  return copiesAll ? uses.filter(({ feature }) => feature !== "copy-control-character") : uses;
}

function fromFeatures({ flags, operand }: Instruction): Use[] {
  return [
    ...flags.flatMap(({ name, value }) => (name === "platform" ? platformFeature(value) : [])),
    ...(PLATFORM_VARIABLE.test(operand) ? ([{ feature: "arg-platform-from" }] as const) : []),
  ];
}

function argumentFeatures(operand: string, escape: string): Use[] {
  const asks = splitWords(operand, escape).some((word) => PLATFORM_ARGUMENT.test(word));
  return asks ? [{ feature: "arg-platform" }] : [];
}

function featuresOf(instruction: Instruction, scope: StageScope): Use[] {
  const heredoc: Use[] = instruction.heredocs.length > 0 ? [{ feature: "heredoc" }] : [];
  const { flags, operand } = instruction;
  switch (instruction.keyword) {
    case "RUN":
      return [
        ...heredoc,
        ...flags.flatMap(({ name, value }) => runFeatures(instruction, name, value ?? "", scope)),
        ...(jsonStrings(operand) !== undefined ? ([{ feature: "run-json" }] as const) : []),
        ...(writesHostname([operand, ...instruction.heredocs.map(({ content }) => content)].join("\n"))
          ? ([{ feature: "run-hostname" }] as const)
          : []),
      ];
    case "COPY":
    case "ADD":
      return [...heredoc, ...copyFeatures(instruction, scope)];
    case "ARG":
      return argumentFeatures(operand, scope.escape);
    case "SHELL":
      return [{ feature: "shell" }];
    case "STOPSIGNAL":
      return /^\d+$/.test(operand) ? [] : [{ feature: "stopsignal" }];
    default:
      return [];
  }
}

/** `--platform=$BUILDPLATFORM` is the node's own platform; a literal one may differ from it. */
function platformFeature(value: string | undefined): Use[] {
  return [{ feature: value?.includes("$") === true ? "from-platform" : "from-platform-fixed" }];
}

function runFeatures(instruction: Instruction, name: string, value: string, scope: StageScope): Use[] {
  if (name === "security") return [{ feature: value === "sandbox" ? "run-security-sandbox" : "run-security" }];
  if (name === "network") {
    return [{ feature: value === "none" || value === "host" ? `run-network-${value}` : "run-network-default" }];
  }
  return name === "mount" ? mountFeatures(instruction, value, scope) : [];
}

/** Whether a shell redirects into it, or calls tee with it. */
function writesHostname(script: string): boolean {
  let isTarget = false;
  let isTee = false;
  return script.split(/\s+/).some((word) => {
    if (/>["']?\/etc\/hostname(?![\w.-])/.test(word)) return true;
    if (isTarget && /^["']?\/etc\/hostname(?![\w.-])/.test(word)) return true;
    isTee = /\btee$/.test(word) || (isTee && /^-./.test(word));
    isTarget = isTee || word.endsWith(">");
    return false;
  });
}

/** Arguments that BuildKit sets itself (its frontend/dockerfile/dockerfile2llb: platform arguments). */
const PLATFORM_ARGUMENT = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)(?:=|$)/;

/** The same arguments, where they are used. */
const PLATFORM_VARIABLE = /\$\{?(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)(?![A-Za-z0-9_])/;
