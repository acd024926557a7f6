/** Reads compose files into one tree, with the files that they include and extend. Source: compose-spec. */
import { posix } from "node:path";
import { spend } from "../limits/budget.ts";
import { parseEnvFile } from "./env-file.ts";
import { ComposeError } from "./fault.ts";
import { interpolate } from "./interpolate.ts";
import type { Lookup } from "./interpolate.ts";
import { mergeTrees, stripTags } from "./merge.ts";
import { Tagged, isList, isMapping, parseTrees } from "./tree.ts";
import type { Mapping, Tree } from "./tree.ts";

export interface ComposeFile {
  readonly name: string;
  readonly text: string;
}

export interface ComposeOptions {
  /** Variables for `$NAME`. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * The text of a file that a compose file names; undefined if it does not exist. The path is relative to the working directory.
   * It may throw an error of its own for a file that must not be read.
   */
  readonly read: (path: string) => string | undefined;
}

/** Sections that are imported from included files. */
const IMPORTED = ["services", "volumes", "networks", "secrets", "configs", "models"];

/** Limit for the depth of `include` and `extends`. */
const MAX_DEPTH = 50;

/**
 * Paths in the result are relative to the working directory.
 * @throws ComposeError
 */
export function loadCompose(files: readonly ComposeFile[], options: ComposeOptions): Mapping {
  const model = loadFiles(files, "", options, []);
  if (Object.keys(model).length === 0) throw new ComposeError("the compose file is empty", files[0]?.name);
  return model;
}

function loadFiles(
  files: readonly ComposeFile[],
  directory: string,
  options: ComposeOptions,
  path: readonly string[],
): Mapping {
  if (path.length > MAX_DEPTH) throw new ComposeError("files include each other in a circle", path[0]);
  let model: Tree = {};
  for (const file of files) {
    // To parse a file takes about a millisecond.
    spend(1000 + file.text.length);
    for (const tree of parseTrees(file.text, file.name)) {
      if (tree === null) continue;
      if (!isMapping(tree)) throw new ComposeError("a compose file must be a mapping", file.name);
      const lookup: Lookup = (name) => options.env[name];
      const own = interpolated(tree, lookup, file.name) as Mapping;
      const complete = included(own, directory, options, [...path, file.name]);
      model = mergeTrees(model, extended(complete, file.name, directory, options));
    }
  }
  return rebased(isMapping(model) ? model : {}, directory);
}

function interpolated(tree: Tree, lookup: Lookup, where: string): Tree {
  spend();
  if (typeof tree === "string") {
    try {
      return interpolate(tree, lookup);
    } catch (error) {
      if (error instanceof ComposeError && error.where === undefined) throw new ComposeError(error.message, where);
      throw error;
    }
  }
  if (tree instanceof Tagged) return new Tagged(tree.tag, interpolated(tree.value, lookup, where));
  if (isList(tree)) return tree.map((item) => interpolated(item, lookup, where));
  if (!isMapping(tree)) return tree;
  return Object.fromEntries(Object.entries(tree).map(([key, value]) => [key, interpolated(value, lookup, where)]));
}

function textsIn(tree: Tree | undefined): readonly string[] {
  if (tree === undefined || tree === null) return [];
  return (isList(tree) ? tree : [tree]).map(String);
}

function mustRead(path: string, options: ComposeOptions, where: string): string {
  const text = options.read(path);
  if (text === undefined) throw new ComposeError(`${path} does not exist`, where);
  return text;
}

function inDirectory(path: string, directory: string): string {
  return posix.isAbsolute(path) || directory === "" ? path : posix.join(directory, path);
}

