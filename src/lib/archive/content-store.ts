/** Keeps the contents of an archive's files, one after the other: in memory as long as they are few, then in one temporary file. */
import { ScratchFile } from "../files/scratch.ts";

/** Amount that stays in memory. Most contexts are smaller, so they need no disk. */
const MEMORY_BYTES = 8 * 1024 * 1024;

export class ContentStore implements Disposable {
  #chunks: Buffer[] = [];
  /** Where each chunk begins. */
  #starts: number[] = [];
  #size = 0;
  #file: ScratchFile | undefined;
  readonly #memoryBytes: number;
  readonly #directory: string | undefined;

  /** @param directory where the temporary file is made; below TMPDIR if it is not given. @param memoryBytes smaller in tests */
  constructor(directory?: string, memoryBytes = MEMORY_BYTES) {
    this.#directory = directory;
    this.#memoryBytes = memoryBytes;
  }

  /** Bytes so far. */
  get size(): number {
    return this.#size;
  }

  /** @throws InvalidInput if the temporary directory cannot be used */
  append(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    if (this.#file === undefined && this.#size + chunk.length > this.#memoryBytes) this.#file = this.#moveToDisk();
    if (this.#file === undefined) {
      this.#starts.push(this.#size);
      this.#chunks.push(Buffer.from(chunk));
    } else this.#file.write(chunk, this.#size);
    this.#size += chunk.length;
  }

  /** Fills the space with the bytes from `at` on. All of them have to be there. */
  read(space: Uint8Array, at: number): void {
    if (this.#file === undefined) this.#readMemory(space, at);
    else this.#file.read(space, at);
  }

  [Symbol.dispose](): void {
    this.#chunks = [];
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  #readMemory(space: Uint8Array, at: number): void {
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#starts[middle] ?? 0) <= at) low = middle;
      else high = middle - 1;
    }
    for (let done = 0, index = low; done < space.length; index++) {
      const [chunk, start] = [this.#chunks[index], this.#starts[index]];
      if (chunk === undefined || start === undefined) throw new Error("read past the end of an archive's contents");
      const part = chunk.subarray(at + done - start, at + space.length - start);
      space.set(part, done);
      done += part.length;
    }
  }

  #moveToDisk(): ScratchFile {
    const file = new ScratchFile(".slipway-", this.#directory);
    for (const [index, chunk] of this.#chunks.entries()) file.write(chunk, this.#starts[index] ?? 0);
    [this.#chunks, this.#starts] = [[], []];
    return file;
  }
}
