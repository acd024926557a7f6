/** Services of compose files as targets of a bake. Source: buildx v0.38.2, bake/compose.go. */
import { join } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { parseEnvFile } from "../../lib/compose/env-file.ts";
import { ComposeError } from "../../lib/compose/fault.ts";
import { loadCompose } from "../../lib/compose/load.ts";
import type { ComposeOptions } from "../../lib/compose/load.ts";
import { buildsOf } from "../../lib/compose/services.ts";
import type { ServiceBuild } from "../../lib/compose/services.ts";
import { isList, isMapping, scalarText } from "../../lib/compose/tree.ts";
import type { Mapping, Tree } from "../../lib/compose/tree.ts";
import { whyNot } from "../../lib/files/read-file.ts";
import { readRegularFileSync } from "../../lib/files/regular-file.ts";
import { HclError } from "../../lib/hcl/source.ts";
import { BudgetSpent, spendOnText } from "../../lib/limits/budget.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import type { Target } from "./definition.ts";
import { unique } from "./definition.ts";
import type { Entry } from "./entries.ts";
import { fieldOf } from "./fields.ts";
import type { FieldName, FieldValue } from "./fields.ts";
import type { ReadCompose } from "./read-files.ts";

export interface ComposeSurroundings {
  readonly env: Readonly<Record<string, string>>;
  /** The working directory, in which `.env` is. */
  readonly directory: string;
  /**
   * Called before a file is read that a compose file names.
   * @throws InvalidInput if the compose file must not name it
   */
  readonly mayRead?: (path: string) => void;
}

/** Reads the files that a compose file names when it gets to them. */
export function composeReader({ env, directory, mayRead }: ComposeSurroundings): ReadCompose {
  const read = (path: string): string | undefined => {
    mayRead?.(path);
    return textOf(path.startsWith("/") ? path : join(directory, path));
  };
  return (files) => {
    try {
      const options: ComposeOptions = { env: { ...dotEnv(directory, env), ...env }, read };
      const builds = buildsOf(loadCompose(files, options), options);
      const targets = builds.map(targetOf);
      return { targets, groups: [{ name: "default", targets: targets.map(({ name }) => name) }] };
    } catch (error) {
      if (error instanceof ComposeError) {
        throw new InvalidInput(error.where === undefined ? error.message : `${error.where}: ${error.message}`, {
          docker: "refuses",
        });
      }
      throw error;
    }
  };
}