function included(model: Mapping, directory: string, options: ComposeOptions, path: readonly string[]): Mapping {
  const { include, ...rest } = model;
  if (include === undefined || include === null) return model;
  if (!isList(include)) throw new ComposeError("include must be a list", path.at(-1));
  let result: Mapping = rest;
  for (const entry of include) {
    const own: Mapping = isMapping(entry) ? entry : { path: entry };
    const paths = textsIn(own["path"]).map((one) => inDirectory(one, directory));
    const [main] = paths;
    if (main === undefined) throw new ComposeError("include needs a path", path.at(-1));
    if (path.includes(main)) throw new ComposeError(`${main} includes itself: ${[...path, main].join(" → ")}`, path[0]);
    const project = own["project_directory"];
    const base = typeof project === "string" ? inDirectory(project, directory) : posix.dirname(main);
    const env = { ...environmentOf(own, base, directory, options), ...options.env };
    const files = paths.map((name) => ({ name, text: mustRead(name, options, path.at(-1) ?? "") }));
    result = imported(result, loadFiles(files, base, { ...options, env }, path), main);
  }
  return result;
}

/** Variables of the `env_file` of an include, or of the `.env` beside the included file. */
function environmentOf(own: Mapping, base: string, directory: string, options: ComposeOptions): Record<string, string> {
  const named = textsIn(own["env_file"]).filter((file) => file !== "/dev/null");
  const files = named.length > 0 ? named.map((file) => inDirectory(file, directory)) : [posix.join(base, ".env")];
  const values: Record<string, string> = {};
  for (const file of files) {
    const text = named.length > 0 ? mustRead(file, options, file) : options.read(file);
    if (text === undefined) continue;
    Object.assign(values, Object.fromEntries(parseEnvFile(text, file, (name) => options.env[name])));
  }
  return values;
}

function imported(model: Mapping, other: Mapping, from: string): Mapping {
  const result = new Map(Object.entries(model));
  for (const section of IMPORTED) {
    const theirs = other[section];
    if (!isMapping(theirs)) continue;
    const own = result.get(section);
    const merged = new Map(isMapping(own) ? Object.entries(own) : []);
    for (const [name, value] of Object.entries(theirs)) {
      const before = merged.get(name);
      if (before !== undefined && JSON.stringify(before) !== JSON.stringify(value)) {
        // The including file has precedence over what it includes.
        merged.set(name, mergeTrees(value, before, `${section}.${name}`));
      } else merged.set(name, value);
    }
    result.set(section, Object.fromEntries(merged));
  }
  for (const key of Object.keys(other))
    if (!result.has(key) && key.startsWith("x-")) result.set(key, other[key] ?? null);
  if (result.size === 0) throw new ComposeError("the included file is empty", from);
  return Object.fromEntries(result);
}

/** Services, merged with the services that they extend. */
function extended(model: Mapping, file: string, directory: string, options: ComposeOptions): Mapping {
  const { services } = model;
  if (services === undefined || services === null) return model;
  if (!isMapping(services)) throw new ComposeError("services must be a mapping", file);
  const resolve = (name: string, own: Mapping, from: string, base: string, path: readonly string[]): Tree => {
    const service = own[name];
    spend(10 + path.length);
    if (service === undefined || service === null) return service ?? null;
    if (!isMapping(service)) throw new ComposeError("a service must be a mapping", `services.${name}`);
    const { extends: reference, ...rest } = service;
    if (reference === undefined) return service;
    const key = `${from} ${name}`;
    if (path.includes(key)) throw new ComposeError(`the service ${name} extends itself`, `services.${name}`);
    const wanted = isMapping(reference) ? reference["service"] : reference;
    const otherFile = isMapping(reference) ? reference["file"] : undefined;
    if (typeof wanted !== "string") throw new ComposeError("extends needs the name of a service", `services.${name}`);
    if (typeof otherFile !== "string") {
      if (!Object.hasOwn(own, wanted))
        throw new ComposeError(`the service ${wanted} to extend does not exist`, `services.${name}`);
      return over(resolve(wanted, own, from, base, [...path, key]), rest, name);
    }
    const location = inDirectory(otherFile, base);
    const others = servicesOf(location, options, `services.${name}`);
    if (!Object.hasOwn(others, wanted)) {
      throw new ComposeError(`${location} has no service ${wanted} to extend`, `services.${name}`);
    }
    const found = resolve(wanted, others, location, posix.dirname(location), [...path, key]);
    const relative = rebased({ services: { [wanted]: found } }, relativeTo(base, posix.dirname(location)));
    const { services: moved } = relative;
    return over(isMapping(moved) ? (moved[wanted] ?? null) : null, rest, name);
  };
  const resolved = Object.keys(services).map((name) => [name, resolve(name, services, file, directory, [])] as const);
  return { ...model, services: Object.fromEntries(resolved) };
}

