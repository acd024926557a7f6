/**
 * Docker's build checks that a Dockerfile alone decides: https://docs.docker.com/reference/build-checks/. Pure. What a check needs
 * of a base image or of the context is the builder's to see.
 */
import type { BuildStage, Dockerfile, Instruction } from "../parse.ts";
import { InvalidInput } from "../../../errors.ts";
import { familyOf } from "./family.ts";
import * as inside from "./instruction-rules.ts";
import type { Finding, Rule } from "./rule.ts";
import * as stage from "./stage-rules.ts";
import { invalidBases } from "./stage-rules.ts";

/** In the order in which docker looks, which decides between findings of one line. */
export const RULES: Readonly<Record<string, Rule>> = {
  NoEmptyContinuation: {
    description: "Empty continuation lines will become errors in a future release",
    why: "An empty line does not end an instruction that a backslash has continued: what follows still belongs to it. It is easily taken for the end, and is to become an error.",
    bad: "FROM busybox:1.35\nRUN echo one && \\\n\n    echo two\n",
    good: "FROM busybox:1.35\nRUN echo one && \\\n    echo two\n",
    scope: "file",
    find: inside.noEmptyContinuation,
  },
  MaintainerDeprecated: {
    description: "The MAINTAINER instruction is deprecated, use a label instead to define an image author",
    why: "MAINTAINER sets a field that few tools read. A label says the same, and more than one may be set.",
    bad: "FROM busybox:1.35\nMAINTAINER team@example.com\n",
    good: "FROM busybox:1.35\nLABEL org.opencontainers.image.authors=team@example.com\n",
    find: inside.maintainerDeprecated,
  },
  InvalidDefinitionDescription: {
    description:
      "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.",
    why: "A comment above an ARG or a named stage is shown by `--call outline` and `--call targets` as its description, but only if it begins with the name. Docker tries this check out: it is made where `# check=experimental=InvalidDefinitionDescription` asks for it.",
    bad: "# check=experimental=InvalidDefinitionDescription\nFROM busybox:1.35\n# which release to fetch\nARG RELEASE=1\n",
    good: "# check=experimental=InvalidDefinitionDescription\nFROM busybox:1.35\n# RELEASE to fetch\nARG RELEASE=1\n",
    experimental: true,
    find: stage.invalidDefinitionDescription,
  },
  StageNameCasing: {
    description: "Stage names should be lowercase",
    why: "Names of stages are compared without regard to case, and shown in lower case. Written so, a name is the same everywhere.",
    bad: "FROM busybox:1.35 AS Builder\n",
    good: "FROM busybox:1.35 AS builder\n",
    find: stage.stageNameCasing,
  },
  FromAsCasing: {
    description: "The 'as' keyword should match the case of the 'from' keyword",
    why: "FROM and AS are one instruction. In one case they read as such.",
    bad: "FROM busybox:1.35 as builder\n",
    good: "FROM busybox:1.35 AS builder\n",
    find: stage.fromAsCasing,
  },
  ReservedStageName: {
    description: "Reserved words should not be used as stage names",
    why: "`scratch` is the empty base and `context` is what was sent: a stage of such a name cannot be used where the word already means something.",
    bad: "FROM busybox:1.35 AS context\n",
    good: "FROM busybox:1.35 AS files\n",
    scope: "file",
    find: stage.reservedStageName,
  },
  DuplicateStageName: {
    description: "Stage names should be unique",
    why: "Of several stages with one name the last one before its use is meant. Which that is changes when lines move.",
    bad: "FROM busybox:1.35 AS tools\nRUN echo 1\n\nFROM busybox:1.35 AS tools\nRUN echo 2\n",
    good: "FROM busybox:1.35 AS tools\nRUN echo 1\n\nFROM busybox:1.35 AS app\nRUN echo 2\n",
    scope: "file",
    find: stage.duplicateStageName,
  },
  ConsistentInstructionCasing: {
    description: "All commands within the Dockerfile should use the same casing (either upper or lower)",
    why: "Any case does, but a mixture is hard to read. The case that most instructions have is the file's.",
    bad: "FROM busybox:1.35\nrun echo one\nCOPY . /app\n",
    good: "FROM busybox:1.35\nRUN echo one\nCOPY . /app\n",
    scope: "file",
    find: inside.consistentInstructionCasing,
  },
  InvalidDefaultArgInFrom: {
    description: "Default value for global ARG results in an empty or invalid base image name",
    why: "Without `--build-arg` the base's name comes out empty or broken, so that a plain build fails. A default makes the file build by itself.",
    bad: "ARG TAG\nFROM busybox:${TAG}\n",
    good: "ARG TAG=1.35\nFROM busybox:${TAG}\n",
    scope: "file",
    find: stage.invalidDefaultArgInFrom,
  },
  UndefinedArgInFrom: {
    description: "FROM command must use declared ARGs",
    why: "FROM knows the arguments that were declared before the first FROM, and those of the platform. Any other is empty, whatever `--build-arg` says: most often it is misspelt.",
    bad: "ARG VERSION=1.35\nFROM busybox:1.35${VERSOIN}\n",
    good: "ARG VERSION=1.35\nFROM busybox:${VERSION}\n",
    find: stage.undefinedArgInFrom,
  },
  RedundantTargetPlatform: {
    description: "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior",
    why: "A base is for the target's platform anyway. The flag is worth writing where it says something else.",
    bad: "FROM --platform=$TARGETPLATFORM busybox:1.35\n",
    good: "FROM busybox:1.35\n",
    find: stage.redundantTargetPlatform,
  },
  FromPlatformFlagConstDisallowed: {
    description: "FROM --platform flag should not use a constant value",
    why: "A platform that is written into the file is the same whatever `--platform` asks for, and the image is then not what it says it is. A stage that is meant so may have the platform in its name.",
    bad: "FROM --platform=linux/amd64 busybox:1.35\n",
    good: "FROM --platform=linux/amd64 busybox:1.35 AS tools-amd64\n",
    find: stage.fromPlatformFlagConstDisallowed,
  },
  JSONArgsRecommended: {
    description: "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals",
    why: "Without brackets the command runs below a shell, which receives the signals in its place and does not pass them on: the container is then killed where it could have ended. With a SHELL instruction before it, it is taken to be meant.",
    bad: "FROM busybox:1.35\nCMD sleep 60\n",
    good: 'FROM busybox:1.35\nCMD ["sleep", "60"]\n',
    scope: "build",
    find: inside.jsonArgsRecommended,
  },
  MultipleInstructionsDisallowed: {
    description: "Multiple instructions of the same type should not be used in the same stage",
    why: "Of several CMD, ENTRYPOINT or HEALTHCHECK in a stage the last one counts and the others do nothing.",
    bad: 'FROM busybox:1.35\nCMD ["true"]\nCMD ["sh"]\n',
    good: 'FROM busybox:1.35\nCMD ["sh"]\n',
    scope: "build",
    find: inside.multipleInstructionsDisallowed,
  },
  LegacyKeyValueFormat: {
    description: "Legacy key/value format with whitespace separator should not be used",
    why: "Without an equals sign all of the rest of the line is one value, its quotes included: the second pair of a line is lost in it.",
    bad: "FROM busybox:1.35\nENV MODE production\n",
    good: "FROM busybox:1.35\nENV MODE=production\n",
    scope: "build",
    find: inside.legacyKeyValueFormat,
  },
  SecretsUsedInArgOrEnv: {
    description: "Sensitive data should not be used in the ARG or ENV commands",
    why: "Whoever has the image reads its environment and its history, where arguments are too. `--secret` gives a value to one RUN and leaves it nowhere. It goes by the name alone: `password`, `token`, `key` and the like as a word of it, unless `public`, `file` or `version` is one too.",
    bad: "FROM busybox:1.35\nARG API_TOKEN\n",
    good: "FROM busybox:1.35\nRUN --mount=type=secret,id=api-token true\n",
    scope: "build",
    find: inside.secretsUsedInArgOrEnv,
  },
  ExposeProtoCasing: {
    description: "Protocol in EXPOSE instruction should be lowercase",
    why: "A port's protocol is kept in lower case. Written so, it is found by whoever looks for it.",
    bad: "FROM busybox:1.35\nEXPOSE 53/UDP\n",
    good: "FROM busybox:1.35\nEXPOSE 53/udp\n",
    scope: "build",
    find: inside.exposeProtoCasing,
  },
  ExposeInvalidFormat: {
    description:
      "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release",
    why: "An image cannot say at which address or port of a host it is reached: that part does nothing, and is to become an error.",
    bad: "FROM busybox:1.35\nEXPOSE 127.0.0.1:8080:80\n",
    good: "FROM busybox:1.35\nEXPOSE 80\n",
    scope: "build",
    find: inside.exposeInvalidFormat,
  },
  WorkdirRelativePath: {
    description:
      "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes",
    why: "The first WORKDIR of a stage begins where the base's ends. A later base may have another one, and all paths move.",
    bad: "FROM busybox:1.35\nWORKDIR app\n",
    good: "FROM busybox:1.35\nWORKDIR /app\n",
    scope: "build",
    find: inside.workdirRelativePath,
  },
};

