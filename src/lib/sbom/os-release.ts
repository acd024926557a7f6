/** Reads the name of the distribution (os-release(5)): assignments in shell syntax. Nothing is executed. */
import { valueOf } from "./contents.ts";
import type { Contents, Reader } from "./contents.ts";
import { Lines } from "./stanzas.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export class OsReleaseReader implements Reader {
  readonly #values = new Map<string, string>();
  readonly #lines = new Lines((line) => this.#take(line));

  write(chunk: Uint8Array): void {
    this.#lines.write(chunk);
  }

  end(): Contents | undefined {
    this.#lines.end();
    // The default of os-release(5).
    const id = this.#values.get("ID") ?? "linux";
    const version = this.#values.get("VERSION_ID");
    if (this.#values.size === 0) return undefined;
    return { packages: [], system: { id, ...omitUndefined({ version }) } };
  }

  #take(line: string): void {
    const [, key, written = ""] = /^\s*(ID|VERSION_ID|NAME)=(.*)$/.exec(line) ?? [];
    const value = valueOf(unquoted(written.trim()));
    if (key !== undefined && value !== undefined) this.#values.set(key, value);
  }
}

function unquoted(text: string): string {
  const [, single] = /^'([^']*)'$/.exec(text) ?? [];
  if (single !== undefined) return single;
  const [, double = text] = /^"((?:[^"\\]|\\.)*)"$/.exec(text) ?? [];
  return double.replaceAll(/\\(.)/g, "$1");
}
