/** Views for several builds at the same time: one for each build, all on one stream. */
import { Writable } from "node:stream";
import { chooseProgress } from "./choose-view.ts";
import type { Progress, ProgressMode, ViewStream } from "./progress.ts";
import { RawJsonView } from "./rawjson.ts";

/**
 * @param targets names of the targets to build
 * @throws InvalidInput as `chooseProgress`
 */
export async function chooseViews(
  mode: ProgressMode,
  targets: readonly string[],
  stderr: ViewStream,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ReadonlyMap<string, Progress>> {
  const views = targets.map(async (target): Promise<[string, Progress]> => {
    const view = await chooseProgress(mode, targets.length === 1 ? stderr : new NamedLines(stderr, target), env);
    // Lines of JSON name their target themselves.
    return [target, view instanceof RawJsonView ? new RawJsonView(stderr, undefined, target) : view];
  });
  return new Map(await Promise.all(views));
}

/** Writes each line with the target's name before it. It does not count as a terminal, as several views cannot share one cursor. */
class NamedLines extends Writable {
  readonly #stream: ViewStream;
  readonly #prefix: string;
  #rest = "";

  constructor(stream: ViewStream, target: string) {
    super({ decodeStrings: false });
    this.#stream = stream;
    this.#prefix = `[${target}] `;
  }

  override _write(chunk: string | Buffer, _encoding: BufferEncoding, done: () => void): void {
    const lines = `${this.#rest}${chunk.toString()}`.split("\n");
    this.#rest = lines.pop() ?? "";
    if (lines.length > 0) this.#stream.write(lines.map((line) => `${this.#prefix}${line}\n`).join(""));
    done();
  }
}