function textOf(path: string): string | undefined {
  try {
    const text = readRegularFileSync(path).toString();
    // A file may be included many times.
    spendOnText(text.length);
    return text;
  } catch (error) {
    if (["ENOENT", "ENOTDIR", "EISDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return undefined;
    if (error instanceof BudgetSpent) throw error;
    throw new InvalidInput(`${path} ${whyNot(error)}`, {
      docker: "refuses",
    });
  }
}

function dotEnv(directory: string, env: Readonly<Record<string, string>>): Record<string, string> {
  const text = textOf(join(directory, ".env"));
  return text === undefined ? {} : Object.fromEntries(parseEnvFile(text, ".env", (name) => env[name]));
}

/** Names of services may have dots, names of targets may not. */
function targetName(service: string): string {
  const name = service.replaceAll(".", "_");
  if (!/^[a-zA-Z0-9_-]+$/.test(name))
    throw new ComposeError(`${service} is not a valid name of a target`, `services.${service}`);
  return name;
}

function parsed(field: FieldName, texts: readonly string[]): readonly Entry[] {
  const kind = fieldOf(field).entries;
  return texts.filter((text) => text !== "").flatMap((text) => kind?.parse(text) ?? []);
}

function contextsOf(contexts: Iterable<readonly [string, string]>): ReadonlyMap<string, string> {
  return new Map(
    Array.from(contexts, ([name, context]) => {
      const service = /^(?:service|target):(.*)$/s.exec(context)?.[1];
      return [name, service === undefined ? context : `target:${service.replaceAll(".", "_")}`];
    }),
  );
}

function attestationsOf({ sbom, provenance }: ServiceBuild): readonly Entry[] {
  const one = (type: string, value: string | undefined): string[] => {
    if (value === undefined) return [];
    const isOn = parseBool(value);
    return [`type=${type},${isOn === undefined ? value : `disabled=${!isOn}`}`];
  };
  return parsed("attest", [...one("sbom", sbom), ...one("provenance", provenance)]);
}

const SIZES = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in docker's format: four digits and the unit. */
function sizeText(bytes: number): string {
  let size = bytes;
  let step = 0;
  while (size >= 1024 && step < SIZES.length - 1) {
    size /= 1024;
    step += 1;
  }
  return `${Number(size.toPrecision(4))}${SIZES[step] ?? ""}`;
}

function targetOf(build: ServiceBuild): Target {
  const fields = new Map<FieldName, FieldValue>();
  const set = (name: FieldName, value: FieldValue | undefined): void => {
    if (value !== undefined) fields.set(name, value);
  };
  const some = <T extends { readonly size: number } | { readonly length: number }>(value: T): T | undefined =>
    ("size" in value ? value.size : value.length) === 0 ? undefined : value;
  set("context", build.context);
  set("contexts", some(contextsOf(build.additionalContexts)));
  set("dockerfile", build.dockerfile);
  set("dockerfile-inline", build.dockerfileInline);
  set("args", some(build.args));
  set("labels", some(build.labels));
  set("tags", some(build.tags));
  set("cache-from", some(parsed("cache-from", build.cacheFrom)));
  set("cache-to", some(parsed("cache-to", build.cacheTo)));
  set("target", build.target);
  set("secret", some(build.secrets.map(secretOf)));
  set(
    "ssh",
    some(
      [...build.ssh].map(([id, path]) => ({
        pairs: new Map([["id", id]]),
        ...(path === undefined ? {} : { paths: [path] }),
      })),
    ),
  );
  set("platforms", some(build.platforms));
  set("network", build.network);
  set("shm-size", build.shmSize === undefined ? undefined : sizeText(build.shmSize));
  set("ulimits", some([...build.ulimits].map(([name, limit]) => `${name}=${limit}`)));
  set("extra-hosts", some(build.extraHosts));
  set("attest", some(attestationsOf(build)));
  set("pull", build.pull ? true : undefined);
  set("no-cache", build.noCache ? true : undefined);
  try {
    extend(fields, build.extensions["x-bake"]);
  } catch (error) {
    if (error instanceof HclError) throw new ComposeError(error.message, `services.${build.service}.build.x-bake`);
    throw error;
  }
  if (!fields.has("tags") && build.image !== undefined) fields.set("tags", [build.image]);
  return { name: targetName(build.service), fields };
}

function secretOf({ id, file, environment }: ServiceBuild["secrets"][number]): Entry {
  return {
    pairs: new Map([
      ...(id === "" ? [] : [["id", id] as const]),
      ...(file === undefined ? [] : [["src", file] as const]),
      ...(environment === undefined ? [] : [["env", environment] as const]),
    ]),
  };
}

const EXTENSION_LISTS = [
  "tags",
  "cache-from",
  "cache-to",
  "secret",
  "ssh",
  "platforms",
  "output",
  "no-cache-filter",
] as const;

/** A list of texts, or one text with spaces between them. */
function textsIn(tree: Tree, name: string): readonly string[] {
  if (typeof tree === "string") return tree.split(/\s+/).filter((text) => text !== "");
  if (isList(tree) && tree.every((item) => typeof item !== "object" || item === null)) return tree.map(String);
  throw new HclError(`${name} must be a list of texts`);
}

/** `x-bake`: the fields that compose's `build` lacks. */
function extend(fields: Map<FieldName, FieldValue>, extension: Tree | undefined): void {
  if (extension === undefined || extension === null) return;
  if (!isMapping(extension)) throw new HclError("x-bake must be a mapping");
  for (const name of EXTENSION_LISTS) {
    const own = extension[name];
    if (own === undefined || own === null) continue;
    const texts = textsIn(own, name);
    if (texts.length === 0) continue;
    const field = fieldOf(name);
    if (field.form === "texts")
      fields.set(name, unique([...((fields.get(name) as readonly string[] | undefined) ?? []), ...texts]));
    else {
      const all = [...((fields.get(name) as readonly Entry[] | undefined) ?? []), ...parsed(name, texts)];
      fields.set(name, field.entries?.unique(all) ?? all);
    }
  }
  for (const name of ["pull", "no-cache"] as const) {
    const own = extension[name];
    if (typeof own === "boolean") fields.set(name, own);
    else if (own !== undefined && own !== null) throw new HclError(`${name} must be true or false`);
  }
  if (isMapping(extension["contexts"])) fields.set("contexts", withContexts(fields, extension["contexts"]));
}

function withContexts(fields: ReadonlyMap<FieldName, FieldValue>, own: Mapping): ReadonlyMap<string, string> {
  const given = contextsOf(Object.entries(own).map(([name, path]) => [name, scalarText(path)] as const));
  return new Map([...given, ...((fields.get("contexts") as ReadonlyMap<string, string> | undefined) ?? [])]);
}