export interface CheckOptions {
  /** Value of BUILDKIT_DOCKERFILE_CHECK, which comes before the directive. */
  readonly argument?: string | undefined;
  /** What is built: of other stages only their FROM is looked at. All of them where none is named, null: none of them. */
  readonly target?: BuildStage | null | undefined;
}

/**
 * In order of lines, without those that `# check=skip=…` or its build argument names.
 * @throws InvalidInput for a directive that cannot be read
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

/** Why the file would not be built, as far as a check sees it. */
export function faultOf(
  dockerfile: Dockerfile,
  findings: readonly Finding[],
  { argument, given }: CheckOptions & { readonly given: ReadonlyMap<string, string> },
): string | undefined {
  const [broken] = invalidBases(dockerfile, given);
  if (broken !== undefined) return `line ${broken.from.line}: ${broken.base} is no image's name with these arguments`;
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
  /** A build with findings fails. */
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
        suggestions: ["Write skip=NAME,NAME or skip=all, error=true, experimental=NAME, with semicolons between them."],
      });
    values.set(key, value.trim());
  }
  const listed = (key: string): ReadonlySet<string> =>
    new Set((values.get(key) ?? "").split(",").map((name) => name.trim()));
  const isError = /^(?:1|t|true)$/i.test(values.get("error") ?? "");
  return { skip: listed("skip"), experimental: listed("experimental"), isError };
}

/** `# check=skip=A` above an instruction, about it alone. One that cannot be read is passed over there, as docker does. */
function settingsAbove({ comments }: Instruction): Settings {
  const [text = ""] = comments.flatMap((comment) => /^check\s*=\s*(\S+)/i.exec(comment)?.[1] ?? []);
  try {
    return settingsOf(text);
  } catch {
    return settingsOf("");
  }
}
