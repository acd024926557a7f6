/** A stranger's repository that names a private repository as its submodule: the user's git may read that one, and no RUN of the stranger's may. */
import { chmodSync, existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { serveGit } from "../unit/plan/source/git-server.ts";
import type { GitServer } from "../unit/plan/source/git-server.ts";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { readImage } from "./support/registry.ts";
import type { Run } from "./support/slipway.ts";

/** Nothing may ever be created in this one. */
const namespace = useNamespace();
const building = useNamespace();
const SECRET = "SOURCE-CODE-OF-THE-VICTIM";
const LIB = { "secret.txt": `${SECRET}\n` };

let forge: GitServer;
/** The victim's own git server, which asks for a password for what is below /corp. */
let corp: GitServer;
const redirecting = createServer((request, response) => {
  response.writeHead(302, { location: `${corpAs("localhost")}${request.url}` }).end();
});

/** The victim's server under a name: the forge is at 127.0.0.1. */
function corpAs(host: string): string {
  return corp.url.replace("127.0.0.1", host);
}

beforeAll(async () => {
  forge = await serveGit();
  corp = await serveGit((path) => path.startsWith("/corp/"));
  await new Promise<void>((resolve) => {
    redirecting.listen(0, "127.0.0.1", resolve);
  });
  const redirect = `http://127.0.0.1:${(redirecting.address() as AddressInfo).port}`;
  const targets = {
    host: `${corpAs("localhost")}/corp/private.git`,
    owner: `${corp.url}/corp/private.git`,
    redirect: `${redirect}/corp/private.git`,
    ssh: "ssh://git@localhost/corp/private.git",
  };
  for (const server of [forge, corp]) server.add("/corp/private.git", LIB);
  for (const [name, url] of Object.entries(targets)) {
    const files = { Dockerfile: `FROM ${BUSYBOX}\nCOPY . /x/\nRUN cat /x/lib/secret.txt\n` };
    forge.add(`/evil/${name}.git`, files, { lib: url });
    // On the victim's own server there are strangers too.
    corp.add(`/evil/${name}.git`, files, { lib: url });
  }
});
afterAll(() => {
  redirecting.close();
  for (const server of [forge, corp]) server.close();
});

/** A home directory of somebody whose git may read the private repository. */
function victim(files: Readonly<Record<string, string>>): string {
  const home = mkdtempSync(join(tmpdir(), "slipway-victim-"));
  onTestFinished(() => rmSync(home, { recursive: true }));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(home, name), text, { mode: 0o600 });
  return home;
}

const logins = (): string =>
  ["127.0.0.1", "localhost"].map((host) => `${corpAs(host).replace("//", "//user:password@")}\n`).join("");

/** The ways in which git may have a password for the private repository. */
const CREDENTIALS: readonly (readonly [string, () => Readonly<Record<string, string>>])[] = [
  ["a credential helper", () => ({ ".gitconfig": "[credential]\n\thelper = store\n", ".git-credentials": logins() })],
  [
    ".netrc",
    () => ({ ".netrc": ["127.0.0.1", "localhost"].map((h) => `machine ${h} login user password password\n`).join("") }),
  ],
  [
    "insteadOf",
    () => ({
      ".gitconfig": ["127.0.0.1", "localhost"]
        .map((h) => `[url "${corpAs(h).replace("//", "//user:password@")}/"]\n\tinsteadOf = ${corpAs(h)}/\n`)
        .join(""),
    }),
  ],
  ["a header", () => ({ ".gitconfig": `[http]\n\textraHeader = Authorization: Basic ${btoa("user:password")}\n` })],
];

function environmentOf(home: string): Record<string, string | undefined> {
  return { HOME: home, XDG_CONFIG_HOME: undefined, GIT_ASKPASS: undefined, SSH_ASKPASS: undefined };
}

/** What a build did, and what reached the victim's server. */
async function outcomeOf(run: Run): Promise<unknown> {
  return {
    code: run.code,
    stdout: run.stdout,
    isLeaked: run.output.includes(SECRET),
    logins: corp.seen.filter((line) => line.startsWith("/corp/") && line.includes("user:")),
    objects: await objectsIn(namespace.name),
  };
}

const NOTHING_DONE = { code: 1, stdout: "", isLeaked: false, logins: [], objects: [] };
const WITHOUT = "ERROR: the submodule lib could not be fetched without your credentials: ";

describe.each(CREDENTIALS)("with %s", (name, files) => {
  test.each([
    ["of another host", "host"],
    ["behind a redirect", "redirect"],
  ])(`a private submodule %s is not fetched with ${name}`, { tags: ["long"] }, async (_where, target) => {
    corp.seen.length = 0;
    const env = environmentOf(victim(files()));
    const run = await build(namespace, ["-t", uniqueImage(), `${forge.url}/evil/${target}.git`], { env });
    expect(await outcomeOf(run)).toEqual(NOTHING_DONE);
    expect(run.stderr).toContain(WITHOUT);
    expect(run.stderr).toContain("--submodule-credentials ");
  });

  test(`a private submodule of another owner is not fetched with ${name}`, { tags: ["long"] }, async () => {
    corp.seen.length = 0;
    const env = environmentOf(victim(files()));
    const run = await build(namespace, ["-t", uniqueImage(), `${corp.url}/evil/owner.git`], { env });
    expect(await outcomeOf(run)).toEqual(NOTHING_DONE);
    expect(run.stderr).toContain(WITHOUT);
    expect(run.stderr).toContain(`--submodule-credentials ${new URL(corp.url).host}/corp`);
  });
});

test("a private submodule over ssh is not fetched with the user's keys", { tags: ["long"] }, async () => {
  const home = victim({});
  const ssh = join(home, "ssh");
  writeFileSync(ssh, `#!/bin/sh\ntouch ${home}/called\nexit 1\n`);
  chmodSync(ssh, 0o755);
  const env = { ...environmentOf(home), GIT_SSH_COMMAND: ssh };
  const run = await build(namespace, ["-t", uniqueImage(), `${forge.url}/evil/ssh.git`], { env });
  expect(await outcomeOf(run)).toEqual(NOTHING_DONE);
  expect(run.stderr).toContain(WITHOUT);
  expect(run.stderr).toContain("--submodule-credentials localhost/corp");
  expect(existsSync(join(home, "called"))).toBe(false);
});

test("a private submodule is fetched if the user names it, and left out if the URL says so", async () => {
  const [, files] = CREDENTIALS[0] ?? [];
  const env = environmentOf(victim(files?.() ?? {}));
  const image = uniqueImage();
  const allowed = ["--submodule-credentials", `${new URL(corpAs("localhost")).host}/corp`];
  await mustBuild(building, ["--builder", "buildkit", ...allowed, "-t", image, `${forge.url}/evil/host.git`], { env });
  expect((await readImage(image)).files.get("x/lib/secret.txt")?.text).toBe(`${SECRET}\n`);
  const without = await build(
    building,
    ["--builder", "buildkit", "-t", uniqueImage(), `${forge.url}/evil/host.git?submodules=false`],
    {
      env,
    },
  );
  // The stranger's RUN finds no file.
  expect(without.code).toBe(1);
  expect(without.output).not.toContain(SECRET);
  expect(without.output).toContain("can't open '/x/lib/secret.txt'");
});
