/** The client's end of `cacheCommand`: reads its answers and decides what to send. */
import { createHash } from "node:crypto";
import type { Manifest } from "../../pack/manifest.ts";
import type { CacheSource, ExtraFile } from "../../pack/cache-source.ts";
import { NOTES_DIR } from "./pod-script.ts";
import { CONTEXT_DIR } from "../../plan/layout.ts";

/** The cache is in use, or cannot be locked. */
export class Busy extends Error {
  /** The build that uses it; "" if that is unknown. */
  readonly owner: string;

  constructor(owner: string) {
    super("the cache is in use");
    this.owner = owner;
  }
}

/** A process's output, read line by line or by a number of bytes. */
export class Replies {
  #unread: Buffer = Buffer.alloc(0);
  #ended = false;
  #wake: () => void = () => {};

  add(chunk: Uint8Array): void {
    this.#unread = Buffer.concat([this.#unread, chunk]);
    this.#wake();
  }

  /** The output has ended. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** @throws Error when the output ends before the line does. */
  async line(): Promise<string> {
    for (;;) {
      const at = this.#unread.indexOf("\n");
      if (at >= 0)
        return this.#take(at + 1)
          .subarray(0, at)
          .toString();
      await this.#more();
    }
  }

  async bytes(length: number): Promise<Buffer> {
    while (this.#unread.length < length) await this.#more();
    return this.#take(length);
  }

  #take(length: number): Buffer {
    const taken = this.#unread.subarray(0, length);
    this.#unread = this.#unread.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    if (this.#ended) throw new Error("the pod sent no further answer");
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** The state of `converse`. */
export interface Progress {
  busy?: Busy;
  /** Everything was given to the connection. */
  sent: boolean;
  /** Bytes of the archive sent so far. */
  bytes: number;
}

/** Yields the standard input of `cacheCommand`, from its answers. An answer it does not understand leads to a full upload. */
export async function* converse(
  source: CacheSource,
  replies: Replies,
  progress: Progress,
): AsyncGenerator<Uint8Array, void, undefined> {
  // Started before the pod answers, to save time.
  const reading = source.manifest();
  reading.catch(() => {});
  const state = await readState(replies);
  if (state.kind === "busy") {
    progress.busy = new Busy(state.owner);
    return;
  }
  const manifest = await reading;
  const parts = new Map<number, Buffer>();
  if (state.kind === "clean") {
    const wanted = manifest.differing(state.sums);
    if (wanted.length > 0) {
      yield Buffer.from(`want ${wanted.map(hexOf).join(" ")}\n`);
      for (let line = await replies.line(); line !== "END"; line = await replies.line()) {
        const [, number = "", length = ""] = line.split(" ");
        parts.set(Number.parseInt(number, 16), await replies.bytes(Number(length)));
      }
    }
  }
  const whole = state.kind !== "clean" || [...parts].some(([number, part]) => sum(part) !== state.sums[number]);
  yield Buffer.from(whole ? "full\n" : "delta\n");
  const hash = createHash("sha256");
  for await (const chunk of archiveOf(source, manifest, whole ? undefined : parts)) {
    hash.update(chunk);
    progress.bytes += chunk.length;
    yield chunk;
  }
  yield Buffer.from(hash.digest("hex"));
  progress.sent = true;
}

/** @param theirs the parts that differ, as the pod has them; undefined: everything is sent. */
function archiveOf(
  source: CacheSource,
  manifest: Manifest,
  theirs: ReadonlyMap<number, Buffer> | undefined,
): AsyncIterable<Uint8Array> {
  const difference = theirs === undefined ? undefined : manifest.difference(theirs);
  const changed = difference?.changed;
  const numbers = theirs === undefined ? manifest.parts.keys() : theirs.keys();
  const stale = (difference?.stale ?? []).map((path) => `${CONTEXT_DIR}/${path}\0`).join("");
  const note = (path: string, data: Uint8Array): ExtraFile => ({ path: `${NOTES_DIR}/${path}`, data });
  return source.archive(changed, [
    note("stale", Buffer.from(stale, "latin1")),
    note("sums", manifest.checksums(CONTEXT_DIR, changed)),
    note("listing", Buffer.from(`${manifest.listing(CONTEXT_DIR)}\n`)),
    note("parts", Buffer.from(manifest.sums.map((digest, number) => `${hexOf(number)} ${digest}\n`).join(""))),
    ...[...numbers].map((number) => note(`manifest/${hexOf(number)}`, manifest.parts[number] ?? Buffer.alloc(0))),
  ]);
}

type State =
  | { readonly kind: "busy"; readonly owner: string }
  | { readonly kind: "none" }
  | { readonly kind: "clean"; readonly sums: readonly string[] };

async function readState(replies: Replies): Promise<State> {
  const [word, owner = ""] = (await replies.line()).split(" ");
  if (word === "BUSY") return { kind: "busy", owner };
  if (word !== "CLEAN") return { kind: "none" };
  const sums: string[] = [];
  for (let line = await replies.line(); line !== "END"; line = await replies.line()) {
    const [number = "", digest = ""] = line.split(" ");
    sums[Number.parseInt(number, 16)] = digest;
  }
  return { kind: "clean", sums };
}

function hexOf(number: number): string {
  return number.toString(16).padStart(2, "0");
}

function sum(data: Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}
