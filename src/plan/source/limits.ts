/** Enforces the table of `formats.ts`. */
import { resolve } from "node:path";
import { isBelow, realPath } from "../../lib/files/real-path.ts";
import { csvFields } from "../../lib/pflag/csv.ts";
import { SOURCE_FORMATS } from "./formats.ts";
import type { FormatName, SourceFormat } from "./formats.ts";

/** A variable whose name says that it is secret, even if another rule allows it. The URL of a repository has a token on GitLab. */
const SECRET_NAME = /TOKEN|PASSW|SECRET|KEY|JWT|CREDENTIAL|AUTH(?!OR)|NETRC|REPOSITORY_URL|SIGNATURE/i;

export function formatOf(name: FormatName): SourceFormat {
  return SOURCE_FORMATS[name];
}

/**
 * Whether a file of that format may name a path of this machine, with symlinks resolved.
 * @param directory of the project
 * @param granted paths that the user grants; only some formats take them
 */
export function mayNamePath(
  format: FormatName,
  path: string,
  directory: string,
  granted: readonly string[] = [],
): boolean {
  const { paths } = formatOf(format);
  if (paths === "none" || paths === "source") return false;
  const real = realPath(resolve(directory, path));
  const allowed = paths === "granted" ? granted.map((own) => resolve(directory, own)) : [];
  return [directory, ...allowed].some((own) => isBelow(real, realPath(own)));
}

/** Whether a file of that format may read a variable of the user's environment. */
export function mayReadVariable(format: FormatName, name: string): boolean {
  const { variables } = formatOf(format);
  if (variables === "all" || variables === "none") return variables === "all";
  return variables.test(name) && !SECRET_NAME.test(name);
}

/** Whether a file of that format may fill a variable from a Secret of the namespace. */
export function mayReadSecretInto(format: FormatName, variable: string): boolean {
  const { secrets } = formatOf(format);
  return secrets !== "none" && secrets.test(variable);
}

/**
 * The first sub-option of a value that a file of that format may not give to the key. A value without `=` has none.
 * @returns undefined if all are allowed, or if the key takes no sub-options
 * @throws InvalidInput for a value that is not CSV
 */
export function refusedSubOption(format: FormatName, key: string, value: string): string | undefined {
  const known = formatOf(format).subOptions ?? {};
  const allowed = Object.hasOwn(known, key) ? known[key] : undefined;
  if (allowed === undefined || !value.includes("=")) return undefined;
  return csvFields(value, key)
    .map((field) => (field.split("=", 1)[0] ?? "").trim().toLowerCase())
    .find((name) => !allowed.includes(name));
}
