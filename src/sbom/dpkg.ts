/** Debian's list of packages, /var/lib/dpkg/status, and its parts in status.d of images without dpkg (dpkg(1), deb822(5)). */
import type { Contents, FoundPackage, Reader } from "./contents.ts";
import { Stanzas } from "./stanzas.ts";
import type { Stanza } from "./stanzas.ts";

/** States in which none of a package's files are there, conffiles aside. */
const ABSENT: ReadonlySet<string> = new Set(["not-installed", "config-files"]);

export class DpkgReader implements Reader {
  readonly #packages: FoundPackage[] = [];
  #odd = 0;
  readonly #stanzas = new Stanzas({
    keys: ["package", "status", "version", "architecture", "source"],
    foldCase: true,
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
    // `install ok installed`: what is wanted, whether it is broken, what it is.
    const state = stanza.get("status")?.split(/\s+/).at(-1);
    if (state !== undefined && ABSENT.has(state)) return;
    const [name, version, architecture] = [stanza.get("package"), stanza.get("version"), stanza.get("architecture")];
    if (name === undefined || version === undefined) {
      this.#odd++;
      return;
    }
    this.#packages.push({
      type: "deb",
      name,
      version,
      ...(architecture === undefined ? {} : { architecture }),
      source: sourceOf(stanza.get("source"), name, version),
    });
  }
}

/** `Source: glibc (2.36-9)`; without it the source has the package's own name, without the brackets its version. */
function sourceOf(field: string | undefined, name: string, version: string): { name: string; version: string } {
  const [, source = name, other = version] = /^(\S+)(?:\s+\(([^()]+)\))?$/.exec(field ?? "") ?? [];
  return { name: source, version: other };
}

/** @param count of records that could not be read */
export function oddRecords(count: number): { unread?: string } {
  return count === 0 ? {} : { unread: `${count} of its records ${count === 1 ? "has" : "have"} no name or no version` };
}
