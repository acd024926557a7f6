/** Reads and evaluates the bake files that the command line names, and asks for the privileges that they need. */
import { existsSync } from "node:fs";
import { delimiter, join, resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { InvalidInput } from "../../errors.ts";
import { whyNot } from "../../lib/files/read-file.ts";
import { realPath } from "../../lib/files/real-path.ts";
import { readNamedFile, readRegularFile } from "../../lib/files/regular-file.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { composeReader } from "../../plan/bake/compose-targets.ts";
import { textOf } from "../../plan/bake/definition.ts";
import type { Definition } from "../../plan/bake/definition.ts";
import { parseVariables, planBake } from "../../plan/bake/plan-bake.ts";
import type { BakePlan, BakeRequest } from "../../plan/bake/plan-bake.ts";
import {
  flagsFor,
  isAllowedPath,
  missingPrivileges,
  parseAllowed,
  refuseMissing,
  sentenceFor,
} from "../../plan/bake/privileges.ts";
import type { Privilege } from "../../plan/bake/privileges.ts";
import { DEFAULT_FILES, readDefinition } from "../../plan/bake/read-files.ts";
import type { DefinitionFile } from "../../plan/bake/read-files.ts";
import { WORKING_DIRECTORY, isRemote } from "../../plan/bake/resolve.ts";
import type { RemoteOrigin } from "../../plan/bake/resolve.ts";
import type { RemoteDefinition } from "../../plan/source/remote-definition.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ReadRequest {
  /** Values of `-f`. */
  readonly files: readonly string[];
  /** Values of `--var`. */
  readonly variables: readonly string[];
  /** Values of `--allow`. */
  readonly allow: readonly string[];
  readonly env: Environment;
  /** The working directory. */
  readonly directory: string;
  /** Reads no pipe, also if the user names it. */
  readonly regularOnly?: boolean;
  /** URL of the definition. Absent: it is on this machine. */
  readonly url?: string;
  /** Value of the variable BAKE_CMD_CONTEXT. */
  readonly commandContext: string;
  /** Fetches the definition of a URL. */
  readonly fetchRemote: (
    url: string,
    names: readonly string[],
    defaults: readonly string[],
  ) => Promise<RemoteDefinition>;
}

export interface ReadBake {
  readonly definition: Definition;
  readonly remote?: RemoteOrigin;
  /** Warnings about the files. */
  readonly notes: readonly string[];
}

/** The args of `bake`: one or two URLs, then the names of targets. Source: buildx v0.38.2, commands/bake.go. */
export function splitNames(args: readonly string[]): {
  url?: string;
  commandContext: string;
  names: readonly string[];
} {
  const [url, context] = args;
  if (url === undefined || !isRemote(url)) return { commandContext: WORKING_DIRECTORY, names: args };
  return context !== undefined && isRemote(context)
    ? { url, commandContext: context, names: args.slice(2) }
    : { url, commandContext: WORKING_DIRECTORY, names: args.slice(1) };
}

