/**
 * Writes release/manifests/ for krew, Homebrew and Scoop, once it is known where the files of the release will lie:
 * `npm run release:manifests -- --url https://HOST/DIRECTORY --homepage https://HOST/PAGE`
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { parseArgs } from "node:util";
import { manifests } from "./manifests.ts";
import { Refused, orEnd } from "./refusal.ts";
import { readSums } from "./sums.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

const { values } = parseArgs({
  options: {
    url: { type: "string" },
    homepage: { type: "string" },
    out: { type: "string", default: join(ROOT, "release") },
  },
});
const { url = "", homepage = "" } = values;
await orEnd(() => {
  for (const [flag, value] of Object.entries({ url, homepage })) {
    if (value.startsWith("https://")) continue;
    throw new Refused(`--${flag} ${value}: an address that begins with https:// is needed`);
  }
});
const out = resolve(values.out);
const { version } = JSON.parse(await readFile(join(ROOT, "package.json"), "utf8")) as { version: string };
const directory = join(out, "manifests");
await mkdir(directory, { recursive: true });
const published = { version, url: url.replace(/\/+$/, ""), homepage, sums: await readSums(out) };
for (const [name, text] of manifests(published)) {
  await writeFile(join(directory, name), text);
  process.stdout.write(`${join(directory, name)}\n`);
}
