/**
 * The archive for an engine, made from the one that the builder wrote: with the names that were asked for (builders write placeholders
 * for an image without a name), and only with the layers that the engine lacks. Docker's classic store looks for a layer before it
 * opens the layer's file, so an archive may leave out what is there (moby image/tarexport/load.go).
 */
import { createReadStream } from "node:fs";
import { open } from "node:fs/promises";
import { Readable } from "node:stream";
import { BuildFailed } from "../../../errors.ts";
import { END_BYTES, encodePlainHeader, padding } from "../../../lib/archive/tar.ts";
import { digestOf } from "../../../lib/registry/digest.ts";
import { TarEntries } from "../../../lib/archive/tar-reader.ts";

const LIST = "manifest.json";

interface Part {
  readonly name: string;
  readonly offset: number;
  readonly size: number;
}

/** An image in the list of an archive for docker. */
interface ListedImage {
  readonly Config: string;
  readonly Layers: readonly string[];
}

export class EngineArchive {
  readonly #path: string;
  readonly #image: ListedImage;
  readonly #parts: ReadonlyMap<string, Part>;

  private constructor(path: string, image: ListedImage, parts: ReadonlyMap<string, Part>) {
    this.#path = path;
    this.#image = image;
    this.#parts = parts;
  }

  /**
   * The archive comes from a pod in which the Dockerfile's commands ran. Its own names are never used: they could replace other images.
   * @throws BuildFailed for an archive that does not hold exactly one complete image
   */
  static async read(path: string): Promise<EngineArchive> {
    const parts = new Map<string, Part>();
    const entries = new TarEntries(({ name, type, offset, size }) => {
      if (type === "file") parts.set(name, { name, offset, size });
      return undefined;
    });
    for await (const chunk of createReadStream(path, { highWaterMark: CHUNK_BYTES })) entries.write(chunk as Buffer);
    entries.end();
    const list = parts.get(LIST);
    const images = list === undefined ? [] : await readList(path, list);
    const [image] = images;
    if (image === undefined || images.length > 1 || ![image.Config, ...image.Layers].every((name) => parts.has(name))) {
      throw new BuildFailed("the builder's archive does not hold exactly one complete image, so it is not loaded");
    }
    return new EngineArchive(path, image, parts);
  }

  /** The image's ID: the digest of its configuration. */
  async imageId(): Promise<string> {
    const config = this.#parts.get(this.#image.Config);
    const bytes = config === undefined ? "" : await bytesOf(this.#path, config);
    return digestOf(bytes);
  }

  get layers(): readonly string[] {
    return this.#image.Layers;
  }

  /**
   * @param names with their tags
   * @param from number of the first layer that is in it; the engine has those below
   */
  write(names: readonly string[], from: number): { readonly stream: Readable; readonly bytes: number } {
    const list = Buffer.from(JSON.stringify([{ ...this.#image, RepoTags: names.length === 0 ? null : names }]));
    const wanted = [...new Set([this.#image.Config, ...this.#image.Layers.slice(from)])].flatMap(
      (name) => this.#parts.get(name) ?? [],
    );
    const bytes = [list.length, ...wanted.map(({ size }) => size)].reduce((sum, size) => sum + size, 0);
    return { stream: Readable.from(this.#archive(list, wanted), { objectMode: false }), bytes };
  }

  async *#archive(list: Buffer, wanted: readonly Part[]): AsyncGenerator<Uint8Array> {
    yield encodePlainHeader(LIST, list.length);
    yield list;
    yield Buffer.alloc(padding(list.length));
    for (const { name, offset, size } of wanted) {
      yield encodePlainHeader(name, size);
      if (size > 0) yield* createReadStream(this.#path, { start: offset, end: offset + size - 1 });
      yield Buffer.alloc(padding(size));
    }
    yield Buffer.alloc(END_BYTES);
  }
}

/** Far more than a list of one image has. */
const MAX_LIST_BYTES = 4 << 20;

/** Empty for what is not a list of images. */
async function readList(path: string, list: Part): Promise<readonly ListedImage[]> {
  if (list.size > MAX_LIST_BYTES) return [];
  try {
    const images = JSON.parse((await bytesOf(path, list)).toString("utf8")) as readonly Partial<ListedImage>[];
    return images.flatMap(({ Config, Layers, ...rest }) =>
      typeof Config === "string" && Array.isArray(Layers) ? [{ ...rest, Config, Layers: Layers.map(String) }] : [],
    );
  } catch {
    return [];
  }
}

const CHUNK_BYTES = 1024 * 1024;

async function bytesOf(path: string, { offset, size }: Part): Promise<Buffer> {
  await using file = await open(path);
  const buffer = Buffer.alloc(size);
  await file.read(buffer, 0, size, offset);
  return buffer;
}
