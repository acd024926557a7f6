/** Alpine's list of packages, /lib/apk/db/installed: a record a package, a letter a field (apk-tools, src/database.c). */
import { RecordReader } from "./records.ts";
import type { PackageOf } from "./records.ts";

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
