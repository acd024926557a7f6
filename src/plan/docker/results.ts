/** `-o`, `--push`, `--annotation` and attestations: the results of a build. */
import { InvalidInput } from "../../errors.ts";
import { csvFields, csvPairs } from "../../lib/pflag/csv.ts";
import { parseBool } from "../../lib/pflag/parse-bool.ts";
import { platformText } from "../../lib/image/platform.ts";
import type { Platform } from "../../lib/image/platform.ts";
import type { Attestation, Export, ExportToEngine, ImageAttributes, LoadTarget } from "./options.ts";
import { isKnownAttribute, readImageAttributes, switchOf } from "./output-attributes.ts";

export interface Outputs {
  readonly exports: readonly Export[];
  /** Whether the image is pushed to its tags. Undefined if no output decides it. */
  readonly push: boolean | undefined;
  /** There are outputs, but none of them is an image. */
  readonly imageless: boolean;
  /** Names from `name=`. */
  readonly names: readonly string[];
  /** How the image is written that is pushed. */
  readonly attributes: ImageAttributes;
  /** The image is pushed without a tag. */
  readonly byDigest: boolean;
  /** From `annotation.KEY=`, as values of `--annotation`. */
  readonly annotations: readonly string[];
}

/** The result of `--load`, and of `-o type=docker` without a file. */
const intoEngine = (engine: LoadTarget): Export => ({
  kind: "archive",
  format: "docker",
  dest: "",
  directory: false,
  engine,
});
const LOCAL_ENGINE: LoadTarget = { store: "engine" };

const NO_IMAGE: ReadonlySet<string> = new Set(["local", "tar", "cacheonly"]);

/**
 * The value of `--load`: docker's boolean, or `kind[:NAME]` for the nodes of a kind cluster.
 * @returns undefined if nothing is to be loaded
 * @throws InvalidInput
 */
export function loadTargetOf(text: string | undefined): LoadTarget | undefined {
  if (text === undefined) return undefined;
  const load = parseBool(text);
  if (load !== undefined) return load ? LOCAL_ENGINE : undefined;
  // kind's own default, and its pattern for names (kind pkg/cluster/internal/create).
  const [, cluster] = /^kind(?::([a-z0-9.-]+))?$/.exec(text) ?? [];
  if (text === "kind" || cluster !== undefined) return { store: "kind", cluster: cluster ?? "kind" };
  throw new InvalidInput(`--load takes true, false, kind or kind:NAME, not ${JSON.stringify(text)}`, {
    suggestions: ["Write --load for the local engine, or --load=kind:NAME for a kind cluster."],
  });
}

/** @param load where `--load` wants the image. @throws InvalidInput with docker's message for an invalid output. */
export function outputsOf(values: readonly string[], push: boolean, load?: LoadTarget): Outputs {
  const exports: Export[] = [];
  const names: string[] = [];
  let annotations: readonly string[] | undefined;
  let attributes: ImageAttributes | undefined;
  let byDigest = false;
  let pushed: boolean | undefined = push ? true : undefined;
  let images = push ? 1 : 0;
  for (const value of values) {
    if (value === "") continue;
    const entry = entryOf(value);
    if (!NO_IMAGE.has(entry.type)) images += 1;
    const read = NO_IMAGE.has(entry.type) ? undefined : readImageAttributes(entry.attributes);
    if (read !== undefined) {
      const texts = read.annotations.toSorted((a, b) => (a < b ? -1 : 1));
      if (annotations !== undefined && String(annotations) !== String(texts)) throw annotatedTwice(value);
      annotations = texts;
    }
    if (read !== undefined && (entry.type === "image" || entry.type === "registry")) {
      if (attributes !== undefined && !sameAttributes(attributes, read.written)) throw twoWays(value);
      attributes = read.written;
      byDigest ||= read.byDigest;
      names.push(...(entry.attributes["name"] ?? "").split(",").filter((name) => name !== ""));
      const { push: asked } = entry.attributes;
      if (entry.type === "registry" || (asked !== undefined && switchOf("push", asked))) pushed = true;
    } else if (entry.type !== "cacheonly") {
      const wanted = exportOf(entry, read?.written ?? {});
      const same = exports.find(({ format }) => format === wanted.format);
      if (same !== undefined && !sameAttributes(attributesOf(same), attributesOf(wanted))) throw twoWays(value);
      // One engine needs the image once.
      if (!isForEngine(wanted) || !exports.some(isForEngine)) exports.push(wanted);
      if (isForEngine(wanted)) names.push(...(entry.attributes["name"] ?? "").split(",").filter((name) => name !== ""));
    }
    pushed ??= false;
  }
  if (exports.filter(({ dest }) => dest === "-").length > 1)
    throw new InvalidInput("multiple outputs configured to write to stdout", { docker: "refuses" });
  if (load !== undefined) {
    images += 1;
    pushed ??= false;
    if (!exports.some(isForEngine)) exports.push(intoEngine(load));
    else if (load.store === "kind") {
      throw new InvalidInput("--load=kind and -o type=docker load the image into two stores", {
        suggestions: ["Leave out -o type=docker, or give it a file: -o type=docker,dest=image.tar."],
      });
    }
  }
  const imageless = pushed !== undefined && images === 0;
  return {
    exports,
    push: pushed,
    names,
    imageless,
    attributes: attributes ?? {},
    byDigest,
    annotations: annotations ?? [],
  };
}

