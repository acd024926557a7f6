/**
 * Kubeconfig files, found and merged by kubectl's rules: the first file with a name wins, missing files are
 * skipped unless --kubeconfig names them, and relative paths are relative to their file.
 * Rules: https://kubernetes.io/docs/concepts/configuration/organize-cluster-access-kubeconfig/
 */
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { homedir } from "node:os";
import { delimiter, dirname, isAbsolute, join, resolve, win32 } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { readFirstDocument } from "./kubeconfig-yaml.ts";

type Fields = Readonly<Record<string, unknown>>;

/** The merged files: entries by name, with values as in the file; only paths are made absolute. */
export interface Kubeconfig {
  /** The files that were tried, and whether they exist. */
  readonly sources: readonly { readonly path: string; readonly found: boolean }[];
  readonly currentContext: string | undefined;
  readonly contexts: ReadonlyMap<string, Fields>;
  readonly clusters: ReadonlyMap<string, Fields>;
  readonly users: ReadonlyMap<string, Fields>;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Reads and merges the file of --kubeconfig, or those of KUBECONFIG, or ~/.kube/config.
 * @throws InvalidInput if the named file is missing, or any file cannot be read or is not a kubeconfig
 */
export async function readKubeconfig(named: string | undefined, env: Environment): Promise<Kubeconfig> {
  const listed =
    named === undefined ? (env["KUBECONFIG"] ?? "").split(delimiter).filter((path) => path !== "") : [named];
  const paths = listed.length > 0 ? listed : [defaultFile(env)];
  const texts = await Promise.all(paths.map((path) => readText(path, named !== undefined)));

  const sources = paths.map((path, index) => ({ path, found: texts[index] !== undefined }));
  const contexts = new Map<string, Fields>();
  const clusters = new Map<string, Fields>();
  const users = new Map<string, Fields>();
  let currentContext: string | undefined;
  for (const [index, path] of paths.entries()) {
    const text = texts[index];
    if (text === undefined) continue;
    const config = parse(text, path);
    currentContext ??= textOf(config["current-context"]) || undefined;
    collect(contexts, config["contexts"], "context", path);
    collect(clusters, config["clusters"], "cluster", path, ["certificate-authority"]);
    collect(users, config["users"], "user", path, ["client-certificate", "client-key", "tokenFile"]);
  }
  return { sources, currentContext, contexts, clusters, users };
}

/**
 * `.kube/config` in the home directory. Windows has several, and kubectl takes the first that has the file
 * (k8s.io/client-go/util/homedir).
 */
export function defaultFile(
  env: Environment,
  platform: string = process.platform,
  exists: (path: string) => boolean = existsSync,
): string {
  const home = env["HOME"] || homedir();
  if (platform !== "win32") return join(home, ".kube", "config");
  const { HOME = "", HOMEDRIVE = "", HOMEPATH = "", USERPROFILE = "" } = env;
  const homes = [HOME, HOMEDRIVE === "" || HOMEPATH === "" ? "" : HOMEDRIVE + HOMEPATH, USERPROFILE];
  const files = homes.filter((path) => path !== "").map((path) => win32.join(path, ".kube", "config"));
  return files.find(exists) ?? win32.join(HOME || USERPROFILE || home, ".kube", "config");
}

async function readText(path: string, required: boolean): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" && !required) return undefined;
    if (code === "ENOENT") {
      throw new InvalidInput(`the kubeconfig file ${path} does not exist`, {
        suggestions: ["Check the path given with --kubeconfig."],
      });
    }
    throw new InvalidInput(`the kubeconfig file ${path} cannot be read (${code ?? String(error)})`, {
      suggestions: [`Check its permissions: ls -l ${path}`],
      cause: error,
    });
  }
}

function parse(text: string, path: string): Fields {
  let config: unknown;
  try {
    // JSON, as some tools write it, is YAML too.
    config = readFirstDocument(text, path);
  } catch (error) {
    throw new InvalidInput(`the kubeconfig file ${path} is not valid YAML: ${reasonOf(error)}`, {
      suggestions: [`Check it with kubectl: kubectl config view --kubeconfig ${path}`],
      cause: error,
    });
  }
  if (config === null || config === undefined) return {};
  if (!isFields(config)) {
    throw new InvalidInput(`the kubeconfig file ${path} is not a kubeconfig: it is not a mapping`, {
      suggestions: ["Check KUBECONFIG or --kubeconfig."],
    });
  }
  return config;
}

function collect(
  into: Map<string, Fields>,
  list: unknown,
  key: string,
  path: string,
  paths: readonly string[] = [],
): void {
  if (list === null || list === undefined) return;
  if (!Array.isArray(list)) {
    throw new InvalidInput(`the kubeconfig file ${path} is not a kubeconfig: "${key}s" is not a list`);
  }
  for (const entry of list as unknown[]) {
    if (!isFields(entry) || textOf(entry["name"]) === undefined) continue;
    const name = String(entry["name"]);
    if (into.has(name)) continue;
    const value = { ...(isFields(entry[key]) ? entry[key] : {}) };
    const directory = dirname(resolve(path));
    for (const field of paths) {
      const relative = textOf(value[field]);
      if (relative && !isAbsolute(relative)) value[field] = join(directory, relative);
    }
    if (isFields(value["exec"])) value["exec"] = { ...value["exec"], ...resolveCommand(value["exec"], directory) };
    into.set(name, value);
  }
}

/** A plugin's command with a slash is relative to the file; one without a slash is searched in PATH. */
function resolveCommand(exec: Fields, directory: string): Fields {
  const command = textOf(exec["command"]);
  if (!command || isAbsolute(command) || !/[/\\]/.test(command)) return {};
  return { command: join(directory, command) };
}

/** Whether the value is a mapping. */
export function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The value as text. YAML reads some unquoted names as numbers or booleans: they become text again. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === "string") return value;
  return typeof value === "number" || typeof value === "boolean" ? String(value) : undefined;
}

function reasonOf(error: unknown): string {
  const reason = isFields(error) ? textOf(error["reason"]) : undefined;
  const line = isFields(error) && isFields(error["mark"]) ? Number(error["mark"]["line"]) + 1 : undefined;
  if (reason === undefined) return error instanceof Error ? error.message.split("\n", 1)[0]! : String(error);
  return line === undefined ? reason : `${reason} in line ${line}`;
}
