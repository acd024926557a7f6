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

// Alpine's list of packages, /lib/apk/db/installed: a record a package, a letter a field (apk-tools, src/database.c).

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
    ...(architecture === undefined ? {} : { architecture }),
    ...(licence === undefined ? {} : { licence }),
    // All packages of one origin have its version.
    source: { name: stanza.get("o") ?? name, version },
  };
};

// Debian's list of packages, /var/lib/dpkg/status, and its parts in status.d of images without dpkg (dpkg(1), deb822(5)).

/** States in which none of a package's files are there, conffiles aside. */
const ABSENT: ReadonlySet<string> = new Set(["not-installed", "config-files"]);

export class DpkgReader extends RecordReader {
  constructor() {
    super({ keys: ["package", "status", "version", "architecture", "source"], foldCase: true }, dpkgPackageOf);
  }
}

const dpkgPackageOf: PackageOf = (stanza) => {
  // `install ok installed`: what is wanted, whether it is broken, what it is.
  const state = stanza.get("status")?.split(/\s+/).at(-1);
  if (state !== undefined && ABSENT.has(state)) return "absent";
  const [name, version, architecture] = [stanza.get("package"), stanza.get("version"), stanza.get("architecture")];
  if (name === undefined || version === undefined) return "odd";
  return {
    type: "deb",
    name,
    version,
    ...(architecture === undefined ? {} : { architecture }),
    source: sourceOf(stanza.get("source"), name, version),
  };
};

/** `Source: glibc (2.36-9)`; without it the source has the package's own name, without the brackets its version. */
function sourceOf(field: string | undefined, name: string, version: string): { name: string; version: string } {
  const [, source = name, other = version] = /^(\S+)(?:\s+\(([^()]+)\))?$/.exec(field ?? "") ?? [];
  return { name: source, version: other };
}
