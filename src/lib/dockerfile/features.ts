/** Finds the features of a Dockerfile that not every builder supports. */
import type { Instruction } from "./instruction.ts";
import type { Dockerfile } from "./parse.ts";
import { jsonStrings, mountFields, splitWords, unquote } from "./words.ts";

export type Feature =
  | "add-checksum"
  | "add-git"
  | "add-keep-git-dir"
  | "add-unpack"
  | "add-url"
  | "arg-platform"
  | "arg-platform-from"
  | "copy-chmod"
  | "copy-exclude"
  | "copy-link"
  | "copy-parents"
  | "escape"
  | "from-platform"
  | "from-platform-fixed"
  | "heredoc"
  | "mount-bind"
  | "mount-bind-from"
  | "mount-cache"
  | "mount-secret"
  | "mount-ssh"
  | "mount-tmpfs"
  | "mount-tmpfs-size"
  | "onbuild"
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
}

/** Pure. Sorted by line; each feature at most once per line. */
export function findFeatures(dockerfile: Dockerfile): FeatureUse[] {
  const uses: FeatureUse[] = [];
  if (dockerfile.escape !== "\\") uses.push({ feature: "escape", line: 1 });
  for (const instruction of dockerfile.instructions) {
    const found = new Set<Feature>();
    if (instruction.keyword === "ONBUILD") found.add("onbuild");
    for (const feature of featuresOf(instruction.trigger ?? instruction, dockerfile)) found.add(feature);
    for (const feature of found) uses.push({ feature, line: instruction.line });
  }
  return uses;
}

function featuresOf(instruction: Instruction, dockerfile: Dockerfile): Feature[] {
  const heredoc: Feature[] = instruction.heredocs.length > 0 ? ["heredoc"] : [];
  switch (instruction.keyword) {
    case "FROM":
      return [
        ...instruction.flags.flatMap(({ name, value }) => (name === "platform" ? platformFeature(value) : [])),
        ...(PLATFORM_VARIABLE.test(instruction.operand) ? (["arg-platform-from"] as const) : []),
      ];
    case "RUN":
      return [
        ...heredoc,
        ...instruction.flags.flatMap((flag): Feature[] => runFeature(flag.name, flag.value ?? "", dockerfile.escape)),
        ...(jsonStrings(instruction.operand) !== undefined ? (["run-json"] as const) : []),
      ];
    case "COPY":
    case "ADD":
      return [
        ...heredoc,
        ...instruction.flags.flatMap((flag): Feature[] => copyFeature(flag.name, flag.value ?? "")),
        ...(instruction.keyword === "ADD" ? sourceFeatures(instruction.operand, dockerfile.escape) : []),
      ];
    case "ARG":
      return splitWords(instruction.operand, dockerfile.escape).some((word) => PLATFORM_ARGUMENT.test(word))
        ? ["arg-platform"]
        : [];
    case "SHELL":
      return ["shell"];
    case "STOPSIGNAL":
      return /^\d+$/.test(instruction.operand) ? [] : ["stopsignal"];
    default:
      return [];
  }
}

/** `--platform=$BUILDPLATFORM` is the node's own platform; a literal one may differ from it. */
function platformFeature(value: string | undefined): Feature[] {
  return [value?.includes("$") === true ? "from-platform" : "from-platform-fixed"];
}

function runFeature(name: string, value: string, escape: string): Feature[] {
  if (name === "security") return [value === "sandbox" ? "run-security-sandbox" : "run-security"];
  if (name === "network") {
    return [value === "none" || value === "host" ? `run-network-${value}` : "run-network-default"];
  }
  if (name !== "mount") return [];
  const fields = mountFields(value, escape);
  switch (fields.get("type") ?? "bind") {
    case "cache":
      return ["mount-cache"];
    case "secret":
      return ["mount-secret"];
    case "ssh":
      return ["mount-ssh"];
    case "tmpfs":
      return fields.has("size") ? ["mount-tmpfs", "mount-tmpfs-size"] : ["mount-tmpfs"];
    default:
      return [fields.has("from") ? "mount-bind-from" : "mount-bind"];
  }
}

const COPY_FLAGS: Readonly<Record<string, Feature>> = {
  checksum: "add-checksum",
  chmod: "copy-chmod",
  exclude: "copy-exclude",
  "keep-git-dir": "add-keep-git-dir",
  link: "copy-link",
  parents: "copy-parents",
  unpack: "add-unpack",
};

/** Arguments that BuildKit sets itself (its frontend/dockerfile/dockerfile2llb: platform arguments). */
const PLATFORM_ARGUMENT = /^(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)(?:=|$)/;

/** The same arguments, where they are used. */
const PLATFORM_VARIABLE = /\$\{?(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT)(?![A-Za-z0-9_])/;

function copyFeature(name: string, value: string): Feature[] {
  // Only --unpack has a meaning when it is off.
  const asked = value !== "false" || name === "unpack";
  const feature = Object.hasOwn(COPY_FLAGS, name) && asked ? COPY_FLAGS[name] : undefined;
  return feature === undefined ? [] : [feature];
}

function sourceFeatures(operand: string, escape: string): Feature[] {
  return splitWords(operand, escape)
    .slice(0, -1)
    .map((word) => unquote(word, escape))
    .flatMap((source): Feature[] => {
      if (/^(?:git@|git:\/\/|ssh:\/\/|https?:\/\/\S+\.git(?:[#?]|$))/.test(source)) return ["add-git"];
      return /^https?:\/\//.test(source) ? ["add-url"] : [];
    });
}
