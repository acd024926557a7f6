/** What a command says when a word is missing on its command line. */
import { InvalidInput } from "../errors.ts";

/** Of oclif's error, which has no class to ask for in a bundle. */
interface MissingArg {
  readonly name: string;
  readonly description?: string;
  readonly options?: readonly string[];
}

/** @param command as it is typed. @returns undefined for an error of oclif's that is about something else */
export function missingArgs(command: string, error: Error): InvalidInput | undefined {
  const missing = "args" in error && Array.isArray(error.args) ? (error.args as unknown[]).filter(isArg) : [];
  const [first] = missing;
  if (first === undefined) return undefined;
  const names = missing.map(({ name }) => name.toUpperCase()).join(" and ");
  const says = missing.length === 1 && first.description !== undefined ? `: ${first.description}` : "";
  const [value, ...others] = missing.length === 1 ? (first.options ?? []) : [];
  const typed = `\`slipway ${command} ${value}\``;
  return new InvalidInput(`slipway ${command} needs ${names}${says}`, {
    suggestions: [
      ...(value === undefined ? [] : [`Write ${typed}, or in place of ${value}: ${others.join(", ")}.`]),
      `Run \`slipway ${command} --help\` to list its args and flags.`,
    ],
  });
}

function isArg(value: unknown): value is MissingArg {
  return typeof value === "object" && value !== null && "name" in value && typeof value.name === "string";
}
