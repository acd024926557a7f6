/** Temporary directories, and the files that a row packs. */
import { randomBytes } from "node:crypto";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";

export interface Scratch extends AsyncDisposable {
  readonly path: string;
}

export async function makeScratch(): Promise<Scratch> {
  const path = await mkdtemp(join(tmpdir(), "slipway-bench-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

export type Content = "random" | "mixed";

/** Writes files, a hundred per directory, with sizes from a tenth of the mean to twice the mean. @param bytes total size */
export async function fill(root: string, content: Content, files: number, bytes: number): Promise<void> {
  const text = sourceText(4 << 20);
  const noise = randomBytes(4 << 20);
  const mean = bytes / files;
  let left = bytes;
  for (let index = 0; index < files; index++) {
    const directory = join(root, `d${Math.floor(index / 100)}`);
    if (index % 100 === 0) await mkdir(directory, { recursive: true });
    const size =
      index === files - 1 ? left : Math.min(left, Math.round(mean * (0.1 + 1.8 * ((index * 0.618_033_988_7) % 1))));
    left -= size;
    await writeFile(
      join(directory, `f${index}`),
      slice(content === "mixed" && index % 2 === 0 ? text : noise, index, size),
    );
  }
}

/** Writes a context of mixed files. The Dockerfile copies only one, so that a full upload leaves the builder little work. */
export async function fillForSending(root: string, files: number, bytes: number): Promise<void> {
  await fill(root, "mixed", files, bytes);
  await writeFile(join(root, "Dockerfile"), "FROM scratch\nCOPY d0/f0 /\n");
}

/** Returns bytes of the source from an offset that depends on the index. It starts again at the beginning when the source ends. */
function slice(source: Buffer, index: number, size: number): Buffer {
  const start = (index * 7919) % source.length;
  const parts: Buffer[] = [];
  for (let at = start, need = size; need > 0;) {
    const part = source.subarray(at, at + need);
    parts.push(part);
    need -= part.length;
    at = 0;
  }
  return Buffer.concat(parts);
}

/** Returns lines of words. gzip compresses them to about a quarter, like source code. */
function sourceText(length: number): Buffer {
  const words = Array.from({ length: 3000 }, (_, index) => randomBytes(2 + (index % 5)).toString("hex"));
  let text = "";
  for (let seed = 1; text.length < length;) {
    seed = (seed * 48_271) % 2_147_483_647;
    // Some words are far more common than others.
    const word = words[Math.floor(words.length * (seed / 2_147_483_647) ** 4)] ?? "";
    text += seed % 9 === 0 ? `${word}\n  ` : `${word} `;
  }
  return Buffer.from(text.slice(0, length));
}
