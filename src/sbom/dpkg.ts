/** Debian's list of packages, /var/lib/dpkg/status, and its parts in status.d of images without dpkg (dpkg(1), deb822(5)). */
import { RecordReader } from "./records.ts";
import type { PackageOf } from "./records.ts";

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
