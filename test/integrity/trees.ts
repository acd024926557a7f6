/** Contexts of different sizes and contents. */
import { randomBytes } from "node:crypto";
import { mkdir, open, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface Tree {
  readonly name: string;
  readonly fill: (root: string) => Promise<void>;
}

const MB = 1_000_000;

export const TREES: readonly Tree[] = [
  { name: "1 file of 1 kB", fill: (root) => small(root, 1) },
  { name: "10 000 files", fill: (root) => small(root, 10_000) },
  { name: "100 000 files", fill: (root) => small(root, 100_000) },
  { name: "2 GB in one file", fill: (root) => large(root, 2000, (piece) => Buffer.alloc(MB, `piece ${piece}\n`)) },
  { name: "500 MB that do not shrink", fill: (root) => large(root, 500, () => randomBytes(MB)) },
];

/** Contexts for a run of a few seconds. */
export const SAMPLE: readonly Tree[] = [
  { name: "1 file", fill: (root) => small(root, 1) },
  { name: "2000 files", fill: (root) => small(root, 2000) },
];

/** Writes files of 0 to 2 kB, a hundred per directory. Every tenth has random bytes; some names have spaces, quotes and umlauts. */
async function small(root: string, count: number): Promise<void> {
  for (let number = 0; number < count; number++) {
    const directory = join(root, `d${Math.floor(number / 100) % 30}`, `e${Math.floor(number / 100)}`);
    if (number % 100 === 0) await mkdir(directory, { recursive: true });
    const name = number % 50 === 49 ? `ä ${number} 'x'` : `file-${number}.txt`;
    const size = (number * 613) % 2000;
    const content = number % 10 === 0 ? randomBytes(size) : `line of ${number}\n`.repeat(size / 12);
    await writeFile(join(directory, name), content);
  }
}

async function large(root: string, megabytes: number, content: (piece: number) => Buffer): Promise<void> {
  await using file = await open(join(root, "large.bin"), "w");
  for (let piece = 0; piece < megabytes; piece++) await file.write(content(piece));
}
