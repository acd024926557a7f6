/** Unique values, and the search for them in everything that a build has touched. */
import { randomBytes } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";

/** Letters and digits, which no encoding but base64 changes. */
export function newMark(): string {
  return `mark${randomBytes(18).toString("hex")}`;
}

export class Marks {
  readonly #forms: ReadonlyMap<string, readonly (string | Buffer)[]>;

  /** @param marks by what they are called in a test's failure; bytes are only looked for as they are */
  constructor(marks: Readonly<Record<string, string | Buffer>>) {
    this.#forms = new Map(
      Object.entries(marks).map(([name, mark]): [string, readonly (string | Buffer)[]] => {
        if (typeof mark !== "string") return [name, [mark]];
        const encoded = inBase64(mark);
        return [name, [mark, ...encoded, ...encoded.flatMap(inBase64)]];
      }),
    );
  }

  /** Names of the marks in it: as they are, in base64, or in base64 of base64. */
  in(content: string | Buffer): string[] {
    const bytes = typeof content === "string" ? Buffer.from(content) : content;
    return [...this.#forms].flatMap(([name, forms]) => (forms.some((form) => bytes.includes(form)) ? [name] : []));
  }

  /** `PATH: NAME` for each mark in a file below the directory, of compressed files in what they hold. */
  inFiles(directory: string, ignored: readonly string[] = []): string[] {
    return filesBelow(directory).flatMap((path) => {
      if (ignored.includes(path)) return [];
      const bytes = read(path);
      const content = bytes[0] === 0x1f && bytes[1] === 0x8b ? gunzipSync(bytes) : bytes;
      return this.in(content).map((name) => `${path}: ${name}`);
    });
  }
}

/** The parts of a text's base64 that do not depend on the bytes around it, for each of the three alignments. */
function inBase64(text: string): string[] {
  return [0, 1, 2].map((before) => {
    const encoded = Buffer.from("x".repeat(before) + text).toString("base64");
    const usable = Math.floor(((before + text.length) * 8) / 6);
    return encoded.slice(Math.ceil((before * 8) / 6), usable);
  });
}

function filesBelow(directory: string): string[] {
  const entries = readdirSync(directory, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name));
}

/** Nothing of a file that has gone meanwhile. */
function read(path: string): Buffer {
  return statSync(path, { throwIfNoEntry: false }) === undefined ? Buffer.alloc(0) : readFileSync(path);
}
