/** How the keychain is used. test/e2e/login.test.ts uses a real Secret Service. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Keychain, KeychainError, type Keytar, keychainIndex } from "../../../../src/lib/credentials/keychain.ts";
import { openStores } from "../../../../src/lib/credentials/stores.ts";

let root: string;
let loads: number;
let kept: Map<string, string>;

beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-keychain-"));
  loads = 0;
  kept = new Map();
});
afterEach(() => rm(root, { recursive: true, force: true }));

const keytar: Keytar = {
  getPassword: async (service, account) => kept.get(`${service} ${account}`) ?? null,
  setPassword: async (service, account, password) => void kept.set(`${service} ${account}`, password),
  deletePassword: async (service, account) => kept.delete(`${service} ${account}`),
};
const open = (load = async () => (loads++, keytar)) => new Keychain(join(root, "slipway/keychain.json"), load);

describe("the keychain", () => {
  it("a login is found by any name of its registry", async () => {
    await open().store("https://R.io/v1/", { username: "me", password: "p" });
    expect(await open().get("r.io")).toEqual({ credential: { username: "me", password: "p" } });
    expect([...kept.keys()]).toEqual(["slipway r.io"]);
    expect(await readFile(join(root, "slipway/keychain.json"), "utf8")).toBe('["r.io"]\n');
  });

  it("the keychain is not loaded for a registry without a login", async () => {
    expect(await open().get("r.io")).toEqual({});
    expect(await open().erase("r.io")).toBe(false);
    expect(loads).toBe(0);
  });

  it("forgets", async () => {
    await open().store("r.io", { username: "me", password: "p" });
    expect(await open().erase("r.io")).toBe(true);
    expect(kept.size).toBe(0);
    expect(await open().get("r.io")).toEqual({});
  });

  it("a keychain that cannot be read says why", async () => {
    await open().store("r.io", { username: "me", password: "p" });
    const broken = open(async () => {
      throw new KeychainError("no library");
    });
    expect((await broken.get("r.io")).warning).toBe(
      "the login to r.io is in the keychain, which cannot be used here: no library",
    );
    await expect(broken.store("s.io", {})).rejects.toThrow(KeychainError);
    const locked = open(async () => ({
      ...keytar,
      getPassword: async () => {
        throw new Error("locked");
      },
    }));
    expect((await locked.get("r.io")).warning).toContain("cannot be used here: locked");
    kept.clear();
    expect((await open().get("r.io")).warning).toContain("has lost the login to r.io");
  });
});

describe("the stores", () => {
  it("answer in order: what is given for one build, the variable, the keychain, docker's file", async () => {
    const env = {
      XDG_CONFIG_HOME: root,
      DOCKER_CONFIG: root,
      DOCKER_AUTH_CONFIG: '{"auths":{"r.io":{"registrytoken":"t"}}}',
    };
    const stores = await openStores(env);
    expect(await stores[0]?.get("r.io")).toEqual({ credential: { registryToken: "t" } });
    expect(await openStores({ XDG_CONFIG_HOME: root, DOCKER_CONFIG: root })).toHaveLength(1);
    const given = { text: '{"auths":{"r.io":{"registrytoken":"given"}}}', source: "a step" };
    const [first, second] = await openStores(env, given);
    expect(await first?.get("r.io")).toEqual({ credential: { registryToken: "given" } });
    expect(await second?.get("r.io")).toEqual({ credential: { registryToken: "t" } });
    expect(keychainIndex({ XDG_CONFIG_HOME: "/c" })).toBe("/c/slipway/keychain.json");
    expect(keychainIndex({}, "/home/me")).toBe("/home/me/.config/slipway/keychain.json");
  });
});
