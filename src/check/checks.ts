/**
 * Docker's build checks that a Dockerfile alone decides: https://docs.docker.com/reference/build-checks/. Pure. What a check needs
 * of a base image or of the context is the builder's to see.
 */
import type { Dockerfile, Instruction } from "../dockerfile/parse.ts";
import { splitWords } from "../dockerfile/words.ts";

export interface Finding {
  /** The name docker has for the check. */
  readonly rule: string;
  readonly detail: string;
  /** 1-based, first and last. */
  readonly line: number;
  readonly endLine: number;
}

type Check = (dockerfile: Dockerfile, rows: readonly string[]) => Generator<Finding>;

const found = (rule: string, detail: string, { line, endLine }: Pick<Instruction, "line" | "endLine">): Finding => ({
  rule,
  detail,
  line,
  endLine,
});

/** The keyword as it is typed. */
function typedKeyword(rows: readonly string[], { line }: Instruction): string {
  return /^\s*(\S+)/.exec(rows[line - 1] ?? "")?.[1] ?? "";
}

const SECRET = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:$|_)/i;
const NO_SECRET = /public|env_/i;

function* names({ stages, escape }: Dockerfile): Generator<Finding> {
  const seen = new Set<string>();
  for (const { from } of stages) {
    const [, , name] = splitWords(from.operand, escape);
    if (name === undefined) continue;
    const lower = name.toLowerCase();
    if (name !== lower) yield found("StageNameCasing", `Stage name '${name}' should be lowercase`, from);
    if (seen.has(lower))
      yield found("DuplicateStageName", `Duplicate stage name "${name}", stage names should be unique`, from);
    if (lower === "scratch" || lower === "context") {
      yield found("ReservedStageName", `Stage name should not use the same name as reserved stage "${lower}"`, from);
    }
    seen.add(lower);
  }
}

function* asCasing({ stages, escape }: Dockerfile, rows: readonly string[]): Generator<Finding> {
  for (const { from } of stages) {
    const [, as] = splitWords(from.operand, escape);
    const keyword = typedKeyword(rows, from);
    const upper = (text: string): boolean => text === text.toUpperCase();
    if (as === undefined || keyword.toUpperCase() !== "FROM" || upper(as) === upper(keyword)) continue;
    yield found("FromAsCasing", `'${as}' and '${keyword}' keywords' casing do not match`, from);
  }
}

function* casing({ instructions }: Dockerfile, rows: readonly string[]): Generator<Finding> {
  const typed = instructions.map((instruction) => ({ instruction, keyword: typedKeyword(rows, instruction) }));
  const lower = typed.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = typed.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const majority = lower > upper ? "lowercase" : "uppercase";
  for (const { instruction, keyword } of typed) {
    const right = majority === "lowercase" ? keyword.toLowerCase() : keyword.toUpperCase();
    if (keyword === right || keyword.toUpperCase() !== instruction.keyword) continue;
    const detail = `Command '${keyword}' should match the case of the command majority (${majority})`;
    yield found("ConsistentInstructionCasing", detail, instruction);
  }
}

function* onlyOnce({ stages }: Dockerfile): Generator<Finding> {
  for (const { instructions } of stages) {
    for (const keyword of ["CMD", "ENTRYPOINT", "HEALTHCHECK"]) {
      const all = instructions.filter((instruction) => instruction.keyword === keyword);
      for (const early of all.slice(0, -1)) {
        const detail = `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`;
        yield found("MultipleInstructionsDisallowed", detail, early);
      }
    }
  }
}

