/** `slipway imagetools inspect`: what a registry has under a name, as `docker buildx imagetools inspect` prints it. */
import { tableText } from "../../lib/text/table.ts";
import { fillTemplate } from "../../lib/text/go-template.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { normalisePlatform, writtenPlatform } from "../../lib/image/platform.ts";
import {
  ATTESTATION,
  REFERENCE_DIGEST,
  REFERENCE_TYPE,
  manifestsIn,
  ordered,
} from "../../lib/registry/combine-index.ts";
import type { IndexDescriptor } from "../../lib/registry/combine-index.ts";
import { findManifest, withDigest } from "../../lib/registry/copy-image.ts";
import type { FoundManifest } from "../../lib/registry/copy-image.ts";
import { listReferrers } from "../../lib/registry/list-referrers.ts";
import { isIndex } from "../../lib/registry/media-types.ts";
import type { RegistryClient } from "../../lib/registry/registry-client.ts";
import { imageNamed, registryClient } from "../push-and-tag.ts";
import type { RegistryChoice } from "../push-and-tag.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

const FIELDS = ["name", "manifest", "image", "provenance", "SBOM"] as const;

/** in-toto's predicate types, by the beginning of their names, and buildx's field of each. */
const PREDICATES = [
  ["https://slsa.dev/provenance/", "provenance", "SLSA"],
  ["https://spdx.dev/Document", "SBOM", "SPDX"],
] as const;
/** BuildKit, docs/attestations/attestation-storage.md. */
const PREDICATE_TYPE = "in-toto.io/predicate-type";
const IN_TOTO = "application/vnd.in-toto+json";

export class InspectedImage {
  readonly #client: RegistryClient;
  readonly #reference: Reference;
  readonly #found: FoundManifest;

  private constructor(client: RegistryClient, reference: Reference, found: FoundManifest) {
    this.#client = client;
    this.#reference = reference;
    this.#found = found;
  }

  /** @throws InvalidInput for a text that is not a name; BuildFailed or AuthError from the registry */
  static async find(
    name: string,
    registry: string | undefined,
    choice: RegistryChoice,
    signal: AbortSignal,
  ): Promise<InspectedImage> {
    const reference = imageNamed(name, registry);
    const client = await registryClient(choice, signal);
    return new InspectedImage(client, reference, await findManifest(client, reference));
  }

  /** The registry's bytes. */
  get raw(): string {
    return this.#found.text;
  }

  /** For people: each line with its line feed. */
  get summary(): string {
    const { digest, mediaType, text } = this.#found;
    const name = this.#reference.toString();
    const head = tableText(
      [
        ["Name:", name],
        ["MediaType:", mediaType],
        ["Digest:", digest],
      ],
      1,
    );
    if (!isIndex(mediaType)) return head;
    const lines = new AlignedLines();
    for (const [at, child] of manifestsIn(text).entries()) {
      if (at > 0) lines.add("", "");
      this.#describe(child, lines);
    }
    return `${head}${tableText(
      [
        ["", ""],
        ["Manifests:", ""],
      ],
      1,
    )}${lines.end()}`;
  }