function relativeTo(base: string, directory: string): string {
  return posix.isAbsolute(directory) || base === "" ? directory : posix.relative(base, directory);
}

function over(base: Tree, own: Mapping, name: string): Tree {
  if (!isMapping(base)) return own;
  return mergeTrees(stripTags(base), own, `services.${name}`);
}

function servicesOf(file: string, options: ComposeOptions, where: string): Mapping {
  const text = mustRead(file, options, where);
  let model: Tree = {};
  for (const tree of parseTrees(text, file)) {
    if (tree !== null)
      model = mergeTrees(
        model,
        interpolated(tree, (name) => options.env[name], file),
      );
  }
  const services = isMapping(model) ? model["services"] : undefined;
  if (!isMapping(services)) throw new ComposeError(`${file} has no services`, where);
  return services;
}

/** Whether the context is not a directory of this machine. */
function isElsewhere(context: string): boolean {
  return context.includes("://") || /^(?:service:|target:|github\.com\/|git@)/.test(context);
}

type Change = (path: string) => string;

function moved(tree: Tree | undefined, change: Change): Tree | undefined {
  return typeof tree === "string" && tree !== "" ? change(tree) : tree;
}

/** The model with its paths changed from that directory to the working directory. */
function rebased(model: Mapping, directory: string): Mapping {
  const change: Change = (path) => {
    if (posix.isAbsolute(path) || path.startsWith("~")) return path;
    return posix.join(directory, path);
  };
  const context: Change = (path) => (isElsewhere(path) ? path : change(path));
  const { services, secrets } = model;
  return {
    ...model,
    ...(isMapping(services)
      ? { services: eachOf(services, (service) => rebasedService(service, change, context)) }
      : {}),
    ...(isMapping(secrets) ? { secrets: eachOf(secrets, (secret) => withPath(secret, "file", change)) } : {}),
  };
}

function eachOf(mapping: Mapping, run: (own: Mapping) => Mapping): Mapping {
  return Object.fromEntries(Object.entries(mapping).map(([key, own]) => [key, isMapping(own) ? run(own) : own]));
}

function withPath(own: Mapping, key: string, change: Change): Mapping {
  const path = moved(own[key], change);
  return path === undefined ? own : { ...own, [key]: path };
}

function rebasedService(service: Mapping, change: Change, context: Change): Mapping {
  const { build, env_file: envFile } = service;
  const own = typeof build === "string" ? { context: build } : build;
  return {
    ...service,
    ...(isMapping(own) ? { build: rebasedBuild(own, context) } : {}),
    ...(envFile === undefined ? {} : { env_file: envFiles(envFile, change) }),
  };
}

function rebasedBuild(build: Mapping, context: Change): Mapping {
  const { additional_contexts: contexts } = build;
  const pairs = isMapping(contexts)
    ? Object.entries(contexts)
    : textsIn(contexts).map((one) => [one.split("=", 1)[0] ?? "", one.slice(one.indexOf("=") + 1)] as const);
  const own = Object.fromEntries(pairs.map(([name, path]) => [name, moved(path, context) ?? null]));
  return {
    ...withPath(build, "context", context),
    ...(contexts === undefined || contexts === null ? {} : { additional_contexts: own }),
  };
}

function envFiles(tree: Tree, change: Change): Tree {
  const one = (own: Tree): Tree => (isMapping(own) ? withPath(own, "path", change) : (moved(own, change) ?? null));
  return isList(tree) ? tree.map(one) : one(tree);
}
