/** The builds of the services of compose files. Source: compose-spec, build.md. */
import { parseEnvFile } from "./env-file.ts";
import { ComposeError } from "./fault.ts";
import type { ComposeOptions } from "./load.ts";
import { entriesOf } from "./merge.ts";
import { isList, isMapping, scalarText } from "./tree.ts";
import type { Mapping, Tree } from "./tree.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export interface BuildSecret {
  readonly id: string;
  readonly file?: string;
  readonly environment?: string;
}

export interface ServiceBuild {
  readonly service: string;
  readonly image?: string;
  readonly context: string;
  readonly dockerfile?: string;
  readonly dockerfileInline?: string;
  readonly args: ReadonlyMap<string, string>;
  readonly labels: ReadonlyMap<string, string>;
  readonly additionalContexts: ReadonlyMap<string, string>;
  readonly extraHosts: ReadonlyMap<string, string>;
  readonly tags: readonly string[];
  readonly platforms: readonly string[];
  readonly cacheFrom: readonly string[];
  readonly cacheTo: readonly string[];
  readonly secrets: readonly BuildSecret[];
  /** Paths by ID. Without a path the key is the agent's. */
  readonly ssh: ReadonlyMap<string, string | undefined>;
  /** `SOFT:HARD` by name. */
  readonly ulimits: ReadonlyMap<string, string>;
  readonly target?: string;
  readonly network?: string;
  /** In bytes. */
  readonly shmSize?: number;
  readonly pull: boolean;
  readonly noCache: boolean;
  readonly provenance?: string;
  readonly sbom?: string;
  /** Extensions, by their names with `x-`. */
  readonly extensions: Mapping;
}

type Kind = "text" | "flag" | "list" | "pairs" | "secrets" | "ulimits" | "size" | "setting" | "hosts" | "texts or one";

/** The known keys of a build, with their kinds. */
const BUILD_KEYS: Readonly<Record<string, Kind>> = {
  context: "text",
  dockerfile: "text",
  dockerfile_inline: "text",
  entitlements: "list",
  args: "pairs",
  ssh: "pairs",
  labels: "pairs",
  cache_from: "list",
  cache_to: "list",
  no_cache: "flag",
  no_cache_filter: "texts or one",
  additional_contexts: "pairs",
  network: "text",
  provenance: "setting",
  sbom: "setting",
  pull: "flag",
  target: "text",
  shm_size: "size",
  extra_hosts: "hosts",
  isolation: "text",
  privileged: "flag",
  secrets: "secrets",
  tags: "list",
  ulimits: "ulimits",
  platforms: "list",
};

function isPlain(tree: Tree): boolean {
  return tree === null || typeof tree !== "object";
}

function fits(kind: Kind, tree: Tree): boolean {
  switch (kind) {
    case "text":
      return typeof tree === "string";
    case "flag":
    case "setting":
      return typeof tree === "boolean" || typeof tree === "string";
    case "size":
      return typeof tree === "number" || typeof tree === "string";
    case "list":
      return isList(tree) && tree.every((item) => typeof item === "string");
    case "texts or one":
      return typeof tree === "string" || (isList(tree) && tree.every((item) => typeof item === "string"));
    case "pairs":
      return (
        (isList(tree) && tree.every((item) => typeof item === "string")) ||
        (isMapping(tree) && Object.values(tree).every(isPlain))
      );
    case "hosts":
      return isList(tree) || isMapping(tree);
    case "secrets":
      return isList(tree) && tree.every((item) => typeof item === "string" || isMapping(item));
    case "ulimits":
      return isMapping(tree);
  }
}

function mustFit(build: Mapping, where: string): void {
  for (const [key, value] of Object.entries(build)) {
    if (key.startsWith("x-")) continue;
    const kind = Object.hasOwn(BUILD_KEYS, key) ? BUILD_KEYS[key] : undefined;
    if (kind === undefined) throw new ComposeError(`unknown key ${key} of a build`, where);
    if (value !== null && !fits(kind, value)) throw new ComposeError(`${key} is of the wrong kind`, where);
  }
}