/** @throws InvalidInput for files that cannot be read or evaluated */
export async function readBakeDefinition(request: ReadRequest): Promise<ReadBake> {
  const { env, directory } = request;
  const { files, remote } = await readFiles(request);
  const variables = parseVariables(request.variables);
  const isDisabled = parseBool(env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"] ?? "") === true;
  const visible = isDisabled ? {} : definedIn(env);
  const definition = readDefinition(
    files,
    { lookup: (name) => visible[name], variables, builtIn: builtIn(request.commandContext) },
    composeReader({
      env: { ...visible, ...Object.fromEntries(variables) },
      directory,
      mayRead: (path) => mayRead(path, request),
    }),
  );
  const notes = definition.unknownFields.map(
    ({ target, field, where }) => `${where}: bake ignores \`${field}\` of target ${target}, which is an unknown field`,
  );
  return { definition, notes, ...omitUndefined({ remote }) };
}

/** Refuses a file that a file of the source names, and that the user has not allowed to read. */
function mayRead(path: string, { allow, env, directory, url }: ReadRequest): void {
  if (!checksFiles(env, url) || isAllowedPath(path, parseAllowed(allow).read, directory)) return;
  refuseMissing([{ key: "fs.read", path: realPath(resolve(directory, path)) }], directory);
}

export function planOf({ definition, remote }: ReadBake, request: BakeRequest, env: Environment): BakePlan {
  const plan = planBake(definition, request, (name) => env[name], remote);
  if (remote !== undefined) refuseMixedDockerfiles(plan);
  return plan;
}

/** A target of a remote definition with a local context would get the local Dockerfile of that name. buildx refuses it too. */
function refuseMixedDockerfiles({ targets, remoteContexts }: BakePlan): void {
  for (const target of targets.values()) {
    const { name, fields } = target;
    const dockerfile = textOf(target, "dockerfile") ?? "Dockerfile";
    const context = textOf(target, "context") ?? ".";
    const isLocal = !remoteContexts.has(name) && !isRemote(context) && !fields.has("dockerfile-inline");
    if (!isLocal || dockerfile.startsWith(WORKING_DIRECTORY) || !existsSync(join(context, dockerfile))) continue;
    throw new InvalidInput(`target ${name} has a context of this machine and a Dockerfile of the remote definition`, {
      docker: "refuses",
      suggestions: [`Name a local Dockerfile: --set ${name}.dockerfile=cwd://${dockerfile}`],
    });
  }
}

/**
 * Asks on a terminal whether to grant the missing privileges, and refuses them without a terminal.
 * @param ask shows a question and returns the answer; absent without a terminal
 * @throws InvalidInput if they are not granted
 */
export async function agreeTo(
  plan: BakePlan,
  { allow, env, directory, url }: ReadRequest,
  ask?: (question: string) => Promise<string>,
): Promise<void> {
  const isChecked = ({ key }: Privilege): boolean =>
    checksFiles(env, url) || (key !== "fs.read" && key !== "fs.write" && key !== "ssh");
  const missing = missingPrivileges(plan, parseAllowed(allow), directory).filter(isChecked);
  if (missing.length > 0 && ask !== undefined) {
    const list = missing.map((privilege) => ` - ${sentenceFor(privilege)}\n`).join("");
    const flags = flagsFor(missing, directory).join(" ");
    const answer = await ask(
      `Your build requests privileges that may be unsafe. The bake file wants to:\n\n${list}\nTo grant them without this question, add ${flags}\nGrant them and continue? [y/N] `,
    );
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  }
  refuseMissing(missing, directory);
}

/** Whether files and the SSH agent need privileges: the user may turn that off, as with buildx. @throws InvalidInput for another value than a boolean */
function checksFiles(env: Environment, url: string | undefined): boolean {
  const setting = (name: string): boolean | undefined => {
    const given = env[name];
    if (given === undefined) return undefined;
    const value = parseBool(given);
    if (value === undefined)
      throw new InvalidInput(`${name}=${given} is neither true nor false`, { docker: "refuses" });
    return value;
  };
  return (
    setting("BUILDX_BAKE_ENTITLEMENTS_FS") ??
    !((url === undefined ? undefined : setting("BAKE_ALLOW_REMOTE_FS_ACCESS")) ?? false)
  );
}

function definedIn(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function builtIn(commandContext: string): ReadonlyMap<string, string> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  return new Map([
    ["BAKE_CMD_CONTEXT", commandContext],
    ["BAKE_LOCAL_PLATFORM", `${system}/${ARCHITECTURES[process.arch] ?? process.arch}`],
  ]);
}

/** The files in BUILDX_BAKE_FILE, separated by BUILDX_BAKE_PATH_SEPARATOR. */
function filesOfEnvironment(env: Environment): readonly string[] {
  const separator = env["BUILDX_BAKE_PATH_SEPARATOR"] || delimiter;
  return (env["BUILDX_BAKE_FILE"] ?? "")
    .split(separator)
    .map((file) => file.trim())
    .filter((file) => file !== "");
}

/** Files of the URL come first. With a URL, only names that begin with `cwd://` are files of this machine. */
async function readFiles(request: ReadRequest): Promise<{ files: readonly DefinitionFile[]; remote?: RemoteOrigin }> {
  const { files, env, url, fetchRemote } = request;
  const named = files.length > 0 ? files : filesOfEnvironment(env);
  const isLocal = (name: string): boolean => url === undefined || name.startsWith(WORKING_DIRECTORY);
  const local = named.filter(isLocal).map((name) => name.replace(/^cwd:\/\//, ""));
  const fetched =
    url === undefined
      ? undefined
      : await fetchRemote(
          url,
          named.filter((name) => !isLocal(name)),
          DEFAULT_FILES,
        );
  const read =
    local.length > 0 ? await readNamed(local, request) : url === undefined ? await readDefaults(request) : [];
  const all = [...(fetched?.files ?? []), ...read];
  if (all.length === 0) {
    throw new InvalidInput("couldn't find a bake definition", {
      docker: "refuses",
      suggestions: [`Write one of ${DEFAULT_FILES.join(", ")}, or name a file with -f FILE.`],
    });
  }
  if (fetched?.root === undefined || url === undefined) return { files: all };
  const isRepository = !/^https?:\/\//.test(url) || /\.git(?:[?#]|$)/.test(url);
  return { files: all, remote: { root: fetched.root, ...(isRepository ? { url } : {}) } };
}

/** The files that the user names are the user's choice, wherever they are. */
async function readNamed(
  names: readonly string[],
  { directory, regularOnly }: ReadRequest,
): Promise<readonly DefinitionFile[]> {
  const read = regularOnly === true ? readRegularFile : readNamedFile;
  return Promise.all(
    names.map(async (name) => {
      if (name === "-") return { name, text: await readAll(process.stdin) };
      const content = await read(resolve(directory, name)).catch((error: unknown) => {
        throw unreadable(name, error);
      });
      return { name, text: content.toString() };
    }),
  );
}

async function readDefaults(request: ReadRequest): Promise<readonly DefinitionFile[]> {
  const found = await Promise.all(
    DEFAULT_FILES.map(async (name) => {
      mayRead(name, request);
      const content = await readRegularFile(join(request.directory, name)).catch((error: unknown) => {
        if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
        throw unreadable(name, error);
      });
      return content === undefined ? [] : [{ name, text: content.toString() }];
    }),
  );
  return found.flat();
}

function unreadable(name: string, error: unknown): InvalidInput {
  return new InvalidInput(`the bake file ${name} ${whyNot(error)}`, {
    docker: "refuses",
    suggestions: ["Name the file with -f FILE."],
  });
}
