/**
 * Docker's build checks that need only the Dockerfile: https://docs.docker.com/reference/build-checks/. Pure. Checks that need a
 * base image or the context are left to the builder.
 */
import type { BuildStage, Dockerfile, Instruction } from "../parse.ts";
import { InvalidInput } from "../../../errors.ts";
import { familyOf } from "./family.ts";
import * as inside from "./instruction-rules.ts";
import type { Finding, Rule } from "./rule.ts";
import * as stage from "./stage-rules.ts";
import { invalidBases } from "./stage-rules.ts";

/** In docker's order, which decides the order of findings on one line. */
export const RULES: Readonly<Record<string, Rule>> = {
  NoEmptyContinuation: {
    description: "Empty continuation lines will become errors in a future release",
    why: "An empty line does not end an instruction that a backslash continues: the next line still belongs to it. Readers easily miss that, and docker will make it an error.",
    bad: "FROM busybox:1.35\nRUN echo one && \\\n\n    echo two\n",
    good: "FROM busybox:1.35\nRUN echo one && \\\n    echo two\n",
    scope: "file",
    find: inside.noEmptyContinuation,
  },
  MaintainerDeprecated: {
    description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    why: "MAINTAINER sets a field that few tools read. A label holds the same information, and an image can have several.",
    bad: "FROM busybox:1.35\nMAINTAINER team@example.com\n",
    good: "FROM busybox:1.35\nLABEL org.opencontainers.image.authors=team@example.com\n",
    find: inside.maintainerDeprecated,
  },
  InvalidDefinitionDescription: {
    description:
      "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    why: "A comment above an ARG or a named stage is shown by `--call outline` and `--call targets` as its description, but only if it begins with the name. The check is experimental: enable it with `# check=experimental=InvalidDefinitionDescription`.",
    bad: "# check=experimental=InvalidDefinitionDescription\nFROM busybox:1.35\n# which release to fetch\nARG RELEASE=1\n",
    good: "# check=experimental=InvalidDefinitionDescription\nFROM busybox:1.35\n# RELEASE to fetch\nARG RELEASE=1\n",
    experimental: true,
    find: stage.invalidDefinitionDescription,
  },
  StageNameCasing: {
    description: "Stage names should be lowercase",
    why: "Docker compares stage names without regard to case, and shows them in lower case. A lower-case name looks the same everywhere.",
    bad: "FROM busybox:1.35 AS Builder\n",
    good: "FROM busybox:1.35 AS builder\n",
    find: stage.stageNameCasing,
  },
  FromAsCasing: {
    description: "The 'as' keyword should match the case of the 'from' keyword",
    why: "FROM and AS belong to one instruction. It is easier to read if both have the same case.",
    bad: "FROM busybox:1.35 as builder\n",
    good: "FROM busybox:1.35 AS builder\n",
    find: stage.fromAsCasing,
  },
  ReservedStageName: {
    description: "Reserved words should not be used as stage names",
    why: "`scratch` is the empty base image and `context` is the build context. A stage with such a name cannot be used where the word already has a meaning.",
    bad: "FROM busybox:1.35 AS context\n",
    good: "FROM busybox:1.35 AS files\n",
    scope: "file",
    find: stage.reservedStageName,
  },
  DuplicateStageName: {
    description: "Stage names should be unique",
    why: "If several stages have the same name, a use refers to the last one above it. That can change when lines move.",
    bad: "FROM busybox:1.35 AS tools\nRUN echo 1\n\nFROM busybox:1.35 AS tools\nRUN echo 2\n",
    good: "FROM busybox:1.35 AS tools\nRUN echo 1\n\nFROM busybox:1.35 AS app\nRUN echo 2\n",
    scope: "file",
    find: stage.duplicateStageName,
  },
  ConsistentInstructionCasing: {
    description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
    why: "Both cases work, but a mixture is hard to read. The check takes the case of most instructions.",
    bad: "FROM busybox:1.35\nrun echo one\nCOPY . /app\n",
    good: "FROM busybox:1.35\nRUN echo one\nCOPY . /app\n",
    scope: "file",
    find: inside.consistentInstructionCasing,
  },
  InvalidDefaultArgInFrom: {
    description: "Default value for global ARG results in an empty or invalid base image name",
    why: "Without `--build-arg` the name of the base image is empty or invalid, so a plain build fails. Give the argument a default.",
    bad: "ARG TAG\nFROM busybox:${TAG}\n",
    good: "ARG TAG=1.35\nFROM busybox:${TAG}\n",
    scope: "file",
    find: stage.invalidDefaultArgInFrom,
  },
  UndefinedArgInFrom: {
    description: "FROM command must use declared ARGs",
    why: "FROM can only use arguments that are declared before the first FROM, and the platform arguments. Any other is empty, even with `--build-arg`. Usually the name is misspelt.",
    bad: "ARG VERSION=1.35\nFROM busybox:1.35${VERSOIN}\n",
    good: "ARG VERSION=1.35\nFROM busybox:${VERSION}\n",
    find: stage.undefinedArgInFrom,
  },
  RedundantTargetPlatform: {
    description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    why: "The target's platform is the default. Set the flag only for another platform.",
    bad: "FROM --platform=$TARGETPLATFORM busybox:1.35\n",
    good: "FROM busybox:1.35\n",
    find: stage.redundantTargetPlatform,
  },
  FromPlatformFlagConstDisallowed: {
    description: "FROM --platform flag should not use a constant value",
    why: "A constant platform ignores `--platform`, so the image may not be for the platform that it claims. If you want a fixed platform, put it in the name of the stage.",
    bad: "FROM --platform=linux/amd64 busybox:1.35\n",
    good: "FROM --platform=linux/amd64 busybox:1.35 AS tools-amd64\n",
    find: stage.fromPlatformFlagConstDisallowed,
  },
  JSONArgsRecommended: {
    description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    why: "Without brackets the command runs in a shell, which receives the signals and does not forward them: the container is killed instead of stopping cleanly. After a SHELL instruction the check assumes that you want the shell.",
    bad: "FROM busybox:1.35\nCMD sleep 60\n",
    good: 'FROM busybox:1.35\nCMD ["sleep", "60"]\n',
    scope: "build",
    find: inside.jsonArgsRecommended,
  },
  MultipleInstructionsDisallowed: {
    description: "Multiple instructions of the same type should not be used in the same stage",
    why: "If a stage has several CMD, ENTRYPOINT or HEALTHCHECK, only the last one has an effect.",
    bad: 'FROM busybox:1.35\nCMD ["true"]\nCMD ["sh"]\n',
    good: 'FROM busybox:1.35\nCMD ["sh"]\n',
    scope: "build",
    find: inside.multipleInstructionsDisallowed,
  },
  LegacyKeyValueFormat: {
    description: "Legacy key/value format with whitespace separator should not be used",
    why: "Without an equals sign the rest of the line is one value, quotes included. A second pair on the line becomes part of it.",
    bad: "FROM busybox:1.35\nENV MODE production\n",
    good: "FROM busybox:1.35\nENV MODE=production\n",
    scope: "build",
    find: inside.legacyKeyValueFormat,
  },
  SecretsUsedInArgOrEnv: {
    description: "Sensitive data should not be used in the ARG or ENV commands",
    why: "Everyone who can pull the image can read its environment and its history, which includes the arguments. `--secret` gives a value to one RUN and stores it nowhere. The check only looks at the name: it reports words such as `password`, `token` and `key`, unless `public`, `file` or `version` is also a word of the name.",
    bad: "FROM busybox:1.35\nARG API_TOKEN\n",
    good: "FROM busybox:1.35\nRUN --mount=type=secret,id=api-token true\n",
    scope: "build",
    find: inside.secretsUsedInArgOrEnv,
  },
  ExposeProtoCasing: {
    description: "Protocol in EXPOSE instruction should be lowercase",
    why: "Docker stores the protocol of a port in lower case. Write it in lower case, so that a search finds it.",
    bad: "FROM busybox:1.35\nEXPOSE 53/UDP\n",
    good: "FROM busybox:1.35\nEXPOSE 53/udp\n",
    scope: "build",
    find: inside.exposeProtoCasing,
  },
  ExposeInvalidFormat: {
    description:
      "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    why: "An image cannot set the address or port of the host. That part has no effect, and docker will make it an error.",
    bad: "FROM busybox:1.35\nEXPOSE 127.0.0.1:8080:80\n",
    good: "FROM busybox:1.35\nEXPOSE 80\n",
    scope: "build",
    find: inside.exposeInvalidFormat,
  },
  WorkdirRelativePath: {
    description:
      "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    why: "A relative first WORKDIR is appended to that of the base image. If a later base image has another one, all paths change.",
    bad: "FROM busybox:1.35\nWORKDIR app\n",
    good: "FROM busybox:1.35\nWORKDIR /app\n",
    scope: "build",
    find: inside.workdirRelativePath,
  },
};

