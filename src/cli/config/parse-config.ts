/** Parses the text of a configuration file to settings. Reads no file, but resolves symlinks in the paths that it names. Each error is one sentence with file and line. */
import { dirname, resolve } from "node:path";
import { InvalidInput } from "../../errors.ts";
import { OWN_KEYS, PROJECT_KEYS } from "./keys.ts";
import type { Keys } from "./keys.ts";
import { nearest } from "../../lib/text/suggest.ts";
import { booleanOf } from "../../lib/text/booleans.ts";
import { mayNamePath, refusedSubOption } from "../../plan/source/limits.ts";
import { readTree } from "./yaml-tree.ts";
import type { Mapping, Tree } from "./yaml-tree.ts";
import { trimEndChars } from "../../lib/text/linear.ts";

/** Name of the format in the table of source formats, which lists what a project's file may name. */
const FORMAT = ".slipway.yaml";

/** Values of flags by name, as text of a command line; a boolean flag has `true` or `false`. */
export type Settings = ReadonlyMap<string, readonly string[]>;

export interface Configuration {
  /** Absolute path of the file. */
  readonly path: string;
  /** `untrusted`: a project's file, which may set only PROJECT_KEYS. */
  readonly trustLevel: "user" | "trusted" | "untrusted";
  readonly settings: Settings;
  readonly registry?: string;
  readonly builderOrder?: readonly string[];
  /** Builder images by the builder's name. */
  readonly images: Readonly<Record<string, string>>;
  /** Absolute paths of directories. */
  readonly trust: readonly string[];
  readonly rules: readonly Rule[];
}

/** Settings for some of a project's directories. */
export interface Rule {
  readonly line: number;
  /** Patterns as in .gitignore, relative to the file's directory. */
  readonly match: readonly string[];
  readonly settings: Settings;
}

export interface ConfigurationText {
  readonly path: string;
  readonly text: string;
  readonly trustLevel: Configuration["trustLevel"];
  /** The user's home directory, for `~/` at the start of a path. */
  readonly home: string;
  /** Path of the user's own file, for the remedy. */
  readonly userPath: string;
}

/** @throws InvalidInput */
export function parseConfiguration(source: ConfigurationText, keys: Keys): Configuration {
  return new ConfigurationReader(source, keys).read();
}

class ConfigurationReader {
  readonly #source: ConfigurationText;
  readonly #keys: Keys;

  constructor(source: ConfigurationText, keys: Keys) {
    this.#source = source;
    this.#keys = keys;
  }