function* single({ stages, globals, escape }: Dockerfile): Generator<Finding> {
  for (const { instructions } of stages) {
    const hasShell = instructions.some(({ keyword }) => keyword === "SHELL");
    for (const instruction of instructions) {
      const { keyword, operand } = instruction;
      if (keyword === "MAINTAINER") {
        yield found(
          "MaintainerDeprecated",
          "Maintainer instruction is deprecated in favor of using label",
          instruction,
        );
      }
      if ((keyword === "CMD" || keyword === "ENTRYPOINT") && !operand.startsWith("[") && !hasShell) {
        const detail = `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`;
        yield found("JSONArgsRecommended", detail, instruction);
      }
      if ((keyword === "ENV" || keyword === "LABEL") && !(splitWords(operand, escape, 1)[0] ?? "=").includes("=")) {
        const detail = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`;
        yield found("LegacyKeyValueFormat", detail, instruction);
      }
      if (keyword === "EXPOSE") yield* ports(instruction, escape);
    }
  }
  for (const instruction of [...globals, ...stages.flatMap(({ instructions }) => instructions)]) {
    if (instruction.keyword !== "ARG" && instruction.keyword !== "ENV") continue;
    for (const name of namesOf(instruction, escape)) {
      if (!SECRET.test(name) || NO_SECRET.test(name)) continue;
      const detail = `Do not use ARG or ENV instructions for sensitive data (${instruction.keyword} "${name}")`;
      yield found("SecretsUsedInArgOrEnv", detail, instruction);
    }
  }
}

function* ports(instruction: Instruction, escape: string): Generator<Finding> {
  for (const port of splitWords(instruction.operand, escape)) {
    const protocol = port.split("/")[1] ?? "";
    if (protocol !== protocol.toLowerCase()) {
      yield found(
        "ExposeProtoCasing",
        `Defined protocol '${port}' in EXPOSE instruction should be lowercase`,
        instruction,
      );
    }
    if (port.includes(":")) {
      const detail = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
      yield found("ExposeInvalidFormat", detail, instruction);
    }
  }
}

function namesOf({ keyword, operand }: Instruction, escape: string): string[] {
  const words = splitWords(operand, escape);
  if (keyword === "ENV" && words[0]?.includes("=") === false) return [words[0]];
  return words.map((word) => word.split("=")[0] ?? "");
}

function* platforms({ stages }: Dockerfile): Generator<Finding> {
  for (const { platform, from } of stages) {
    if (platform === undefined) continue;
    if (/^\$(?:TARGETPLATFORM|\{TARGETPLATFORM\})$/.test(platform)) {
      const detail = `Setting platform to predefined ${platform} in FROM is redundant as this is the default behavior`;
      yield found("RedundantTargetPlatform", detail, from);
    } else if (!platform.includes("$")) {
      const detail = `FROM --platform flag should not use constant value "${platform}"`;
      yield found("FromPlatformFlagConstDisallowed", detail, from);
    }
  }
}

const PREDEFINED = /^(?:(?:TARGET|BUILD)(?:PLATFORM|OS|ARCH|VARIANT|OSVERSION)|TARGETSTAGE)$/;

function* variables({ stages, globals, escape }: Dockerfile): Generator<Finding> {
  const declared = new Map(
    globals.flatMap(({ operand }) =>
      splitWords(operand, escape).map((word): [string, boolean] => [word.split("=")[0] ?? "", word.includes("=")]),
    ),
  );
  for (const { base, from } of stages) {
    for (const [, name = "", operator] of base.matchAll(/\$\{?(\w+)(:?[-+])?/g)) {
      if (PREDEFINED.test(name) || operator !== undefined) continue;
      if (!declared.has(name)) {
        yield found("UndefinedArgInFrom", `FROM argument '${name}' is not declared`, from);
      } else if (declared.get(name) === false) {
        const detail = `Default value for ARG ${base} results in empty or invalid base image name`;
        yield found("InvalidDefaultArgInFrom", detail, from);
      }
    }
  }
}

function* workdirs({ stages }: Dockerfile): Generator<Finding> {
  const set = new Map<string, boolean>();
  for (const { name, base, instructions } of stages) {
    let absolute = set.get(base.toLowerCase()) === true;
    for (const instruction of instructions) {
      if (instruction.keyword !== "WORKDIR") continue;
      if (/^["']?[/$]/.test(instruction.operand)) absolute = true;
      else if (!absolute) {
        const detail = `Relative workdir "${instruction.operand}" can have unexpected results if the base image changes`;
        yield found("WorkdirRelativePath", detail, instruction);
      }
    }
    if (name !== undefined) set.set(name, absolute);
  }
}

function* continuations(_: Dockerfile, rows: readonly string[]): Generator<Finding> {
  for (const [at, row] of rows.entries()) {
    if (row.trim() !== "" || at === 0 || !/\\\s*$/.test(rows[at - 1] ?? "") || /^\s*#/.test(rows[at - 1] ?? ""))
      continue;
    if (rows.slice(at + 1).every((later) => later.trim() === "")) continue;
    yield found("NoEmptyContinuation", "Empty continuation line", { line: at + 1, endLine: at + 1 });
  }
}

const CHECKS: readonly Check[] = [
  names,
  asCasing,
  casing,
  onlyOnce,
  single,
  platforms,
  variables,
  workdirs,
  continuations,
];

/**
 * In order of lines, without those that `# check=skip=…` or its build argument names.
 * @param argument value of BUILDKIT_DOCKERFILE_CHECK, which comes before the directive
 */
export function runChecks(dockerfile: Dockerfile, text: string, argument?: string): Finding[] {
  const rows = text.split(/\r?\n/);
  const skip = skippedBy(argument ?? dockerfile.directives.get("check") ?? "");
  const all = CHECKS.flatMap((check) => [...check(dockerfile, rows)]);
  return all.filter(({ rule }) => !skip.has("all") && !skip.has(rule)).sort((a, b) => a.line - b.line);
}

/** `skip=A,B;error=true` */
function skippedBy(text: string): Set<string> {
  const list = text.split(";").flatMap((field) => (/^\s*skip\s*=(.*)$/.exec(field)?.[1] ?? "").split(","));
  return new Set(list.map((name) => name.trim()));
}
