/** The files of an image that are read, and the reader of each. Paths have no leading slash. */
import { ApkReader, DpkgReader } from "./linux-packages.ts";
import type { Reader } from "./contents.ts";
import { GoBinaryReader } from "./go-binary.ts";
import { NpmReader } from "./npm.ts";
import { OsReleaseReader } from "./os-release.ts";
import { PythonReader } from "./python.ts";

/** A kind of file, with its reader. */
export interface Kind {
  open(): Reader;
  /** Only the content tells whether a file is of this kind. */
  readonly guessed?: true;
}

const readable = (Its: new () => Reader): Kind => ({ open: () => new Its() });
const unreadable = (unread: string): Kind => ({
  open: () => ({ write: () => {}, end: () => ({ packages: [], unread }) }),
});

const APK = readable(ApkReader);
const DPKG = readable(DpkgReader);
const GO: Kind = { ...readable(GoBinaryReader), guessed: true };
const NPM = readable(NpmReader);
const OS_RELEASE = readable(OsReleaseReader);
const PYTHON = readable(PythonReader);
const RPM = unreadable("it is an RPM database, which slipway does not read");

const KINDS_BY_PATH: ReadonlyMap<string, Kind> = new Map([
  ["etc/os-release", OS_RELEASE],
  ["usr/lib/os-release", OS_RELEASE],
  ["var/lib/dpkg/status", DPKG],
  ["lib/apk/db/installed", APK],
  // On systems where /lib is a link to /usr/lib.
  ["usr/lib/apk/db/installed", APK],
  ...["var/lib/rpm", "usr/lib/sysimage/rpm", "usr/share/rpm"].flatMap((directory) =>
    ["rpmdb.sqlite", "Packages", "Packages.db"].map((name): [string, Kind] => [`${directory}/${name}`, RPM]),
  ),
  ["var/lib/pacman/local/ALPM_DB_VERSION", unreadable("it belongs to a pacman database, which slipway does not read")],
  ["var/lib/chisel/manifest.wall", unreadable("it is a chisel manifest, which slipway does not read")],
]);

const KINDS_BY_PATTERN: readonly (readonly [RegExp, Kind])[] = [
  [/^var\/lib\/dpkg\/status\.d\/[^/]+(?<!\.md5sums)$/, DPKG],
  // Only the file in the root of the package, not one deeper inside it.
  [/(?:^|\/)node_modules\/(?:@[^/]+\/)?(?!@)[^/]+\/package\.json$/, NPM],
  [/\.dist-info\/METADATA$/, PYTHON],
  [/\.egg-info(?:\/PKG-INFO)?$/, PYTHON],
];

/** Parent directories of the paths above. If one of them is a symlink, the files are at another path. */
export const PARENT_DIRECTORIES: ReadonlySet<string> = new Set(
  [...KINDS_BY_PATH.keys(), "var/lib/dpkg/status.d/x"].flatMap((path) => {
    const parts = path.split("/");
    return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join("/"));
  }),
);

/** @param executable any execute bit is set, so the file may be a program */
export function kindOf(path: string, executable: boolean): Kind | undefined {
  // A whiteout has no content.
  if (/(?:^|\/)\.wh\.[^/]*$/.test(path)) return undefined;
  return (
    KINDS_BY_PATH.get(path) ?? KINDS_BY_PATTERN.find(([form]) => form.test(path))?.[1] ?? (executable ? GO : undefined)
  );
}