export interface CheckOptions {
  /** Value of BUILDKIT_DOCKERFILE_CHECK, which overrides the directive. */
  readonly argument?: string | undefined;
  /** The stage to build: of stages it does not need, only FROM is checked. Undefined: all stages are built; null: none. */
  readonly target?: BuildStage | null | undefined;
}

/**
 * Runs all checks. Findings are sorted by line, without those that `# check=skip=…` or its build argument skips.
 * @throws InvalidInput for an invalid directive
 */
export function runChecks(dockerfile: Dockerfile, text: string, { argument, target }: CheckOptions = {}): Finding[] {
  const rows = text.split(/\r?\n/);
  const asked = settingsOf(argument ?? dockerfile.directives.get("check") ?? "");
  const above = new Map(dockerfile.instructions.map((instruction) => [instruction.line, settingsAbove(instruction)]));
  const built = target === undefined ? undefined : linesOf(target === null ? new Set() : familyOf(dockerfile, target));
  const all = Object.entries(RULES).flatMap(([rule, { find, scope, experimental = false }]) =>
    [...find({ dockerfile, rows })].flatMap(({ word = 0, ...finding }) => {
      if (scope === "build" && built?.has(finding.line) === false) return [];
      const here = scope === "file" ? undefined : above.get(finding.line);
      const wanted = [asked, ...(here === undefined ? [] : [here])];
      const isMade = experimental
        ? wanted.some((settings) => names(settings.experimental, rule))
        : !wanted.some((settings) => names(settings.skip, rule));
      return isMade ? [{ word, finding: { rule, ...finding } }] : [];
    }),
  );
  return all.sort((a, b) => a.finding.line - b.finding.line || a.word - b.word).map(({ finding }) => finding);
}