/** @throws ComposeError */
export function buildsOf(model: Mapping, options: ComposeOptions): readonly ServiceBuild[] {
  const { services, secrets } = model;
  if (services === undefined && secrets === undefined) throw new ComposeError("the compose file has no services");
  if (services !== undefined && services !== null && !isMapping(services))
    throw new ComposeError("services must be a mapping");
  const all = isMapping(services) ? services : {};
  return Object.entries(all).flatMap(([name, service]) => {
    const own = isMapping(service) ? service : {};
    if (service !== null && !isMapping(service))
      throw new ComposeError("a service must be a mapping", `services.${name}`);
    const { build, image } = own;
    if (build === undefined || build === null) {
      if (typeof image === "string" && image !== "") return [];
      throw new ComposeError("the service has neither an image nor a build", `services.${name}`);
    }
    if (!isMapping(build)) throw new ComposeError("build must be a path or a mapping", `services.${name}.build`);
    return [buildOf(name, own, build, isMapping(secrets) ? secrets : {}, all, options)];
  });
}

function texts(tree: Tree | undefined): readonly string[] {
  return isList(tree) ? tree.map(String) : typeof tree === "string" ? [tree] : [];
}

function textIn(tree: Tree | undefined): string | undefined {
  return typeof tree === "string" && tree !== "" ? tree : undefined;
}

function flagIn(tree: Tree | undefined): boolean {
  return tree === true || (typeof tree === "string" && /^(?:true|1|t)$/i.test(tree));
}

/** Keys without a value are null. */
function pairsOf(tree: Tree | undefined): ReadonlyMap<string, string | null> {
  const entries = tree === undefined ? [] : entriesOf(tree).map(String);
  return new Map(
    entries.map((entry) => {
      const at = entry.indexOf("=");
      return at === -1 ? [entry, null] : [entry.slice(0, at), entry.slice(at + 1)];
    }),
  );
}

/** Optional texts of a build, with their names in the result. */
const TEXTS = {
  dockerfile: "dockerfile",
  dockerfileInline: "dockerfile_inline",
  target: "target",
  network: "network",
} as const;

function buildOf(
  name: string,
  service: Mapping,
  build: Mapping,
  secrets: Mapping,
  services: Mapping,
  options: ComposeOptions,
): ServiceBuild {
  const where = `services.${name}.build`;
  mustFit(build, where);
  if (textIn(build["dockerfile"]) !== undefined && textIn(build["dockerfile_inline"]) !== undefined) {
    throw new ComposeError("the build has both dockerfile and dockerfile_inline", where);
  }
  const environment = environmentOf(service, options, `services.${name}`);
  const args = [...pairsOf(build["args"])].map(
    ([key, value]) => [key, value ?? environment.get(key) ?? options.env[key]] as const,
  );
  const contexts = [...pairsOf(build["additional_contexts"])].map(([key, value]) => [key, value ?? ""] as const);
  for (const [, context] of contexts) mustBeService(context, services, where);
  const given = Object.entries(TEXTS).flatMap(([key, own]) => {
    const value = textIn(build[own]);
    return value === undefined ? [] : [[key, value] as const];
  });
  const shmSize = build["shm_size"] === undefined ? 0 : bytesIn(build["shm_size"], where);
  const image = textIn(service["image"]);
  const provenance = settingIn(build["provenance"]);
  const sbom = settingIn(build["sbom"]);
  return {
    service: name,
    ...omitUndefined({ image }),
    ...(Object.fromEntries(given) as Partial<Record<keyof typeof TEXTS, string>>),
    context: textIn(build["context"]) ?? ".",
    args: new Map(args.filter((pair): pair is readonly [string, string] => pair[1] !== undefined)),
    labels: new Map([...pairsOf(build["labels"])].map(([key, value]) => [key, value ?? ""])),
    additionalContexts: new Map(contexts),
    extraHosts: hostsOf(build["extra_hosts"], where),
    tags: texts(build["tags"]),
    platforms: texts(build["platforms"]),
    cacheFrom: texts(build["cache_from"]),
    cacheTo: texts(build["cache_to"]),
    secrets: secretsOf(build["secrets"], secrets, name),
    ssh: sshOf(build["ssh"], where),
    ulimits: ulimitsOf(build["ulimits"], where),
    ...(shmSize > 0 ? { shmSize } : {}),
    pull: flagIn(build["pull"]),
    noCache: flagIn(build["no_cache"]),
    ...omitUndefined({ provenance, sbom }),
    extensions: Object.fromEntries(Object.entries(build).filter(([key]) => key.startsWith("x-"))),
  };
}

function mustBeService(context: string, services: Mapping, where: string): void {
  if (!context.startsWith("service:")) return;
  const other = services[context.slice("service:".length)];
  if (isMapping(other) && other["build"] !== undefined && other["build"] !== null) return;
  throw new ComposeError(`${context} is not a service with a build`, where);
}

