/** Reads the package.json of a package in node_modules (docs.npmjs.com, package.json). */
import { valueOf } from "./contents.ts";
import type { Contents, Reader } from "./contents.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** Largest file, in bytes. Larger ones are not read, because the whole text is held in memory. */
const MAX_FILE_BYTES = 1024 * 1024;

export class NpmReader implements Reader {
  #chunks: Uint8Array[] = [];
  #size = 0;

  write(chunk: Uint8Array): void {
    this.#size += chunk.length;
    if (this.#size > MAX_FILE_BYTES) this.#chunks = [];
    // Copied, because the chunk is a view that would keep its whole buffer in memory.
    else this.#chunks.push(Buffer.from(chunk));
  }

  end(): Contents {
    if (this.#size > MAX_FILE_BYTES) return unread("it is larger than 1 MiB");
    let found: unknown;
    try {
      found = JSON.parse(
        Buffer.concat(this.#chunks)
          .toString()
          .replace(/^\uFEFF/, ""),
      );
    } catch {
      return unread("it is not JSON");
    }
    const { name: written, version: numbered, ...rest } = (found ?? {}) as Record<string, unknown>;
    const [name, version] = [valueOf(written), valueOf(numbered)];
    if (name === undefined || version === undefined || !/^(?:@[^/]+\/)?[^/@][^/]*$/.test(name)) {
      return unread("it has no name or no version");
    }
    const licence = licenceOf(rest["license"] ?? rest["licenses"]);
    return { packages: [{ type: "npm", name, version, ...omitUndefined({ licence }) }] };
  }
}

function unread(why: string): Contents {
  return { packages: [], unread: why };
}

/** An expression; or, in old packages, an object or a list of objects with a `type`. */
function licenceOf(field: unknown): string | undefined {
  if (Array.isArray(field)) {
    const types = field.map(licenceOf);
    if (types.length === 0 || types.includes(undefined)) return undefined;
    return valueOf(types.length === 1 ? types[0] : types.map((type) => `(${type})`).join(" OR "));
  }
  if (typeof field === "object" && field !== null) return valueOf((field as { type?: unknown }).type);
  return valueOf(field);
}
