/** Limits for a pipeline.yaml. The file comes with the source, so it may not use the user's variables, files and Secrets by default. */
import { posix } from "node:path";
import type { SecretVariable } from "../../app/cluster-secrets.ts";
import { InvalidInput } from "../../errors.ts";
import { formatOf, mayNamePath, mayReadSecretInto, mayReadVariable } from "../../plan/source/limits.ts";

const FORMAT = "pipeline.yaml";

/** Variables whose value is a path of this machine, to read or to write. */
export const PATH_VARIABLES = [
  "PLUGIN_ARTIFACT_FILE",
  "PLUGIN_CONTEXT",
  "PLUGIN_CONTEXT_SUB_PATH",
  "PLUGIN_DESTINATION_TAR_PATH",
  "PLUGIN_DOCKERFILE",
  "PLUGIN_ENV_FILE",
  "PLUGIN_IMAGE_NAME_TAG_WITH_DIGEST_FILE",
  "PLUGIN_IMAGE_NAME_WITH_DIGEST_FILE",
  "PLUGIN_TAR_PATH",
  "DRONE_OUTPUT",
];

type Variables = Readonly<Record<string, string>>;

/**
 * @param variables that the file sets
 * @param file its name, for messages
 * @param directory the working directory
 * @throws InvalidInput for a variable, a path, a Secret or a setting that the file may not use
 */
export function limitStep(
  variables: Variables,
  secrets: readonly SecretVariable[],
  file: string,
  directory: string,
): void {
  const refuse = (what: string, remedy: string): never => {
    throw new InvalidInput(`${file}: ${what}`, { suggestions: [remedy] });
  };
  for (const { variable, name } of secrets) {
    if (mayReadSecretInto(FORMAT, variable)) continue;
    refuse(
      `secretFrom may fill only credentials, and ${variable} is not one: the value from the Secret ${name} could be read in the Job`,
      "Give the build a secret with `slipway build --secret`, or use PLUGIN_USERNAME and PLUGIN_PASSWORD.",
    );
  }
  for (const name of (variables["PLUGIN_BUILD_ARGS_FROM_ENV"] ?? "").split(",").filter((own) => own !== "")) {
    if (mayReadVariable(FORMAT, name) || Object.hasOwn(variables, name)) continue;
    refuse(
      `build_args_from_env may not read ${name} from your environment`,
      "If you trust the file, pass the value yourself: `slipway plugin` with PLUGIN_BUILD_ARGS.",
    );
  }
  for (const setting of formatOf(FORMAT).refused ?? []) {
    if (/^(?:|0|f|false)$/i.test(variables[`PLUGIN_${setting}`] ?? "")) continue;
    refuse(
      `the step may not set ${setting.toLowerCase()}, as only you can trust a registry without TLS or with another CA`,
      "If you trust it, add --insecure-registry HOST or --registry-ca FILE to the command.",
    );
  }
  for (const variable of PATH_VARIABLES) limitPath(variable, variables, directory, refuse);
}

function limitPath(
  variable: string,
  variables: Variables,
  directory: string,
  refuse: (what: string, remedy: string) => never,
): void {
  const given = variables[variable] ?? "";
  const path = given.replace(/^dir:\/\//, "");
  const isContext = variable === "PLUGIN_CONTEXT";
  if (path === "" || (isContext && /^(?:https?|git|ssh):\/\//.test(path))) return;
  const place = variable === "PLUGIN_CONTEXT_SUB_PATH" ? posix.join(contextOf(variables), path) : path;
  if (path !== "-" && mayNamePath(FORMAT, place, directory)) return;
  refuse(
    `${variable} is ${given}, which is outside the working directory`,
    "Name a path below the working directory. If you trust the file, set the variable yourself and use `slipway plugin`.",
  );
}

function contextOf(variables: Variables): string {
  return (variables["PLUGIN_CONTEXT"] ?? ".").replace(/^dir:\/\//, "");
}

/** Whether `${NAME}` in a value of the file may be replaced by the variable of the user's environment. */
export function mayReplace(name: string): boolean {
  return mayReadVariable(FORMAT, name);
}