/** Returns why the file cannot be built; undefined if the checks find no reason. */
export function faultOf(
  dockerfile: Dockerfile,
  findings: readonly Finding[],
  { argument, given }: CheckOptions & { readonly given: ReadonlyMap<string, string> },
): string | undefined {
  const [broken] = invalidBases(dockerfile, given);
  if (broken !== undefined)
    return `line ${broken.from.line}: ${broken.base} is not a valid image name with these arguments`;
  const { isError } = settingsOf(argument ?? dockerfile.directives.get("check") ?? "");
  const rules = [...new Set(findings.map(({ rule }) => rule))];
  return isError && rules.length > 0 ? `lint violation found for rules: ${rules.join(", ")}` : undefined;
}

function linesOf(stages: ReadonlySet<BuildStage>): ReadonlySet<number> {
  return new Set([...stages].flatMap(({ instructions }) => instructions.map(({ line }) => line)));
}

interface Settings {
  readonly skip: ReadonlySet<string>;
  readonly experimental: ReadonlySet<string>;
  /** Findings fail the build. */
  readonly isError: boolean;
}

function names(set: ReadonlySet<string>, rule: string): boolean {
  return set.has("all") || set.has(rule);
}

/** `skip=A,B;experimental=C;error=true` (BuildKit's linter.ParseLintOptions) */
function settingsOf(text: string): Settings {
  const values = new Map<string, string>();
  for (const field of text.trim() === "" ? [] : text.trim().split(";")) {
    const [, key = "", value = ""] = /^\s*(skip|experimental|error)\s*=(.*)$/.exec(field) ?? [];
    if (key === "")
      throw new InvalidInput(`invalid check option "${field}"`, {
        docker: "refuses",
        suggestions: ["Write skip=NAME,NAME or skip=all, error=true, experimental=NAME, separated by semicolons."],
      });
    values.set(key, value.trim());
  }
  const listed = (key: string): ReadonlySet<string> =>
    new Set((values.get(key) ?? "").split(",").map((name) => name.trim()));
  const isError = /^(?:1|t|true)$/i.test(values.get("error") ?? "");
  return { skip: listed("skip"), experimental: listed("experimental"), isError };
}

/** Reads `# check=skip=A` above an instruction, which applies only to it. An invalid one is ignored there, as docker does. */
function settingsAbove({ comments }: Instruction): Settings {
  const [text = ""] = comments.flatMap((comment) => /^check\s*=\s*(\S+)/i.exec(comment)?.[1] ?? []);
  try {
    return settingsOf(text);
  } catch {
    return settingsOf("");
  }
}
