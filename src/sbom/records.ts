/** A file of records, a package each: what dpkg's list and apk's have in common. */
import type { Contents, FoundPackage, Reader } from "./contents.ts";
import { Stanzas } from "./stanzas.ts";
import type { Stanza, StanzaOptions } from "./stanzas.ts";

/** What a record says: a package, nothing that is there, or less than a package has. */
export type PackageOf = (stanza: Stanza) => FoundPackage | "absent" | "odd";

export class RecordReader implements Reader {
  readonly #packages: FoundPackage[] = [];
  #odd = 0;
  readonly #stanzas: Stanzas;

  constructor(options: Omit<StanzaOptions, "onStanza">, packageOf: PackageOf) {
    this.#stanzas = new Stanzas({
      ...options,
      onStanza: (stanza) => {
        const found = packageOf(stanza);
        if (found === "odd") this.#odd++;
        else if (found !== "absent") this.#packages.push(found);
      },
    });
  }

  write(chunk: Uint8Array): void {
    this.#stanzas.write(chunk);
  }

  end(): Contents {
    this.#stanzas.end();
    return { packages: this.#packages, ...oddRecords(this.#odd) };
  }
}

/** @param count of records that could not be read */
export function oddRecords(count: number): { unread?: string } {
  return count === 0 ? {} : { unread: `${count} of its records ${count === 1 ? "has" : "have"} no name or no version` };
}