  read(): Configuration {
    const { path, text, trustLevel } = this.#source;
    const tree = readTree(text, path) ?? { kind: "mapping", line: 1, entries: [] };
    if (tree.kind !== "mapping")
      throw this.#fault(tree.line, "a configuration must consist of keys with values", "Write `key: value`.");
    const own: Partial<Record<string, Tree>> = {};
    const flags: Mapping["entries"][number][] = [];
    for (const entry of tree.entries) {
      if (Object.hasOwn(OWN_KEYS, entry.key)) {
        if (OWN_KEYS[entry.key]?.project === false) this.#refuseUntrusted(entry.key, entry.line);
        own[entry.key] = entry.value;
      } else flags.push(entry);
    }
    return {
      path,
      trustLevel,
      settings: this.#settings(flags, Object.keys(OWN_KEYS)),
      ...this.#registry(own["registry"]),
      ...(own["builder-order"] === undefined
        ? {}
        : { builderOrder: this.#texts("builder-order", own["builder-order"]) }),
      images: Object.fromEntries(this.#pairs("images", own["images"])),
      rules: this.#rules(own["rules"]),
      trust: own["trust"] === undefined ? [] : this.#texts("trust", own["trust"]).map((text) => this.#path(text)),
    };
  }

  /** @param otherKeys keys that are valid here besides flags, for the hint */
  #settings(entries: Mapping["entries"], otherKeys: readonly string[]): Settings {
    return new Map(
      entries.flatMap(({ key, line, value }): [string, readonly string[]][] => {
        const syntax = Object.hasOwn(this.#keys, key) ? this.#keys[key] : undefined;
        if (syntax === undefined) {
          const meant = nearest(
            key.toLowerCase().replaceAll("_", "-"),
            [...Object.keys(this.#keys), ...otherKeys],
            () => Math.max(2, Math.ceil(key.length / 3)),
          );
          throw this.#fault(
            line,
            `unknown key "${key}"`,
            meant === undefined
              ? "The keys are the names of the flags in `slipway build --help`, without the dashes."
              : `Did you mean "${meant}"?`,
          );
        }
        if (!PROJECT_KEYS.has(key)) this.#refuseUntrusted(key, line);
        if (value.kind === "text" && value.text === "") return [];
        if (syntax.arity === "nothing") return [[key, [String(this.#boolean(key, value))]]];
        const texts = syntax.arity === "value" ? [this.#text(key, value)] : this.#manyTexts(key, value);
        for (const text of texts) {
          if (syntax.options !== undefined && !syntax.options.includes(text)) {
            throw this.#fault(
              value.line,
              `"${key}" cannot be "${text}"`,
              `Write one of: ${syntax.options.join(", ")}.`,
            );
          }
        }
        return [[key, texts.map((text) => this.#admit(key, text, value.line))]];
      }),
    );
  }

  #rules(tree: Tree | undefined): Rule[] {
    if (tree === undefined || (tree.kind === "text" && tree.text === "")) return [];
    if (this.#source.trustLevel === "user") {
      throw this.#fault(
        tree.line,
        "only a project's file may have rules, as their patterns are relative to its directory",
        "Move them to the project's .slipway.yaml.",
      );
    }
    const example = "Write `- match: services/**`, with keys below it.";
    if (tree.kind !== "list") throw this.#fault(tree.line, "`rules` must be a list", example);
    return tree.items.map((item) => {
      const match = item.kind === "mapping" ? item.entries.find(({ key }) => key === "match") : undefined;
      if (item.kind !== "mapping" || match === undefined)
        throw this.#fault(item.line, "a rule must have the key `match`", example);
      const rest = item.entries.filter((entry) => entry !== match);
      const file = rest.find(({ key }) => key === "file");
      if (file !== undefined) {
        throw this.#fault(file.line, "a rule cannot set `file`, as rules match the path of that file", "Leave it out.");
      }
      const patterns = this.#texts("match", match.value);
      if (patterns.every((text) => text.trim() === "")) throw this.#fault(match.line, '"match" is empty', example);
      return { line: item.line, match: patterns, settings: this.#settings(rest, ["match"]) };
    });
  }

  #registry(tree: Tree | undefined): { registry?: string } {
    if (tree === undefined) return {};
    const text = trimEndChars(this.#text("registry", tree), "/");
    const example = "Write the host of a registry, optionally with a path: registry.example.com/team.";
    if (text === "" || /^https?:|[@\s]/.test(text))
      throw this.#fault(tree.line, `"${text}" is not a prefix for image names`, example);
    return { registry: text };
  }

  #boolean(key: string, tree: Tree): boolean {
    const value = tree.kind === "text" ? booleanOf(tree.text) : undefined;
    if (value === undefined) throw this.#fault(tree.line, `"${key}" must be true or false`, `Write \`${key}: true\`.`);
    return value;
  }

  #text(key: string, tree: Tree): string {
    if (tree.kind === "text") return tree.text;
    throw this.#fault(
      tree.line,
      `"${key}" takes one value, not ${tree.kind === "list" ? "a list" : "keys below it"}`,
      `Write \`${key}: VALUE\`.`,
    );
  }

  #texts(key: string, tree: Tree): string[] {
    if (tree.kind === "text") return [tree.text];
    if (tree.kind === "list") return tree.items.map((item) => this.#text(key, item));
    throw this.#fault(
      tree.line,
      `"${key}" must be a list, without keys below it`,
      "Write each value on a line of its own that starts with a dash.",
    );
  }

  /** Also takes a mapping: `build-arg: {NAME: value}` is easier to read than a list of `NAME=value`. */
  #manyTexts(key: string, tree: Tree): string[] {
    return tree.kind === "mapping"
      ? this.#pairs(key, tree).map(([name, text]) => `${name}=${text}`)
      : this.#texts(key, tree);
  }

  #pairs(key: string, tree: Tree | undefined): [string, string][] {
    if (tree === undefined || (tree.kind === "text" && tree.text === "")) return [];
    if (tree.kind === "mapping") return tree.entries.map(({ key: name, value }) => [name, this.#text(name, value)]);
    throw this.#fault(tree.line, `"${key}" must have keys below it`, "Write `NAME: value` on each line below it.");
  }

  /** Resolves paths relative to the file's directory, and refuses values that an untrusted file may not give to an allowed key. */
  #admit(key: string, text: string, line: number): string {
    if (this.#source.trustLevel === "untrusted") {
      if (key === "build-arg" && !text.includes("=")) {
        this.#refuseUntrusted(`build-arg: ${text}`, line, "without a value it would read your environment");
      }
      if (/^cache-(?:from|to)$/.test(key) && !/^(?:[^=,]+$|type=(?:registry|inline)(?:,|$))/.test(text)) {
        this.#refuseUntrusted(`${key}: ${text}`, line, "only the cache of a registry is allowed");
      }
      const option = refusedSubOption(FORMAT, key, text);
      if (option !== undefined) {
        this.#refuseUntrusted(`${key}: ${text}`, line, `it may not set "${option}" there`);
      }
    }
    if (!PATH_KEYS.has(key) || text === "-" || /^https?:\/\//.test(text)) {
      if (key === "file" && (text === "-" || /^https?:/.test(text))) this.#refuseUntrusted(`file: ${text}`, line);
      return text;
    }
    const path = this.#path(text);
    if (!mayNamePath(FORMAT, path, dirname(this.#source.path))) {
      this.#refuseUntrusted(`${key}: ${text}`, line, "the path is outside the project");
    }
    return path;
  }

  #path(text: string): string {
    if (text === "~" || text.startsWith("~/")) return resolve(this.#source.home, text.slice(2));
    return resolve(this.#source.path, "..", text);
  }

  #refuseUntrusted(what: string, line: number, why = "a file that comes with the source may not set it"): void {
    if (this.#source.trustLevel !== "untrusted") return;
    const directory = resolve(this.#source.path, "..");
    throw this.#fault(
      line,
      `"${what}" is not allowed in a project's file: ${why}`,
      `Move it to your own file, ${this.#source.userPath}. Or trust this project there: \`trust: ["${directory}"]\`.`,
      "To build without the project's file: SLIPWAY_PROJECT_CONFIG=false.",
    );
  }

  #fault(line: number, what: string, ...suggestions: string[]): InvalidInput {
    return new InvalidInput(`${this.#source.path}:${line}: ${what}`, { suggestions });
  }
}

/** Flags whose value is always a path of this machine. */
const PATH_KEYS: ReadonlySet<string> = new Set([
  "file",
  "kubeconfig",
  "registry-ca",
  "iidfile",
  "metadata-file",
  "pod-template",
]);