/** One sentence for each attribute of a valid `-o` with which nothing is done. */
export function ignoredAttributes(values: readonly string[]): string[] {
  return values
    .filter((value) => value !== "")
    .map(entryOf)
    .flatMap(({ type, attributes }) =>
      Object.entries(attributes)
        .filter(([name]) => type !== "cacheonly" && (NO_IMAGE.has(type) || !isKnownAttribute(type, name)))
        .map(([name, value]) => `--output type=${type}: ${name}=${value} is ignored`),
    );
}

function attributesOf(wanted: Export): ImageAttributes {
  return (wanted.kind === "archive" ? wanted.attributes : undefined) ?? {};
}

function sameAttributes(a: ImageAttributes, b: ImageAttributes): boolean {
  const names = Object.keys({ ...a, ...b });
  return names.every((name) => a[name] === b[name]);
}

function annotatedTwice(value: string): InvalidInput {
  return new InvalidInput(
    `--output ${value} has other annotations than the --output before it: they are of the one image`,
    {
      suggestions: ["Annotate the image once, for all outputs: --annotation KEY=VALUE"],
    },
  );
}

function twoWays(value: string): InvalidInput {
  return new InvalidInput(`--output ${value} wants the same image written in another way than the --output before it`, {
    suggestions: ["Give both the same compression and the same other attributes.", "Or build twice."],
  });
}

/** Whether the image goes to the local engine, or to a kind cluster. */
export function isForEngine(wanted: Export): wanted is ExportToEngine {
  return wanted.kind === "archive" && wanted.engine !== undefined;
}

interface Entry {
  readonly type: string;
  readonly dest: string;
  readonly attributes: Readonly<Record<string, string>>;
}

function entryOf(value: string): Entry {
  if (value === "-") return { type: "tar", dest: "-", attributes: {} };
  const fields = csvFields(value, "output");
  if (fields.length === 1 && fields[0] === value && !value.startsWith("type=")) {
    return { type: "local", dest: value, attributes: {} };
  }
  const { type = "", dest = "", ...attributes } = Object.fromEntries(csvPairs(value, "output"));
  if (type === "")
    throw new InvalidInput("type is required for output", {
      docker: "refuses",
      suggestions: ["Write for example -o type=docker,dest=image.tar."],
    });
  return { type, dest, attributes };
}

function exportOf({ type, dest, attributes }: Entry, written: ImageAttributes): Export {
  if (type === "local") {
    if (dest === "") throw new InvalidInput("dest is required for local exporter", { docker: "refuses" });
    if (dest === "-") throw new InvalidInput("dest cannot be stdout for local exporter", { docker: "refuses" });
    return { kind: "files", format: "local", dest };
  }
  if (type === "tar") return { kind: "files", format: "tar", dest: dest === "" ? "-" : dest };
  if (type !== "oci" && type !== "docker") {
    throw new InvalidInput(`--output: unknown exporter "${type}"`, {
      docker: "refuses",
      suggestions: ["Choose one of: registry, image, oci, docker, local, tar, cacheonly."],
    });
  }
  const directory = parseBool(attributes["tar"] ?? "") === false;
  if (directory && dest === "") throw new InvalidInput(`dest is required for ${type} exporter`, { docker: "refuses" });
  if (directory && dest === "-")
    throw new InvalidInput(`dest cannot be stdout for ${type} exporter`, { docker: "refuses" });
  const how = Object.keys(written).length === 0 ? {} : { attributes: written };
  if (type === "docker" && dest === "") return { ...intoEngine(LOCAL_ENGINE), ...how };
  return { kind: "archive", format: type, dest: dest === "" ? "-" : dest, directory, ...how };
}

/**
 * BuildKit writes no archive for docker with several images. An engine gets them as an OCI layout; whether it takes that, it is asked later.
 * @throws InvalidInput in buildx's words
 */
export function exportsOfSeveral(platforms: readonly Platform[], exports: readonly Export[]): Export[] {
  const several = exports.map((wanted): Export => (isForEngine(wanted) ? { ...wanted, format: "oci" } : wanted));
  const [first] = platforms;
  if (first === undefined || several.every(({ format }) => format !== "docker")) return several;
  throw new InvalidInput(NO_LISTS, {
    docker: "refuses",
    suggestions: [`Choose one platform: --platform ${platformText(first)}`, AS_OCI],
  });
}

/** Docker's sentence. */
export const NO_LISTS = "docker exporter does not currently support exporting manifest lists";
/** The way that is always open. */
export const AS_OCI = "Or write all platforms into one archive: -o type=oci,dest=FILE";

/** Only the enabled attestations: `false` and `disabled=true` are the default. @throws InvalidInput with docker's message. */
export function attestationsOf(flags: {
  readonly attest: readonly string[];
  readonly provenance: string | undefined;
  readonly sbom: string | undefined;
}): Attestation[] {
  const texts = [...flags.attest, ...shorthand("provenance", flags.provenance), ...shorthand("sbom", flags.sbom)];
  const byType = new Map<string, Attestation | undefined>();
  for (const text of texts) {
    const { type, disabled, ...attributes } = Object.fromEntries(csvPairs(text, "attest"));
    if (type === undefined) throw new InvalidInput("attestation type not specified", { docker: "refuses" });
    if (type !== "provenance" && type !== "sbom")
      throw new InvalidInput(`--attest: unknown attestation "${type}"`, { docker: "refuses" });
    byType.set(type, disabled !== undefined && parseBool(disabled) === true ? undefined : { type, attributes });
  }
  return [...byType.values()].filter((attestation) => attestation !== undefined);
}

function shorthand(type: string, value: string | undefined): string[] {
  if (value === undefined || value === "") return [];
  const on = parseBool(value);
  return [on === undefined ? `type=${type},${value}` : `type=${type},disabled=${String(!on)}`];
}
