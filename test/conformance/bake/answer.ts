/** What slipway and buildx print for one bake. */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { InvalidInput } from "../../../src/errors.ts";
import { listTargets, listVariables, printDefinition } from "../../../src/cli/bake/print.ts";
import { composeReader } from "../../../src/plan/bake/compose-targets.ts";
import { parseVariables, planBake } from "../../../src/plan/bake/plan-bake.ts";
import { DEFAULT_FILES, readDefinition } from "../../../src/plan/bake/read-files.ts";
import { parseList } from "../../../src/cli/bake/parse-list.ts";

export interface BakeCase {
  readonly files: Readonly<Record<string, string>>;
  /** Arguments of `bake`: of -f, --set, --var, --list, --push, --load, --pull, --no-cache, --call, --sbom, --provenance. */
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What was printed; or that, and where, it was refused. */
export type Answer = { readonly output: string } | { readonly refused: string };

interface Parsed {
  readonly names: string[];
  readonly values: Map<string, string[]>;
  readonly switches: Set<string>;
}

const WITH_VALUE = new Set(["-f", "--set", "--var", "--list"]);

function parse(args: readonly string[]): Parsed {
  const parsed: Parsed = { names: [], values: new Map(), switches: new Set() };
  for (let at = 0; at < args.length; at += 1) {
    const own = args[at] ?? "";
    const [name = "", ...value] = own.split("=");
    if (WITH_VALUE.has(own)) {
      at += 1;
      parsed.values.set(own, [...(parsed.values.get(own) ?? []), args[at] ?? ""]);
    } else if (own.startsWith("--") && value.length > 0) parsed.values.set(name, [value.join("=")]);
    else if (own.startsWith("--")) parsed.switches.add(own);
    else parsed.names.push(own);
  }
  return parsed;
}

/** What `--set TARGET.args.HOME` takes, and `homedir()` gives. */
const HOME = "/home/somebody";

/** A directory with the files of the case, for as long as it is used. */
export class CaseDirectory implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "slipway-bake-"));

  constructor({ files }: BakeCase) {
    for (const [name, text] of Object.entries(files)) {
      mkdirSync(dirname(join(this.path, name)), { recursive: true });
      writeFileSync(join(this.path, name), text);
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }
}

export function answerOurs({ files, args, env }: BakeCase, directory: string): Answer {
  const { names, values, switches } = parse(args);
  const one = (name: string): string | undefined => values.get(name)?.[0];
  const lookup = (name: string): string | undefined => (name === "HOME" ? HOME : env[name]);
  try {
    const given = values.get("-f") ?? DEFAULT_FILES.filter((name) => Object.hasOwn(files, name));
    const variables = parseVariables(values.get("--var") ?? []);
    const definition = readDefinition(
      given.map((name) => ({ name, text: files[name] ?? "" })),
      {
        lookup,
        variables,
        builtIn: new Map([
          ["BAKE_CMD_CONTEXT", "cwd://"],
          ["BAKE_LOCAL_PLATFORM", "linux/amd64"],
        ]),
      },
      composeReader({ env: { ...env, ...Object.fromEntries(variables) }, directory }),
    );
    const list = one("--list");
    if (list !== undefined) {
      const { what, format } = parseList(list);
      return { output: what === "targets" ? listTargets(definition, format) : listVariables(definition, format) };
    }
    const on = (name: string): true | undefined => (switches.has(name) ? true : undefined);
    const plan = planBake(
      definition,
      {
        names,
        sets: values.get("--set") ?? [],
        ...(on("--push") && { push: true }),
        ...(on("--load") && { load: true }),
        ...(on("--pull") && { pull: true }),
        ...(on("--no-cache") && { noCache: true }),
        ...(one("--call") !== undefined && { call: one("--call") ?? "" }),
        ...(one("--sbom") !== undefined && { sbom: one("--sbom") ?? "" }),
        ...(one("--provenance") !== undefined && { provenance: one("--provenance") ?? "" }),
      },
      lookup,
    );
    return { output: printDefinition(plan) };
  } catch (error) {
    if (error instanceof InvalidInput) return { refused: error.message };
    throw error;
  }
}

export function answerTheirs(buildx: string, { args, env }: BakeCase, directory: string): Answer {
  const own = args.includes("--list") ? args : ["--print", ...args];
  const { status, stdout, stderr } = spawnSync(buildx, ["bake", ...own], {
    cwd: directory,
    // The last two only make it faster: a run is 10 000 starts of it.
    env: { PATH: process.env["PATH"] ?? "", HOME, DOCKER_CONFIG: directory, ...env, GOGC: "off", GOMAXPROCS: "1" },
    encoding: "utf8",
  });
  if (status === 0) return { output: stdout };
  return { refused: /ERROR: (.*)/.exec(stderr)?.[1] ?? stderr };
}

/** Buildx goes through the keys of a matrix in no certain order, and so are the groups it makes of them. */
export function comparable({ output }: { readonly output: string }): string {
  let tree: unknown;
  try {
    tree = JSON.parse(output);
  } catch {
    return output;
  }
  const groups = typeof tree === "object" && tree !== null && "group" in tree ? tree.group : {};
  for (const group of Object.values(groups as Record<string, { targets?: string[] }>)) group.targets?.sort();
  return JSON.stringify(tree, undefined, 1);
}

/** Whether both print the same, or both refuse. */
export function areAlike(ours: Answer, theirs: Answer): boolean {
  if ("refused" in ours || "refused" in theirs) return "refused" in ours && "refused" in theirs;
  return ours.output === theirs.output || comparable(ours) === comparable(theirs);
}
