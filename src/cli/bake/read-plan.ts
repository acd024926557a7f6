/** From the command line of a bake to what it is to build: files are read, evaluated, and what they need is agreed to. */
import { readFile } from "node:fs/promises";
import { delimiter, join, resolve } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { InvalidInput } from "../../errors.ts";
import { booleanOf } from "../../lib/pflag/csv.ts";
import { composeReader } from "../../plan/bake/compose-targets.ts";
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
import { DEFAULT_FILES, readDefinition } from "../../plan/bake/read-files.ts";
import type { DefinitionFile } from "../../plan/bake/read-files.ts";
import { isRemote } from "../../plan/bake/resolve.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface ReadRequest {
  /** `-f`, as they were given. */
  readonly files: readonly string[];
  /** `--var`, as they were given. */
  readonly variables: readonly string[];
  /** `--allow`, as they were given. */
  readonly allow: readonly string[];
  readonly env: Environment;
  /** The working directory. */
  readonly directory: string;
}

export interface ReadDefinition {
  readonly definition: Definition;
  /** What is odd about it. */
  readonly notes: readonly string[];
}

/** A URL in the place of the first target is where the definition is. */
export function mustBeLocal(names: readonly string[]): void {
  const [first] = names;
  if (first === undefined || !isRemote(first)) return;
  throw new InvalidInput(`bake reads definitions of this machine only, and ${first} is elsewhere`, {
    suggestions: [`Clone it first, and run \`slipway bake\` there.`],
  });
}

/** @throws InvalidInput for files that cannot be read, or evaluated */
export async function readBakeDefinition(request: ReadRequest): Promise<ReadDefinition> {
  const { env, directory } = request;
  const files = await readFiles(request);
  const variables = parseVariables(request.variables);
  const isDisabled = booleanOf(env["BUILDX_BAKE_DISABLE_VARS_ENV_LOOKUP"] ?? "") === true;
  const visible = isDisabled ? {} : definedIn(env);
  const allowed = parseAllowed(request.allow);
  const mayRead = (path: string): void => {
    if (!checksFiles(env) || isAllowedPath(path, allowed.read, directory)) return;
    refuseMissing([{ key: "fs.read", path }], directory);
  };
  const definition = readDefinition(
    files,
    { lookup: (name) => visible[name], variables, builtIn: builtIn() },
    composeReader({ env: { ...visible, ...Object.fromEntries(variables) }, directory, mayRead }),
  );
  const notes = definition.unknownFields.map(
    ({ target, field, where }) => `${where}: \`${field}\` of ${target} is ignored: bake has no such field`,
  );
  return { definition, notes };
}

export function planOf({ definition }: ReadDefinition, request: BakeRequest, env: Environment): BakePlan {
  return planBake(definition, request, (name) => env[name]);
}

/**
 * Asks at a terminal, and refuses without one.
 * @param ask shows the question and gives the answer; absent where nobody is there to answer
 * @throws InvalidInput where it is not allowed
 */
export async function agreeTo(
  plan: BakePlan,
  { allow, env, directory }: ReadRequest,
  ask?: (question: string) => Promise<string>,
): Promise<void> {
  const missing = missingPrivileges(plan.targets.values(), plan.overrides, parseAllowed(allow), directory).filter(
    ({ key }) => checksFiles(env) || !["fs.read", "fs.write", "ssh"].includes(key),
  );
  if (missing.length === 0) return;
  if (ask !== undefined) {
    const list = missing.map((privilege) => ` - ${sentenceFor(privilege)}\n`).join("");
    const flags = flagsFor(missing, directory).join(" ");
    const answer = await ask(
      `The bake file asks for more than the files of this directory:\n\n${list}\nTo allow it without this question, add ${flags}\nAllow it now? [y/N] `,
    );
    if (/^y(?:es)?$/i.test(answer.trim())) return;
  }
  refuseMissing(missing, directory);
}

/** The user's own switch of buildx. */
function checksFiles(env: Environment): boolean {
  return booleanOf(env["BUILDX_BAKE_ENTITLEMENTS_FS"] ?? "") !== false;
}

function definedIn(env: Environment): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}

const ARCHITECTURES: Readonly<Record<string, string>> = { x64: "amd64", ia32: "386" };

function builtIn(): ReadonlyMap<string, string> {
  const system = process.platform === "win32" ? "windows" : process.platform;
  return new Map([
    ["BAKE_CMD_CONTEXT", "cwd://"],
    ["BAKE_LOCAL_PLATFORM", `${system}/${ARCHITECTURES[process.arch] ?? process.arch}`],
  ]);
}

/** BUILDX_BAKE_FILE, with BUILDX_BAKE_PATH_SEPARATOR between the files. */
function filesOfEnvironment(env: Environment): readonly string[] {
  const separator = env["BUILDX_BAKE_PATH_SEPARATOR"] || delimiter;
  return (env["BUILDX_BAKE_FILE"] ?? "")
    .split(separator)
    .map((file) => file.trim())
    .filter((file) => file !== "");
}

async function readFiles({ files, env, directory }: ReadRequest): Promise<readonly DefinitionFile[]> {
  const named = files.length > 0 ? files : filesOfEnvironment(env);
  if (named.length > 0) {
    return Promise.all(
      named.map(async (file) => {
        const name = file.replace(/^cwd:\/\//, "");
        if (name === "-") return { name: "-", text: await readAll(process.stdin) };
        return { name, text: await readNamed(name, directory) };
      }),
    );
  }
  const found = await Promise.all(
    DEFAULT_FILES.map(async (name) => {
      const text = await readFile(join(directory, name), "utf8").catch((error: NodeJS.ErrnoException) => {
        if (error.code === "ENOENT") return undefined;
        throw unreadable(name, error);
      });
      return text === undefined ? [] : [{ name, text }];
    }),
  );
  if (found.flat().length === 0) {
    throw new InvalidInput("couldn't find a bake definition", {
      suggestions: [`Write one of ${DEFAULT_FILES.join(", ")}, or name a file with -f FILE.`],
    });
  }
  return found.flat();
}

async function readNamed(name: string, directory: string): Promise<string> {
  try {
    return await readFile(resolve(directory, name), "utf8");
  } catch (error) {
    throw unreadable(name, error as NodeJS.ErrnoException);
  }
}

function unreadable(name: string, error: NodeJS.ErrnoException): InvalidInput {
  return new InvalidInput(`the bake file ${name} cannot be read: ${error.code ?? error.message}`, {
    suggestions: ["Name it with -f FILE."],
  });
}
