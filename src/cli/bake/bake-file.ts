/**
 * Bake files in JSON, as compose writes them for buildx (docker/compose pkg/compose/build_bake.go) and as buildx's reference
 * describes them. Values may hold HCL expressions, which slipway does not evaluate.
 */
import { InvalidInput } from "../../errors.ts";

/** One target, with its fields in the form that they have in the file. */
export interface BakeTarget {
  readonly name: string;
  readonly context: string;
  /** By name: a path, a URL, or `target:NAME` for the image of another target. */
  readonly contexts: Readonly<Record<string, string>>;
  readonly dockerfile?: string;
  readonly dockerfileInline?: string;
  readonly target?: string;
  readonly call?: string;
  readonly network?: string;
  readonly shmSize?: string;
  readonly args: Readonly<Record<string, string>>;
  readonly labels: Readonly<Record<string, string>>;
  readonly extraHosts: Readonly<Record<string, string>>;
  readonly lists: Readonly<Record<ListField, readonly string[]>>;
  readonly pull: boolean;
  readonly noCache: boolean;
}

/** Fields that are lists of texts, each with the flag of `build` that takes these texts as values. */
export const LIST_FLAGS = {
  tags: "tag",
  "cache-from": "cache-from",
  "cache-to": "cache-to",
  secret: "secret",
  ssh: "ssh",
  platforms: "platform",
  "no-cache-filter": "no-cache-filter",
  ulimits: "ulimit",
  entitlements: "allow",
  output: "output",
  attest: "attest",
  annotations: "annotation",
} as const;

type ListField = keyof typeof LIST_FLAGS;

export interface BakeFile {
  readonly groups: ReadonlyMap<string, readonly string[]>;
  readonly targets: ReadonlyMap<string, BakeTarget>;
}

/** @throws InvalidInput for a file that is not a bake file, or that uses what slipway does not support */
export function parseBakeFile(text: string, source: string): BakeFile {
  let tree: unknown;
  try {
    tree = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput(`the bake file ${source} is not JSON: ${(error as Error).message}`, {
      suggestions: ["Convert it to JSON with `docker buildx bake --print`. Compose writes JSON by itself."],
    });
  }
  const root = new FieldReader(tree, source);
  const groups = root.entries("group").map(([name, group]): [string, readonly string[]] => {
    const fields = new FieldReader(group, `group ${name}`);
    const targets = fields.texts("targets");
    fields.end(["description"]);
    return [name, targets];
  });
  const targets = root.entries("target").map(([name, target]): [string, BakeTarget] => [name, targetOf(name, target)]);
  root.end([]);
  return { groups: new Map(groups), targets: new Map(targets) };
}

function targetOf(name: string, tree: unknown): BakeTarget {
  const fields = new FieldReader(tree, `target ${name}`);
  const optional = <K extends string>(key: K, field: string): { [P in K]?: string } => {
    const text = fields.text(field);
    return (text === undefined ? {} : { [key]: text }) as { [P in K]?: string };
  };
  const lists = Object.keys(LIST_FLAGS).map((field) => [field, fields.texts(field)]);
  const target: BakeTarget = {
    name,
    context: fields.text("context") ?? ".",
    contexts: fields.map("contexts"),
    ...optional("dockerfile", "dockerfile"),
    ...optional("dockerfileInline", "dockerfile-inline"),
    ...optional("target", "target"),
    ...optional("call", "call"),
    ...optional("network", "network"),
    ...optional("shmSize", "shm-size"),
    args: fields.map("args"),
    labels: fields.map("labels"),
    extraHosts: fields.map("extra-hosts"),
    lists: Object.fromEntries(lists) as BakeTarget["lists"],
    pull: fields.flag("pull"),
    noCache: fields.flag("no-cache"),
  };
  fields.end(["description"]);
  return target;
}

/** The fields of one object of the file. Each is read once. Fields that remain at the end are unknown. */
class FieldReader {
  readonly #where: string;
  readonly #unread: Map<string, unknown>;

  constructor(tree: unknown, where: string) {
    this.#where = where;
    if (typeof tree !== "object" || tree === null || Array.isArray(tree)) {
      throw new InvalidInput(`bake: ${where} is not an object`);
    }
    this.#unread = new Map(Object.entries(tree));
  }

  text(field: string): string | undefined {
    const value = this.#take(field);
    return value === undefined ? undefined : this.#plain(value, field);
  }

  flag(field: string): boolean {
    const value = this.#take(field);
    if (value === undefined || typeof value === "boolean") return value === true;
    throw this.#wrong(field, "true or false");
  }

  texts(field: string): string[] {
    const value = this.#take(field) ?? [];
    if (!Array.isArray(value)) throw this.#wrong(field, "a list of texts");
    return value.map((item) => this.#plain(item, field));
  }

  map(field: string): Record<string, string> {
    return Object.fromEntries(
      // Null means absent.
      this.entries(field).flatMap(([key, value]) => (value === null ? [] : [[key, this.#plain(value, field)]])),
    );
  }

  entries(field: string): [string, unknown][] {
    const value = this.#take(field) ?? {};
    if (typeof value !== "object" || Array.isArray(value)) throw this.#wrong(field, "an object");
    return Object.entries(value);
  }

  /** @param ignored fields without a meaning for slipway. @throws InvalidInput for a field that is unread and not ignored */
  end(ignored: readonly string[]): void {
    const unknown = [...this.#unread.keys()].find((field) => !ignored.includes(field));
    if (unknown === undefined) return;
    throw new InvalidInput(`bake: ${this.#where} has \`${unknown}\`, which slipway does not support`, {
      suggestions: ["Write the same with other fields, or build that target with `slipway build`."],
    });
  }

  #take(field: string): unknown {
    const value = this.#unread.get(field);
    this.#unread.delete(field);
    return value ?? undefined;
  }

  /** Texts are HCL templates: `$${` and `%%{` are escapes, and `${` or `%{` starts an expression. */
  #plain(value: unknown, field: string): string {
    if (typeof value === "number") return String(value);
    if (typeof value !== "string") throw this.#wrong(field, "text");
    if (/[$%]\{/.test(value.replaceAll("$${", "").replaceAll("%%{", ""))) {
      throw new InvalidInput(
        `bake: \`${field}\` of ${this.#where} has an expression, which slipway does not evaluate`,
        {
          suggestions: ["Write the value instead. To write the characters themselves, escape them: `$${`."],
        },
      );
    }
    return value.replaceAll("$${", "${").replaceAll("%%{", "%{");
  }

  #wrong(field: string, wanted: string): InvalidInput {
    return new InvalidInput(`bake: \`${field}\` of ${this.#where} is not ${wanted}`);
  }
}
