import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { keyOf, registryOf } from "../../../../src/lib/credentials/credentials.ts";
import { DockerConfig, openDockerConfigs } from "../../../../src/lib/credentials/docker-config.ts";
import { locateFault } from "../../../../src/lib/credentials/json-fault.ts";
import { selectCredentials } from "../../../../src/lib/credentials/select.ts";
import { InvalidInput } from "../../../../src/errors.ts";

const base64 = (text: string) => Buffer.from(text).toString("base64");
const config = (value: unknown) => new DockerConfig(JSON.stringify(value), "config.json");

describe("the name of a registry", () => {
  it.each([
    ["https://index.docker.io/v1/", "docker.io", "https://index.docker.io/v1/"],
    ["docker.io", "docker.io", "https://index.docker.io/v1/"],
    ["registry-1.docker.io", "docker.io", "https://index.docker.io/v1/"],
    ["https://ghcr.io", "ghcr.io", "ghcr.io"],
    ["http://localhost:5000/v2/", "localhost:5000", "localhost:5000"],
    ["quay.io/org/app", "quay.io", "quay.io"],
    ["GHCR.io", "ghcr.io", "ghcr.io"],
    ["[::1]:5000", "[::1]:5000", "[::1]:5000"],
  ])("%s", (text, registry, key) => {
    expect(registryOf(text)).toBe(registry);
    expect(keyOf(text)).toBe(key);
  });
});

describe("a docker configuration", () => {
  it.each([
    ["auth", { auth: base64("me:pa:ss") }, { username: "me", password: "pa:ss" }],
    ["auth, padded by an old docker", { auth: base64("me:pass\0\0") }, { username: "me", password: "pass" }],
    ["auth over username", { auth: base64("a:b"), username: "c", password: "d" }, { username: "a", password: "b" }],
    ["username and password", { username: "me", password: "p" }, { username: "me", password: "p" }],
    [
      "an identity token",
      { auth: base64("00000000-0000-0000-0000-000000000000:"), identitytoken: "t" },
      { username: "00000000-0000-0000-0000-000000000000", password: "", identityToken: "t" },
    ],
    ["a registry token", { registrytoken: "t" }, { registryToken: "t" }],
    ["an entry of a store", {}, undefined],
    ["a user alone", { username: "me" }, undefined],
    ["no object", "text", undefined],
  ])("reads %s", async (_name, entry, credential) => {
    expect((await config({ auths: { "r.io": entry } }).get("r.io")).credential).toEqual(credential);
  });

  it("finds an entry by scheme and path, and prefers the bare host", async () => {
    const store = config({
      auths: {
        "r.io": { registrytoken: "exact" },
        "https://r.io/v1/": { registrytoken: "url" },
        "https://s.io/v2/": { registrytoken: "s" },
      },
    });
    expect(await store.get("r.io")).toEqual({ credential: { registryToken: "exact" } });
    expect(await store.get("s.io")).toEqual({ credential: { registryToken: "s" } });
    expect(await store.get("s.io:443")).toEqual({});
  });

  it("refuses an auth that is none, without showing it", async () => {
    const secret = base64("secretwithoutcolon");
    const refusal = config({ auths: { "r.io": { auth: secret } } }).get("r.io");
    await expect(refusal).rejects.toThrow(InvalidInput);
    await expect(refusal).rejects.toThrow('config.json: the entry "auth" of r.io is not base64 of user:password');
    await expect(refusal).rejects.not.toThrow(secret);
  });

  it.each([
    ['{"auths": {"r.io": {"auth": "c2VjcmV0" "x"}}}', "is not JSON: line 1, column 40"],
    ["{\n  hello\n}", "is not JSON: line 2, column 3"],
    ['{"a": "secret', "is not JSON: line 1, column 7"],
    ["[]", "it is not an object"],
    ['{"auths": []}', '"auths" is not an object'],
  ])("refuses %j and names the place", (text, reason) => {
    expect(() => new DockerConfig(text, "config.json")).toThrow(InvalidInput);
    expect(() => new DockerConfig(text, "config.json")).toThrow(reason);
    expect(() => new DockerConfig(text, "config.json")).not.toThrow(/secret|c2Vj/);
  });

  it("an empty file and one with a byte order mark are accepted", () => {
    expect(() => new DockerConfig("\n", "")).not.toThrow();
    expect(() => new DockerConfig('\uFEFF{"auths":{}}', "")).not.toThrow();
  });
});

