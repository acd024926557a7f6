/** Checks of the instructions of a stage. The messages are those of BuildKit's frontend/dockerfile/linter. */
import type { Dockerfile, Instruction } from "../parse.ts";
import { jsonStrings, splitWords, unquote } from "../words.ts";
import { found, typedKeyword } from "./rule.ts";
import type { Find } from "./rule.ts";

/** All FROM instructions and the instructions of their stages. Those before the first FROM belong to no stage. */
function inStages({ stages }: Dockerfile): Instruction[] {
  return stages.flatMap(({ from, instructions }) => [from, ...instructions]);
}

export const consistentInstructionCasing: Find = function* ({ dockerfile, rows }) {
  const typed = inStages(dockerfile).map((instruction) => ({ instruction, keyword: typedKeyword(rows, instruction) }));
  const lower = typed.filter(({ keyword }) => keyword === keyword.toLowerCase()).length;
  const upper = typed.filter(({ keyword }) => keyword === keyword.toUpperCase()).length;
  const majority = lower > upper ? "lowercase" : "uppercase";
  for (const { instruction, keyword } of typed) {
    if (keyword === (majority === "lowercase" ? keyword.toLowerCase() : keyword.toUpperCase())) continue;
    yield found(`Command '${keyword}' should match the case of the command majority (${majority})`, instruction);
  }
};

export const noEmptyContinuation: Find = function* ({ dockerfile: { instructions, escape }, rows }) {
  for (const { line, endLine, heredocs } of instructions) {
    // Only the lines before a heredoc belong to the instruction.
    const last = endLine - heredocs.reduce((sum, { content }) => sum + content.split("\n").length, 0);
    const inside = rows.slice(line, last);
    const isEmpty = (row: string): boolean => row.trim() === "" && !row.includes(escape);
    if (inside.some(isEmpty)) yield found("Empty continuation line", { line: last, endLine: last });
  }
};

export const multipleInstructionsDisallowed: Find = function* ({ dockerfile: { stages } }) {
  for (const { instructions } of stages) {
    for (const keyword of ["CMD", "ENTRYPOINT", "HEALTHCHECK"]) {
      const all = instructions.filter((instruction) => instruction.keyword === keyword);
      for (const early of all.slice(0, -1)) {
        const detail = `Multiple ${keyword} instructions should not be used in the same stage because only the last one will be used`;
        yield found(detail, early);
      }
    }
  }
};

export const maintainerDeprecated: Find = function* ({ dockerfile }) {
  for (const instruction of inStages(dockerfile)) {
    if (instruction.keyword !== "MAINTAINER") continue;
    yield found("Maintainer instruction is deprecated in favor of using label", instruction);
  }
};

export const jsonArgsRecommended: Find = function* ({ dockerfile: { stages } }) {
  const withShell = new Set<string>();
  for (const { name, base, instructions } of stages) {
    let hasShell = withShell.has(base.toLowerCase());
    for (const instruction of instructions) {
      const { keyword, operand } = instruction;
      if (keyword === "SHELL") hasShell = true;
      if ((keyword !== "CMD" && keyword !== "ENTRYPOINT") || hasShell || jsonStrings(operand) !== undefined) continue;
      const detail = `JSON arguments recommended for ${keyword} to prevent unintended behavior related to OS signals`;
      yield found(detail, instruction);
    }
    if (hasShell && name !== undefined) withShell.add(name);
  }
};

export const legacyKeyValueFormat: Find = function* ({ dockerfile }) {
  for (const instruction of inStages(dockerfile)) {
    const { keyword, operand } = instruction;
    if (keyword !== "ENV" && keyword !== "LABEL") continue;
    if ((splitWords(operand, dockerfile.escape, 1)[0] ?? "=").includes("=")) continue;
    const detail = `"${keyword} key=value" should be used instead of legacy "${keyword} key value" format`;
    yield found(detail, instruction);
  }
};

/** Words in a name that suggest a secret, and words that exclude it (BuildKit's dockerfile2llb/validations.go). */
const SECRET = /(?:^|_)(?:apikey|auth|credentials?|key|password|pword|passwd|secret|token)(?:_|$)/i;
const NO_SECRET = /(?:^|_)(?:public|file|version)(?:_|$)/i;

export const secretsUsedInArgOrEnv: Find = function* ({ dockerfile }) {
  for (const instruction of inStages(dockerfile)) {
    if (instruction.keyword !== "ARG" && instruction.keyword !== "ENV") continue;
    for (const name of namesOf(instruction, dockerfile.escape)) {
      if (!SECRET.test(name) || NO_SECRET.test(name)) continue;
      const detail = `Do not use ARG or ENV instructions for sensitive data (${instruction.keyword} "${name}")`;
      yield found(detail, instruction);
    }
  }
};

function namesOf({ keyword, operand }: Instruction, escape: string): string[] {
  const words = splitWords(operand, escape);
  const named = keyword === "ENV" && words[0]?.includes("=") === false ? words.slice(0, 1) : words;
  return named.map((word) => unquote(word.split("=")[0] ?? "", escape));
}

export const exposeProtoCasing: Find = function* ({ dockerfile }) {
  for (const { port, word, instruction } of ports(dockerfile)) {
    const [, protocol = ""] = port.split("/");
    if (protocol === protocol.toLowerCase()) continue;
    yield found(`Defined protocol '${port}' in EXPOSE instruction should be lowercase`, instruction, word);
  }
};

export const exposeInvalidFormat: Find = function* ({ dockerfile }) {
  for (const { port, word, instruction } of ports(dockerfile)) {
    if (!/^.+:[^:]*$/.test(port)) continue;
    const detail = `EXPOSE instruction should not define an IP address or host-port mapping, found '${port}'`;
    yield found(detail, instruction, word);
  }
};

function ports(dockerfile: Dockerfile): { port: string; word: number; instruction: Instruction }[] {
  const exposing = inStages(dockerfile).filter(({ keyword }) => keyword === "EXPOSE");
  return exposing.flatMap((instruction) =>
    splitWords(instruction.operand, dockerfile.escape).map((port, word) => ({ port, word, instruction })),
  );
}

export const workdirRelativePath: Find = function* ({ dockerfile: { stages, escape } }) {
  // The first WORKDIR of a stage should be absolute. The base image's own does not count, because it may change.
  const set = new Set<string>();
  for (const { name, base, instructions } of stages) {
    const first = instructions.find(({ keyword }) => keyword === "WORKDIR");
    const path = unquote(first?.operand ?? "", escape);
    if (first !== undefined && !set.has(base.toLowerCase()) && !/^[/$]/.test(path)) {
      const detail = `Relative workdir "${path}" can have unexpected results if the base image changes`;
      yield found(detail, first);
    }
    if (name !== undefined && (first !== undefined || set.has(base.toLowerCase()))) set.add(name);
  }
};
