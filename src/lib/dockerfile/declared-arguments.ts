import type { Instruction } from "./instruction.ts";
import { splitWords } from "./words.ts";

/** The names that ARG instructions declare. @param escape of the Dockerfile */
export function declaredArguments(instructions: readonly Instruction[], escape: string): Set<string> {
  const operands = instructions.flatMap(({ keyword, operand }) => (keyword === "ARG" ? [operand] : []));
  return new Set(operands.flatMap((operand) => splitWords(operand, escape)).map((word) => word.split("=", 1)[0] ?? ""));
}
