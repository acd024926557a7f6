/** Reads METADATA or PKG-INFO of a Python package: headers, an empty line, a description (packaging.python.org, core metadata). */
import type { Contents, Reader } from "./contents.ts";
import { incompleteRecords } from "./linux-packages.ts";
import { Stanzas } from "./stanzas.ts";
import type { Stanza } from "./stanzas.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

export class PythonReader implements Reader {
  /** Set after the headers, because the description may have lines that look like headers. */
  #headers: Stanza | undefined;
  readonly #stanzas = new Stanzas({
    keys: ["metadata-version", "name", "version", "license", "license-expression"],
    foldCase: true,
    onStanza: (stanza) => {
      this.#headers ??= stanza;
    },
  });

  write(chunk: Uint8Array): void {
    if (this.#headers === undefined) this.#stanzas.write(chunk);
  }

  end(): Contents {
    this.#stanzas.end();
    const [name, version] = [this.#headers?.get("name"), this.#headers?.get("version")];
    if (name === undefined || version === undefined) return { packages: [], ...incompleteRecords(1) };
    const licence = this.#headers?.get("license-expression") ?? this.#headers?.get("license");
    return { packages: [{ type: "pypi", name, version, ...omitUndefined({ licence }) }] };
  }
}