function settingIn(tree: Tree | undefined): string | undefined {
  return typeof tree === "boolean" ? String(tree) : textIn(tree);
}

function environmentOf(service: Mapping, options: ComposeOptions, where: string): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  const { env_file: files } = service;
  for (const entry of files === undefined || files === null ? [] : isList(files) ? files : [files]) {
    const path = isMapping(entry) ? scalarText(entry["path"]) : scalarText(entry);
    const text = options.read(path);
    if (text === undefined) {
      if (isMapping(entry) && (entry["required"] === false || entry["required"] === "false")) continue;
      throw new ComposeError(`the env_file ${path} does not exist`, where);
    }
    const found = parseEnvFile(text, path, (name) => values.get(name) ?? options.env[name]);
    for (const [key, value] of found) values.set(key, value);
  }
  for (const [key, value] of pairsOf(service["environment"])) {
    const own = value ?? options.env[key];
    if (own !== undefined) values.set(key, own);
  }
  return values;
}

function hostsOf(tree: Tree | undefined, where: string): ReadonlyMap<string, string> {
  const hosts = new Map<string, string[]>();
  const add = (name: string, address: string): void => {
    const plain = address.replace(/^\[(.*)\]$/, "$1");
    hosts.set(name, [...(hosts.get(name) ?? []), plain]);
  };
  if (isMapping(tree)) {
    for (const [name, address] of Object.entries(tree))
      for (const one of texts(isList(address) ? address : [address])) add(name, one);
  } else {
    for (const entry of texts(tree)) {
      const parts = /^([^=:]+)[=:](.+)$/.exec(entry);
      if (parts?.[1] === undefined || parts[2] === undefined)
        throw new ComposeError(`${entry} is not HOST=ADDRESS`, where);
      add(parts[1], parts[2]);
    }
  }
  return new Map([...hosts].map(([name, addresses]) => [name, addresses.join(",")]));
}

function secretsOf(tree: Tree | undefined, defined: Mapping, service: string): readonly BuildSecret[] {
  const where = `services.${service}.build.secrets`;
  return (isList(tree) ? tree : []).map((entry) => {
    const id = isMapping(entry) ? scalarText(entry["source"] ?? "") : scalarText(entry);
    const definition = defined[id];
    if (definition === undefined) throw new ComposeError(`the secret ${id} is not defined`, where);
    const own = isMapping(definition) ? definition : {};
    if (own["external"] !== undefined && own["external"] !== false && own["external"] !== null) {
      throw new ComposeError(`the secret ${id} is external, and bake cannot read it`, where);
    }
    const file = textIn(own["file"]);
    const environment = textIn(own["environment"]);
    return { id, ...omitUndefined({ file, environment }) };
  });
}

function sshOf(tree: Tree | undefined, where: string): ReadonlyMap<string, string | undefined> {
  const keys = [...pairsOf(tree)].map(([id, path]) => [id, path ?? undefined] as const);
  const unnamed = keys.find(([id, path]) => path === undefined && id !== "default" && isList(tree));
  if (unnamed !== undefined) throw new ComposeError(`the SSH key ${unnamed[0]} has no path`, where);
  return new Map(keys.sort(([left], [right]) => (left < right ? -1 : 1)));
}

function ulimitsOf(tree: Tree | undefined, where: string): ReadonlyMap<string, string> {
  if (!isMapping(tree)) return new Map();
  const whole = (value: Tree | undefined): number => {
    const size = Number(value);
    if (!Number.isInteger(size)) throw new ComposeError(`${scalarText(value)} is not a limit`, where);
    return size;
  };
  return new Map(
    Object.entries(tree).map(([name, limit]) => {
      if (!isMapping(limit)) return [name, `${whole(limit)}:${whole(limit)}`];
      return [name, `${whole(limit["soft"])}:${whole(limit["hard"])}`];
    }),
  );
}

const UNITS = "kmgtp";
const BYTES_PER_STEP = 1024;

/** `64m`, `1gb`, or a number of bytes. */
function bytesIn(tree: Tree | undefined, where: string): number {
  if (typeof tree === "number") return tree;
  const match = /^(\d+(?:\.\d+)?)\s?(?:([kmgtp])i?b?|b)?$/i.exec(scalarText(tree));
  if (match === null) throw new ComposeError(`${scalarText(tree)} is not a size`, where);
  const steps = match[2] === undefined ? 0 : UNITS.indexOf(match[2].toLowerCase()) + 1;
  return Math.floor(Number(match[1]) * BYTES_PER_STEP ** steps);
}
