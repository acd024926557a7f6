/**
 * A second `make release` gives the same bytes: from another path, with another umask, in another time zone. RELEASE_TARGETS="linux-x64 win-x64" says
 * for which platforms; the default is the one of this machine, as another one's takes long.
 */
import { rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { ownTarget } from "../../scripts/release/node-packages.ts";
import { readSums } from "../../scripts/release/sums.ts";
import { RELEASE, ROOT } from "./artefacts.ts";
import { anotherCheckout, mustBash } from "./checkout.ts";

const TARGETS = (process.env["RELEASE_TARGETS"] ?? ownTarget()).split(/[\s,]+/);
/** In every release: the npm package, the SBOM, the notes. For every platform: the executable, an archive. For Linux: two packages. */
const FILES = 3 + TARGETS.reduce((count, target) => count + (target.startsWith("linux") ? 4 : 2), 0);

/** Packages that were fetched are linked: npm and the hashes of Node decide about them, not the place. */
const RELEASE_THERE = `
  umask 077
  cp -al "$1/node_modules" node_modules
  mkdir release
  cp -al "$1/release/node" release/node
  shift
  exec node scripts/release/release.ts "$@"
`;

let checkout = "";

beforeAll(async () => {
  checkout = await anotherCheckout();
});
afterAll(() => rm(dirname(checkout), { recursive: true, force: true }));

test(`a second release for ${TARGETS.join(", ")} has the files of the first one, byte for byte`, async () => {
  const targets = TARGETS.flatMap((target) => ["--target", target]);
  mustBash(RELEASE_THERE, [ROOT, ...targets], { cwd: checkout, env: { ...process.env, TZ: "Asia/Tokyo" } });
  const [first, again] = await Promise.all([readSums(RELEASE), readSums(join(checkout, "release"))]);
  expect(again.size).toBe(FILES);
  const others = [...again].filter(([name, sum]) => first.get(name) !== sum).map(([name]) => name);
  expect(others).toEqual([]);
}, 3_600_000);