  #describe({ digest, mediaType, platform, urls = [], annotations = {} }: IndexDescriptor, lines: AlignedLines): void {
    lines.add("  Name:", `${this.#reference.name}${tagOf(this.#reference)}@${digest}`);
    lines.add("  MediaType:", mediaType);
    if (platform === undefined) return;
    const { "os.version": version = "", "os.features": features = [] } = platform;
    lines.add("  Platform:", writtenPlatform(platform));
    if (version !== "") lines.add("  OSVersion:", version);
    if (features.length > 0) lines.add("  OSFeatures:", features.join(", "));
    if (urls.length > 0) lines.add("  URLs:", urls.join(", "));
    const own = Object.entries(annotations).toSorted(([a], [b]) => (a < b ? -1 : 1));
    if (own.length === 0) return;
    lines.add("  Annotations:", "");
    // They have columns of their own, and so has what comes after them.
    lines.flush();
    for (const [key, value] of own) lines.add(`    ${key}:`, value);
    lines.flush();
  }

  /**
   * Fills a template: `{{json .Manifest}}`, `{{.Manifest.Digest}}`, `{{json .Image}}`, `{{json .Provenance}}`, `{{json .SBOM}}`.
   * @throws InvalidInput for another field; BuildFailed or AuthError from the registry
   */
  async format(template: string): Promise<string> {
    if (/^\{\{\s*\.Manifest\s*\}\}$/.test(template.trim())) return this.summary;
    const has = (field: string): boolean =>
      template.toLowerCase().includes(`.${field.toLowerCase()}`) || /\.\s*\}\}/.test(template);
    const children = this.#images();
    const value = {
      name: this.#reference.toString(),
      manifest: this.#manifest(),
      image: has("image") ? await this.#byPlatform(children, (child) => this.#config(child)) : {},
      ...(has("provenance") || has("SBOM") ? await this.#attested(children) : { provenance: {}, SBOM: {} }),
    };
    return fillTemplate(template, value, FIELDS, 2);
  }

  #manifest(): Readonly<Record<string, unknown>> {
    const { digest, mediaType, text } = this.#found;
    const size = Buffer.byteLength(text);
    if (!isIndex(mediaType)) return { mediaType, digest, size };
    const { schemaVersion, annotations } = JSON.parse(text) as Readonly<Record<string, unknown>>;
    const manifests = manifestsIn(text).map(ordered);
    return { schemaVersion, mediaType, digest, size, manifests, ...omitUndefined({ annotations }) };
  }

  /** The images of the index, without its attestations. */
  #images(): readonly IndexDescriptor[] {
    const { digest, mediaType, text } = this.#found;
    if (!isIndex(mediaType)) return [{ digest, mediaType, size: Buffer.byteLength(text) }];
    return manifestsIn(text).filter(
      ({ annotations, platform }) => annotations?.[REFERENCE_TYPE] === undefined && platform?.os !== "unknown",
    );
  }

  /** With one image its value, with several a map from platform to value. */
  async #byPlatform(
    children: readonly IndexDescriptor[],
    read: (child: IndexDescriptor) => Promise<unknown>,
  ): Promise<unknown> {
    const [only] = children;
    if (only !== undefined && children.length === 1) return read(only);
    return Object.fromEntries(
      await Promise.all(
        children.map(async (child): Promise<[string, unknown]> => [
          child.platform === undefined ? child.digest : normalisePlatform(child.platform),
          await read(child),
        ]),
      ),
    );
  }

  async #config({ digest, size }: IndexDescriptor): Promise<unknown> {
    const { text } = await findManifest(this.#client, withDigest(this.#reference, digest), size);
    const { config } = (JSON.parse(text) ?? {}) as { readonly config?: Partial<IndexDescriptor> };
    return this.#blob(config ?? {});
  }

  async #attested(children: readonly IndexDescriptor[]): Promise<{ provenance: unknown; SBOM: unknown }> {
    const found = new Map<string, Promise<Record<string, unknown>>>();
    const of = (child: IndexDescriptor, field: string): Promise<unknown> => {
      const known = found.get(child.digest) ?? this.#predicates(child.digest);
      found.set(child.digest, known);
      return known.then((predicates) => predicates[field] ?? {});
    };
    const [provenance, SBOM] = await Promise.all(
      ["provenance", "SBOM"].map((field) => this.#byPlatform(children, (child) => of(child, field))),
    );
    return { provenance, SBOM };
  }

  /** From the index, as BuildKit stores them, and from what hangs on the image. */
  async #predicates(subject: string): Promise<Record<string, unknown>> {
    const { mediaType, text } = this.#found;
    const listed = isIndex(mediaType)
      ? manifestsIn(text).filter(
          ({ annotations }) =>
            annotations?.[REFERENCE_TYPE] === ATTESTATION && annotations[REFERENCE_DIGEST] === subject,
        )
      : [];
    const predicates: Record<string, unknown> = {};
    for (const { digest, size } of [...(await listReferrers(this.#client, this.#reference, subject)), ...listed]) {
      const found = await findManifest(this.#client, withDigest(this.#reference, digest), size);
      const manifest = (JSON.parse(found.text) ?? {}) as { readonly layers?: readonly IndexDescriptor[] };
      for (const layer of manifest.layers ?? []) {
        if (layer.mediaType !== IN_TOTO) continue;
        const statement = ((await this.#blob(layer)) ?? {}) as { predicateType?: string; predicate?: unknown };
        const type = layer.annotations?.[PREDICATE_TYPE] ?? statement.predicateType ?? "";
        const known = PREDICATES.find(([start]) => type.startsWith(start));
        if (known !== undefined) predicates[known[1]] = { [known[2]]: statement.predicate };
      }
    }
    return predicates;
  }

  async #blob({ digest = "", size }: Partial<IndexDescriptor>): Promise<unknown> {
    return JSON.parse(await this.#client.get(this.#reference, `blobs/${digest}`, "*/*", size));
  }
}

/** Lines in two columns, as wide as the lines between two flushes need. */
class AlignedLines {
  #text = "";
  #rows: [string, string][] = [];

  add(name: string, value: string): void {
    this.#rows.push([name, value]);
  }

  flush(): void {
    if (this.#rows.length > 0) this.#text += tableText(this.#rows, 1);
    this.#rows = [];
  }

  end(): string {
    this.flush();
    return this.#text;
  }
}

function tagOf({ tag }: Reference): string {
  return tag === undefined ? "" : `:${tag}`;
}
