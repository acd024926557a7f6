/** Against helpers of the test's own, that misbehave; the real ones are held in test/e2e/login.test.ts. */
import { chmod, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { CredentialHelper, HelperError } from "../../../../src/lib/credentials/credential-helper.ts";
import { DockerConfig } from "../../../../src/lib/credentials/docker-config.ts";

let root: string;
const path = process.env["PATH"] ?? "";

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-helper-"));
  process.env["PATH"] = `${root}:${path}`;
});

afterEach(async () => {
  process.env["PATH"] = path;
  await rm(root, { recursive: true, force: true });
});

async function helper(name: string, script: string): Promise<CredentialHelper> {
  const file = join(root, `docker-credential-${name}`);
  await writeFile(file, `#!/bin/sh\n${script}\n`);
  await chmod(file, 0o755);
  return new CredentialHelper(name);
}

/** Notes what it was asked, and answers. */
const answering = (answer: string, code = 0): string =>
  `{ echo "$1"; cat; } > ${root}/asked\nprintf '%s' '${answer}'\nexit ${code}`;
const asked = (): Promise<string> => readFile(join(root, "asked"), "utf8");

describe("a credential helper", () => {
  it("a helper is asked by host, and for Docker Hub by its legacy address", async () => {
    const one = await helper("x", answering('{"ServerURL":"r.io","Username":"me","Secret":"s"}'));
    expect(await one.get("https://R.io/v2/")).toEqual({ username: "me", password: "s" });
    expect(await asked()).toBe("get\nr.io\n");
    await one.get("docker.io");
    expect(await asked()).toBe("get\nhttps://index.docker.io/v1/\n");
  });

  it("a helper may return an identity token", async () => {
    const one = await helper("x", answering('{"Username":"<token>","Secret":"t"}'));
    expect(await one.get("r.io")).toEqual({ identityToken: "t" });
    await one.store("r.io", { username: "me", identityToken: "t" });
    expect(await asked()).toBe('store\n{"ServerURL":"r.io","Username":"<token>","Secret":"t"}\n');
  });

  it("a helper without a login for the registry is not an error", async () => {
    const one = await helper("x", answering("credentials not found in native keychain\n", 1));
    expect(await one.get("r.io")).toBeUndefined();
    expect(await one.erase("r.io")).toBe(false);
  });

  it("stores, forgets and lists", async () => {
    const one = await helper("x", answering('{"https://r.io":"me"}'));
    await one.store("r.io", { username: "me", password: 'p"s' });
    expect(await asked()).toBe('store\n{"ServerURL":"r.io","Username":"me","Secret":"p\\"s"}\n');
    expect(await one.erase("r.io")).toBe(true);
    expect(await asked()).toBe("erase\nr.io\n");
    expect(await one.list()).toEqual(new Map([["https://r.io", "me"]]));
  });

  it.each([
    ["exit 7", "docker-credential-x get failed"],
    ["echo 'the keyring is locked'; echo more; exit 1", "docker-credential-x get failed: the keyring is locked"],
    ["printf 'bad\\033[2J\\n' >&2; exit 1", "docker-credential-x get failed: bad[2J"],
    ['echo \'{"Secret":"hidden"}\'; exit 1', "docker-credential-x get failed"],
    ["echo hidden", "docker-credential-x answered something that is not JSON"],
    ["kill -9 $$", "docker-credential-x was killed by SIGKILL"],
  ])("that does %j is an error that shows no secret", async (script, message) => {
    const one = await helper("x", `cat >/dev/null; ${script}`);
    const error = await one.get("r.io").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(HelperError);
    expect((error as Error).message).toBe(message);
  });

  it("a missing helper, or an invalid name, is an error", async () => {
    await expect(new CredentialHelper("nowhere").get("r.io")).rejects.toThrow(
      "docker-credential-nowhere is not on the PATH",
    );
    expect(() => new CredentialHelper("../x")).toThrow(HelperError);
  });
});

describe("a docker configuration with helpers", () => {
  const store = (value: object) => new DockerConfig(JSON.stringify(value), "config.json");
  const auth = (user: string) => ({ auth: Buffer.from(`${user}:p`).toString("base64") });

  it("asks the registry's own helper, else the store, and the file only where they know nothing", async () => {
    await helper("own", 'read host; echo "{\\"Username\\":\\"own\\",\\"Secret\\":\\"$host\\"}"');
    await helper(
      "all",
      'read host; [ "$host" = a.io ] || { echo credentials not found in native keychain; exit 1; }; echo \'{"Username":"all","Secret":"s"}\'',
    );
    const config = store({
      auths: { "o.io": auth("file"), "a.io": auth("file"), "f.io": auth("file"), "n.io": {}, "e.io": auth("file") },
      credHelpers: { "o.io": "own", "e.io": "" },
      credsStore: "all",
    });
    expect(await config.get("o.io")).toEqual({ credential: { username: "own", password: "o.io" } });
    expect(await config.get("a.io")).toEqual({ credential: { username: "all", password: "s" } });
    expect(await config.get("f.io")).toEqual({ credential: { username: "file", password: "p" } });
    expect(await config.get("n.io")).toEqual({});
    expect(config.helperFor("e.io")).toBeUndefined();
  });

  it("the warning names the helper that failed, and why", async () => {
    expect(await store({ credsStore: "nowhere" }).get("r.io")).toEqual({
      warning: "no credentials for r.io: docker-credential-nowhere is not on the PATH (named in config.json)",
    });
    expect(await store({ credsStore: "nowhere", auths: { "r.io": auth("file") } }).get("r.io")).toEqual({
      credential: { username: "file", password: "p" },
    });
  });
});
