/** Which files of an image are read, and by what. Paths are without a leading slash. */
import { ApkReader, DpkgReader } from "./linux-packages.ts";
import type { Reader } from "./contents.ts";
import { GoBinaryReader } from "./go-binary.ts";
import { NpmReader } from "./npm.ts";
import { OsReleaseReader } from "./os-release.ts";
import { PythonReader } from "./python.ts";

/** A kind of file. */
export interface Kind {
  open(): Reader;
  /** Only its content tells whether it is one. */
  readonly guessed?: true;
}

const reads = (Its: new () => Reader): Kind => ({ open: () => new Its() });
const names = (unread: string): Kind => ({
  open: () => ({ write: () => {}, end: () => ({ packages: [], unread }) }),
});

const APK = reads(ApkReader);
const DPKG = reads(DpkgReader);
const GO: Kind = { ...reads(GoBinaryReader), guessed: true };
const NPM = reads(NpmReader);
const OS_RELEASE = reads(OsReleaseReader);
const PYTHON = reads(PythonReader);
const RPM = names("it is RPM's database, which is not read");

const PLACES: ReadonlyMap<string, Kind> = new Map([
  ["etc/os-release", OS_RELEASE],
  ["usr/lib/os-release", OS_RELEASE],
  ["var/lib/dpkg/status", DPKG],
  ["lib/apk/db/installed", APK],
  // Where /lib is /usr/lib.
  ["usr/lib/apk/db/installed", APK],
  ...["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"].flatMap((directory) =>
    ["rpmdb.sqlite", "Packages", "Packages.db"].map((name): [string, Kind] => [`${directory}/${name}`, RPM]),
  ),
  ["var/lib/pacman/local/ALPM_DB_VERSION", names("it belongs to pacman's database, which is not read")],
  ["var/lib/chisel/manifest.wall", names("it is chisel's manifest, which is not read")],
]);

const FORMS: readonly (readonly [RegExp, Kind])[] = [
  [/^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/, DPKG],
  // The package's own, not another below it.
  [/(?:^|\/)node_modules\/(?:@[^/]+\/)?(?!@)[^/]+\/package\.json$/, NPM],
  [/\.dist-info\/METADATA$/, PYTHON],
  [/\.egg-info(?:\/PKG-INFO)?$/, PYTHON],
];

/** Directories on the way to the places above: where one of them is a symlink, the files below it are elsewhere. */
export const WAYPOINTS: ReadonlySet<string> = new Set(
  [...PLACES.keys(), "var/lib/dpkg/status.d/x"].flatMap((path) => {
    const parts = path.split("/");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  }),
);

/** @param executable by anybody: then it may be a program */
export function kindOf(path: string, executable: boolean): Kind | undefined {
  // Of a whiteout only its name means anything.
  if (/(?:^|\/)\.wh\.[^/]*$/.test(path)) return undefined;
  return PLACES.get(path) ?? FORMS.find(([form]) => form.test(path))?.[1] ?? (executable ? GO : undefined);
}
