/** SHA256SUMS of a release, as sha256sum writes and checks it. */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { readFile, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";

export const SUMS = "SHA256SUMS";
/** Made of the sums, so not in them. */
const ABOUT_SUMS = /^SHA256SUMS/;

/** Writes the sums of all files that are in the directory itself. */
export async function writeSums(directory: string): Promise<void> {
  const entries = await readdir(directory, { withFileTypes: true });
  const names = entries.filter((entry) => entry.isFile() && !ABOUT_SUMS.test(entry.name)).map(({ name }) => name);
  const lines: string[] = [];
  for (const name of names.toSorted((a, b) => (a < b ? -1 : 1))) {
    const hash = createHash("sha256");
    await pipeline(createReadStream(join(directory, name)), hash);
    lines.push(`${hash.digest("hex")}  ${name}\n`);
  }
  await writeFile(join(directory, SUMS), lines.join(""));
}

/** @returns SHA-256 in hex, by file name */
export async function readSums(directory: string): Promise<ReadonlyMap<string, string>> {
  const lines = (await readFile(join(directory, SUMS), "utf8")).trimEnd().split("\n");
  return new Map(lines.map((line) => [line.slice(66), line.slice(0, 64)]));
}
