/** The signature of SHA256SUMS: made by the real cosign with a key, in a network without any address, and verified by the line of the guide. */
import { spawnSync } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { ROOT, artefact } from "./artefacts.ts";
import { compiled } from "../e2e/support/compiled.ts";

/** The key of the guide's command. */
const PUBLIC_KEY = "slipway.pub";

type Environment = Readonly<Record<string, string | undefined>>;

let keys = "";
let cosign = "";
let release = "";

beforeAll(async () => {
  keys = await mkdtemp(join(tmpdir(), "slipway-keys-"));
  cosign = compiled("cosign", "cosign");
  for (const name of ["ours", "other"]) {
    await mkdir(join(keys, name));
    const made = alone(cosign, ["generate-key-pair"], { COSIGN_PASSWORD: "secret" }, join(keys, name));
    if (made.status !== 0) throw new Error(made.stderr);
  }
  // Where it has not been compiled yet.
}, 900_000);
beforeEach(async () => {
  release = await mkdtemp(join(keys, "release-"));
  await copyFile(await artefact("SHA256SUMS"), join(release, "SHA256SUMS"));
  await copyFile(join(keys, "ours/cosign.pub"), join(release, PUBLIC_KEY));
});
afterAll(() => rm(keys, { recursive: true, force: true }));

/** Runs a program in a network of its own, which has nobody else: what needs a server fails. */
function alone(program: string, args: readonly string[], env: Environment = {}, cwd = ROOT) {
  const path = `${dirname(cosign)}:${process.env["PATH"]}`;
  const { status, stdout, stderr } = spawnSync("/usr/bin/unshare", ["--map-root-user", "--net", program, ...args], {
    cwd,
    env: { HOME: keys, PATH: path, ...env },
    encoding: "utf8",
  });
  return { status, stdout, stderr };
}

function sign(env: Environment) {
  return alone("npm", ["run", "--silent", "release:sign", "--", "--out", release], env);
}

/** The command of the install guide, in the directory of the release. */
async function verify() {
  const guide = await readFile(join(ROOT, "docs/guides/install.md"), "utf8");
  const command = /^cosign verify-blob .*$/m.exec(guide)?.[0];
  if (command === undefined) throw new Error("the install guide has no line that verifies");
  expect(command).toContain(PUBLIC_KEY);
  return alone("sh", ["-c", command], {}, release);
}

const ours = () => ({ COSIGN_KEY: join(keys, "ours/cosign.key"), COSIGN_PASSWORD: "secret" });

test("the sums are signed without a server, and the guide's command verifies them", async () => {
  expect(sign(ours())).toEqual({ status: 0, stdout: `${release}/SHA256SUMS.bundle\n`, stderr: "" });
  expect(await verify()).toMatchObject({ status: 0, stderr: expect.stringContaining("Verified OK") });
  // Nobody's log has anything of it.
  const bundle = JSON.parse(await readFile(join(release, "SHA256SUMS.bundle"), "utf8")) as object;
  expect(Object.keys(bundle)).toEqual(["base64Signature"]);
});

test("sums that were changed after they were signed are refused", async () => {
  expect(sign(ours())).toMatchObject({ status: 0 });
  const sums = await readFile(join(release, "SHA256SUMS"), "utf8");
  const other = sums.startsWith("0") ? "1" : "0";
  await writeFile(join(release, "SHA256SUMS"), `${other}${sums.slice(1)}`);
  expect(await verify()).toMatchObject({ status: 1, stderr: expect.stringContaining("invalid signature") });
});

test("sums that another key has signed are refused", async () => {
  expect(sign({ ...ours(), COSIGN_KEY: join(keys, "other/cosign.key") })).toMatchObject({ status: 0 });
  expect(await verify()).toMatchObject({ status: 1, stderr: expect.stringContaining("invalid signature") });
});

test("sums without a signature are not taken for signed ones", async () => {
  expect(await verify()).toMatchObject({ status: 1, stderr: expect.stringContaining("SHA256SUMS.bundle") });
});

test.each([
  [
    "a key that is not there",
    { COSIGN_KEY: "/nowhere/key" },
    "COSIGN_KEY names /nowhere/key, which cannot be read: ENOENT",
  ],
  ["a directory as key", { COSIGN_KEY: "/etc" }, "COSIGN_KEY names /etc, which cannot be read: not a file"],
  [
    "a key without its password",
    { COSIGN_PASSWORD: undefined },
    "COSIGN_PASSWORD is not set: cosign reads the password of OUR_KEY there; it is empty for a key without one",
  ],
  [
    "a key with a wrong password",
    { COSIGN_PASSWORD: "wrong" },
    "cosign cannot sign with OUR_KEY, which COSIGN_KEY names: decrypt: encrypted: decryption failed",
  ],
  [
    "no cosign on the PATH",
    { PATH: "/nowhere" },
    "COSIGN_KEY is set, but cosign, which signs with it, is not on the PATH",
  ],
])("a release with %s is refused in one sentence, before anything of it is made", async (_name, wrong, sentence) => {
  const out = join(release, "new");
  const run = alone(process.execPath, ["scripts/release/release.ts", "--out", out], { ...ours(), ...wrong });
  expect(run).toEqual({ status: 2, stdout: "", stderr: `${sentence.replace("OUR_KEY", ours().COSIGN_KEY)}\n` });
  expect(await readdir(release)).not.toContain("new");
});
