/** Placeholders for values that differ in each run: registries, images, directories, digests, times. */
import { environment } from "../e2e/support/build.ts";

/** Keys of a metadata file whose values differ in each run or come from BuildKit, with their placeholders. */
const VARIABLE_KEYS: Readonly<Record<string, string>> = {
  size: "<size>",
  // BuildKit's graph of how it read the Dockerfile.
  definition: "<definition>",
  buildConfig: "<graph>",
  "https://mobyproject.org/buildkit@v1#metadata": "<BuildKit's own>",
  buildInvocationID: "<id>",
  "buildx.build.ref": "<builder>/<node>/<id>",
};

/** Replaces the values of one outcome. */
export class Names {
  readonly #root: string;
  readonly #registry = environment("REGISTRY");
  readonly #digests = new Map<string, number>();
  readonly #images = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  /** Returns the text with placeholders. A digest has the same number everywhere in an outcome. */
  in(text: string): string {
    return text
      .replaceAll(this.#root, "<project>")
      .replaceAll(this.#registry, "<registry>")
      .replaceAll(/<registry>\/contract\/([0-9a-f]{12})\b/g, (_, name: string) => number("image", name, this.#images))
      .replaceAll(/\b[0-9a-f]{64}\b/g, (hex) => number("digest", hex, this.#digests))
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, "<time>");
  }

  /** Returns the JSON value with placeholders in all its texts. */
  inJson(value: unknown): unknown {
    if (typeof value === "string") return this.in(value);
    if (Array.isArray(value)) return value.map((item) => this.inJson(item));
    if (typeof value !== "object" || value === null) return value;
    // Provenance comes last, because its digests are not the image's. So the image's digests always get the first numbers.
    const last = (key: string): number => Number(key.startsWith("buildx.build.provenance"));
    const entries = Object.entries(value).toSorted(([a], [b]) => last(a) - last(b));
    return Object.fromEntries(entries.map(([key, item]) => [key, VARIABLE_KEYS[key] ?? this.inJson(item)]));
  }
}

function number(kind: string, text: string, known: Map<string, number>): string {
  const index = known.get(text) ?? known.size + 1;
  known.set(text, index);
  return `<${kind} ${index}>`;
}
