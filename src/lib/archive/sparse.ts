/** Maps of sparse files: GNU tar's own form, and the three that it and bsdtar write into pax archives. */
import { broken, count, numberAt } from "./tar-fields.ts";

/** A part of a file that has data. What is between two parts is zeros. In bytes. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}

/** How many parts a map may have. A map of form 1.0 for as many has 2 MB at least. */
const MAX_EXTENTS = 1_000_000;
/** Number of map entries in each block that follows the header of GNU tar's own form. */
export const FURTHER_SPARSE_ENTRIES = 21;
const OLD_ENTRY_BYTES = 24;

/** A map that comes in pieces. */
export class SparseMap {
  readonly extents: Extent[] = [];
  #text = "";
  #numbers: number[] = [];
  /** Number of map entries that follow, once it is known. */
  #expected: number | undefined;

  /** @throws BuildFailed for too many */
  add(extents: readonly Extent[]): void {
    this.extents.push(...extents);
    if (this.extents.length > MAX_EXTENTS) throw broken("the map of a sparse file is too long");
  }

  /**
   * Adds a block of form 1.0: the number of entries, then offset and length of each, every number on its own line.
   * @returns whether the map is complete
   * @throws BuildFailed for what is not a map
   */
  addText(block: Buffer): boolean {
    const lines = (this.#text + block.toString("latin1")).split("\n");
    this.#text = lines.pop() ?? "";
    for (const line of lines) {
      if (this.#isComplete()) break;
      if (this.#expected === undefined) {
        this.#expected = count(line);
        if (this.#expected > MAX_EXTENTS) throw broken("the map of a sparse file is too long");
      } else this.#numbers.push(count(line));
      if (this.#numbers.length === 2) {
        this.extents.push({ offset: this.#numbers[0] ?? 0, length: this.#numbers[1] ?? 0 });
        this.#numbers = [];
      }
    }
    if (!this.#isComplete() && this.#text.length > block.length) throw broken("the map of a sparse file is malformed");
    return this.#isComplete();
  }

  #isComplete(): boolean {
    return this.#expected !== undefined && this.extents.length === this.#expected;
  }
}

/** Entries of GNU tar's own form: offset and length, 12 bytes each. Unused ones are empty. */
export function oldSparseEntries(block: Buffer, at: number, number: number): Extent[] {
  const extents: Extent[] = [];
  for (let index = 0; index < number; index++) {
    const from = at + index * OLD_ENTRY_BYTES;
    if (block[from] === 0) break;
    extents.push({ offset: numberAt(block, from, 12), length: numberAt(block, from + 12, 12) });
  }
  return extents;
}

/** @throws BuildFailed for parts that overlap, reach past the end of the file, or are not what the archive has of it */
export function checkExtents(extents: readonly Extent[], size: number, stored: number): void {
  let [end, sum] = [0, 0];
  for (const { offset, length } of extents) {
    if (offset < end) throw broken("parts of a sparse file overlap");
    end = offset + length;
    sum += length;
  }
  if (end > size) throw broken("a sparse file has data after its end");
  if (sum !== stored) throw broken("the map of a sparse file is not that of its content");
}
