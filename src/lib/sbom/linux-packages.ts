/** Reads the package lists of dpkg and apk: files with one record per package. */
import type { Contents, FoundPackage, Reader } from "./contents.ts";
import { Stanzas } from "./stanzas.ts";
import type { Stanza, StanzaOptions } from "./stanzas.ts";
import { omitUndefined } from "../text/omit-undefined.ts";

/** The package of a record; "absent" if it is not installed, "odd" if the record is incomplete. */
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
    return { packages: this.#packages, ...incompleteRecords(this.#odd) };
  }
}

/** @param count number of records that could not be read */
export function incompleteRecords(count: number): { unread?: string } {
  return count === 0 ? {} : { unread: `${count} of its records ${count === 1 ? "has" : "have"} no name or no version` };
}

/** Alpine's package list, /lib/apk/db/installed: one record per package, one letter per field (apk-tools, src/database.c). */
export class ApkReader extends RecordReader {
  constructor() {
    super({ keys: ["P", "V", "A", "L", "o"], foldCase: false }, apkPackageOf);
  }
}

const apkPackageOf: PackageOf = (stanza) => {
  const [name, version, architecture] = [stanza.get("P"), stanza.get("V"), stanza.get("A")];
  if (name === undefined || version === undefined) return "odd";
  const licence = stanza.get("L");
  return {
    type: "apk",
    name,
    version,
    ...omitUndefined({ architecture, licence }),
    // All packages of one origin have the same version.
    source: { name: stanza.get("o") ?? name, version },
  };
};

/** States in which no file of a package is installed, except for conffiles. */
const ABSENT: ReadonlySet<string> = new Set(["not-installed", "config-files"]);

/** Debian's package list, /var/lib/dpkg/status, and its parts in status.d of images without dpkg (dpkg(1), deb822(5)). */
export class DpkgReader extends RecordReader {
  constructor() {
    super({ keys: ["package", "status", "version", "architecture", "source"], foldCase: true }, dpkgPackageOf);
  }
}

const dpkgPackageOf: PackageOf = (stanza) => {
  // `install ok installed`: the wanted state, whether it is broken, and the actual state.
  const state = stanza.get("status")?.split(/\s+/).at(-1);
  if (state !== undefined && ABSENT.has(state)) return "absent";
  const [name, version, architecture] = [stanza.get("package"), stanza.get("version"), stanza.get("architecture")];
  if (name === undefined || version === undefined) return "odd";
  return {
    type: "deb",
    name,
    version,
    ...omitUndefined({ architecture }),
    source: sourceOf(stanza.get("source"), name, version),
  };
};

/** `Source: glibc (2.36-9)`. Without this field the source has the name of the package; without brackets, its version. */
function sourceOf(field: string | undefined, name: string, version: string): { name: string; version: string } {
  const [, source = name, other = version] = /^(\S+)(?:\s+\(([^()]+)\))?$/.exec(field ?? "") ?? [];
  return { name: source, version: other };
}
