/** One packed context for several pods: packed once, so all of them get the same bytes, and read by each at its own pace. */
import { ScratchFile } from "../lib/files/scratch.ts";
import type { OpenArchive } from "./open-context.ts";

/** Bytes that a reader takes from the file at a time. */
const CHUNK_BYTES = 256 * 1024;

export class PackedOnce implements Disposable {
  readonly #open: OpenArchive;
  #source: AsyncIterator<Uint8Array> | undefined;
  #file: ScratchFile | undefined;
  /** Bytes in the file. */
  #size = 0;
  #ended = false;
  /** The next chunk, while it is packed. */
  #packing: Promise<void> | undefined;

  /** Nothing is packed before the first reader asks. */
  constructor(open: OpenArchive) {
    this.#open = open;
  }

  readonly open: OpenArchive = () => this.#read();

  [Symbol.dispose](): void {
    this.#ended = true;
    void this.#source?.return?.()?.catch(() => {});
    this.#file?.[Symbol.dispose]();
    this.#file = undefined;
  }

  async *#read(): AsyncIterable<Uint8Array> {
    for (let at = 0; ;) {
      if (at < this.#size) {
        const chunk = Buffer.allocUnsafe(Math.min(CHUNK_BYTES, this.#size - at));
        if (this.#file === undefined) throw new Error("the packed context was given up");
        this.#file.read(chunk, at);
        at += chunk.length;
        yield chunk;
      } else if (this.#ended) return;
      else await (this.#packing ??= this.#pack().finally(() => (this.#packing = undefined)));
    }
  }

  /** Packs one more chunk: the reader that is furthest sets the pace. */
  async #pack(): Promise<void> {
    this.#source ??= this.#open()[Symbol.asyncIterator]();
    const step = await this.#source.next();
    if (step.done === true) {
      this.#ended = true;
      return;
    }
    if (this.#ended) return;
    this.#file ??= new ScratchFile("slipway-context-");
    this.#file.write(step.value, this.#size);
    this.#size += step.value.length;
  }
}
