/** Stand-ins for what is another in each run: registries, images, directories, digests, times. */
import { environment } from "../e2e/support/build.ts";

/** Keys of a metadata file with unpredictable values: the number of bytes, and the build's name. */
const FREE: Readonly<Record<string, string>> = {
  size: "<size>",
  // BuildKit's own graph of how the Dockerfile was read.
  definition: "<definition>",
  buildConfig: "<graph>",
  "https://mobyproject.org/buildkit@v1#metadata": "<BuildKit's own>",
  buildInvocationID: "<id>",
  "buildx.build.ref": "<builder>/<node>/<id>",
};

export class Names {
  readonly #root: string;
  readonly #registry = environment("REGISTRY");
  readonly #digests = new Map<string, number>();
  readonly #images = new Map<string, number>();

  constructor(root: string) {
    this.#root = root;
  }

  /** A text with the stand-ins. The same digest has the same number in all of an outcome. */
  in(text: string): string {
    return text
      .replaceAll(this.#root, "<project>")
      .replaceAll(this.#registry, "<registry>")
      .replaceAll(/<registry>\/contract\/([0-9a-f]{12})\b/g, (_, name: string) => number("image", name, this.#images))
      .replaceAll(/\b[0-9a-f]{64}\b/g, (hex) => number("digest", hex, this.#digests))
      .replaceAll(/\b\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z\b/g, "<time>");
  }

  inJson(value: unknown): unknown {
    if (typeof value === "string") return this.in(value);
    if (Array.isArray(value)) return value.map((item) => this.inJson(item));
    if (typeof value !== "object" || value === null) return value;
    // Digests in it are not those of the image, which has the first numbers whatever is in it.
    const last = (key: string): number => Number(key.startsWith("buildx.build.provenance"));
    const entries = Object.entries(value).toSorted(([a], [b]) => last(a) - last(b));
    return Object.fromEntries(entries.map(([key, item]) => [key, FREE[key] ?? this.inJson(item)]));
  }
}

function number(kind: string, text: string, known: Map<string, number>): string {
  const place = known.get(text) ?? known.size + 1;
  known.set(text, place);
  return `<${kind} ${place}>`;
}