describe("the place where JSON ends", () => {
  it.each([
    '{"a":1,}',
    '{"a" 1}',
    "[1 2]",
    "[1,]",
    '{"a":tru}',
    '"a\nb"',
    "{} {}",
    "",
    "]",
    '{"a":1]',
    "{1:2}",
    "01",
    '"\\x"',
  ])("is found in %j", (text) => {
    expect(() => JSON.parse(text)).toThrow(SyntaxError);
    const { line, column } = locateFault(text);
    expect(line).toBe(1);
    expect(column).toBeLessThanOrEqual(text.length + 1);
  });

  it("a JSON fault in deeply nested text is located", () => {
    expect(locateFault("[".repeat(100_000))).toEqual({ line: 1, column: 100_001 });
  });
});

describe("the configurations on a machine", () => {
  let home: string;
  beforeEach(async () => {
    home = await mkdtemp(join(tmpdir(), "slipway-"));
    await mkdir(join(home, ".docker"));
  });
  afterEach(() => rm(home, { recursive: true }));

  const tokens = async (env: Record<string, string>) => {
    const { config, registries } = await selectCredentials(await openDockerConfigs(env, home), [
      "r.io",
      "docker.io",
      "s.io",
    ]);
    return { registries, auths: config === undefined ? undefined : (JSON.parse(config) as { auths: object }).auths };
  };

  it("a new machine has no configuration", async () => {
    expect(await openDockerConfigs({}, join(home, "nobody"))).toEqual([]);
    expect(await openDockerConfigs({ DOCKER_CONFIG: join(home, "nowhere") }, home)).toEqual([]);
  });

  it("DOCKER_AUTH_CONFIG precedes the file", async () => {
    await writeFile(
      join(home, ".docker", "config.json"),
      '{"auths":{"r.io":{"registrytoken":"file"},"s.io":{"registrytoken":"file"}}}',
    );
    expect(await tokens({ DOCKER_AUTH_CONFIG: '{"auths":{"r.io":{"registrytoken":"env"}}}' })).toEqual({
      registries: ["r.io", "s.io"],
      auths: { "r.io": { registrytoken: "env" }, "s.io": { registrytoken: "file" } },
    });
  });

  it("DOCKER_CONFIG names the directory of the file", async () => {
    const other = join(home, "other");
    await mkdir(other);
    await writeFile(
      join(other, "config.json"),
      JSON.stringify({ auths: { "https://index.docker.io/v1/": { auth: base64("u:p") } } }),
    );
    expect(await tokens({ DOCKER_CONFIG: other })).toEqual({
      registries: ["docker.io"],
      auths: { "https://index.docker.io/v1/": { auth: base64("u:p") } },
    });
  });

  it("name their file when they are broken", async () => {
    const path = join(home, ".docker", "config.json");
    await writeFile(path, "{");
    await expect(openDockerConfigs({}, home)).rejects.toThrow(`${path} is not JSON: line 1, column 2`);
    await expect(openDockerConfigs({ DOCKER_AUTH_CONFIG: "x" }, home)).rejects.toThrow(
      "DOCKER_AUTH_CONFIG is not JSON",
    );
    await rm(path);
    await mkdir(path);
    await expect(openDockerConfigs({}, home)).rejects.toThrow(`${path} is a directory`);
  });
});

describe("what a builder gets", () => {
  it("the builder gets only the credentials of its registries", async () => {
    const store = config({
      auths: {
        "docker.io": { auth: base64("hub:p") },
        "r.io": { identitytoken: "i", auth: base64("<token>:") },
        "other.io": { auth: base64("not:named") },
      },
      credHelpers: { "e.io": "ecr-login", "unnamed.io": "gcr" },
    });
    const selection = await selectCredentials([store], ["r.io", "index.docker.io", "docker.io", "e.io", "plain.io"]);
    expect(selection.registries).toEqual(["docker.io", "r.io"]);
    expect(JSON.parse(selection.config ?? "")).toEqual({
      auths: {
        "https://index.docker.io/v1/": { auth: base64("hub:p") },
        "r.io": { auth: base64("<token>:"), identitytoken: "i" },
      },
    });
    expect(selection.warnings).toEqual([expect.stringContaining("docker-credential-ecr-login")]);
  });

  it("the builder gets nothing without any login", async () => {
    expect(await selectCredentials([config({})], ["r.io"])).toEqual({
      config: undefined,
      registries: [],
      warnings: [],
    });
    expect(await selectCredentials([], [])).toEqual({ config: undefined, registries: [], warnings: [] });
  });

  it("comes without a warning when a later store knows", async () => {
    const first = config({ credsStore: "desktop" });
    const second = config({ auths: { "r.io": { registrytoken: "t" } } });
    expect((await selectCredentials([first, second], ["r.io"])).warnings).toEqual([]);
  });
});
