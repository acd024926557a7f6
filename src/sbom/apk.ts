/** Alpine's list of packages, /lib/apk/db/installed: a record a package, a letter a field (apk-tools, src/database.c). */
import type { Contents, FoundPackage, Reader } from "./contents.ts";
import { oddRecords } from "./dpkg.ts";
import { Stanzas } from "./stanzas.ts";
import type { Stanza } from "./stanzas.ts";

export class ApkReader implements Reader {
  readonly #packages: FoundPackage[] = [];
  #odd = 0;
  readonly #stanzas = new Stanzas({
    keys: ["P", "V", "A", "L", "o"],
    foldCase: false,
    onStanza: (stanza) => this.#take(stanza),
  });

  write(chunk: Uint8Array): void {
    this.#stanzas.write(chunk);
  }

  end(): Contents {
    this.#stanzas.end();
    return { packages: this.#packages, ...oddRecords(this.#odd) };
  }

  #take(stanza: Stanza): void {
    const [name, version, architecture] = [stanza.get("P"), stanza.get("V"), stanza.get("A")];
    if (name === undefined || version === undefined) {
      this.#odd++;
      return;
    }
    const licence = stanza.get("L");
    this.#packages.push({
      type: "apk",
      name,
      version,
      ...(architecture === undefined ? {} : { architecture }),
      ...(licence === undefined ? {} : { licence }),
      // All packages of one origin have its version.
      source: { name: stanza.get("o") ?? name, version },
    });
  }
}
