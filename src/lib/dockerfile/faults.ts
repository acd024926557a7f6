import { InvalidInput } from "../../errors.ts";

/** Refuses a Dockerfile with docker's own message and the 1-based line. */
export function refuseLine(line: number, reason: string, suggestions: readonly string[] = []): never {
  throw new InvalidInput(`dockerfile parse error on line ${line}: ${reason}`, { docker: "refuses", suggestions });
}
