import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chooseTarget } from "../../../../src/lib/kube/choose-target.ts";
import { defaultFile, readKubeconfig } from "../../../../src/lib/kube/kubeconfig.ts";
import { InvalidInput } from "../../../../src/errors.ts";
import { failureOf, temporaryDirectory } from "./harness.ts";

let directory = "";
let first = "";
let second = "";

beforeAll(async () => {
  directory = await temporaryDirectory();
  await mkdir(join(directory, "second"));
  first = join(directory, "first.yaml");
  second = join(directory, "second", "config.yaml");
  await writeFile(
    first,
    `
apiVersion: v1
kind: Config
current-context: one
contexts:
- name: one
  context: {cluster: shared, user: alice, namespace: team}
- name: bare
  context: {cluster: shared}
- name: lost
  context: {cluster: nowhere, user: alice}
- name: nobody
  context: {cluster: shared, user: nobody}
- name: odd
  context: {cluster: odd, user: alice}
clusters:
- name: shared
  cluster: {server: "https://first.example/", certificate-authority: ca/first.crt}
- name: odd
  cluster: {server: "first.example"}
users:
- name: alice
  user: {client-certificate: alice.crt, client-key: /abs/alice.key, as: bob, as-uid: 7, as-groups: [a, b], as-user-extra: {scopes: [x, y]}}
`,
  );
  await writeFile(
    second,
    `
current-context: two
contexts:
- name: two
  context: {cluster: shared, user: carol}
clusters:
- name: shared
  cluster: {server: "https://second.example"}
users:
- name: alice
  user: {token: other}
- name: carol
  user:
    tokenFile: token
    exec: {command: ./plugin, apiVersion: client.authentication.k8s.io/v1}
- name: dave
  user: {exec: {command: plugin}}
`,
  );
});

afterAll(() => rm(directory, { recursive: true, force: true }));

const outside = { serviceAccount: "/nonexistent" };

describe("merging", () => {
  test("the first file to name a thing wins, and missing files are skipped", async () => {
    const missing = join(directory, "missing");
    const config = await readKubeconfig(undefined, { KUBECONFIG: [missing, first, "", second].join(":") });
    expect(config.currentContext).toBe("one");
    expect([...config.contexts.keys()]).toEqual(["one", "bare", "lost", "nobody", "odd", "two"]);
    expect(config.clusters.get("shared")?.["server"]).toBe("https://first.example/");
    expect(config.users.get("alice")).not.toHaveProperty("token");
    expect(config.sources.map(({ found }) => found)).toEqual([false, true, true]);
  });

  test("paths are relative to the file they stand in", async () => {
    const config = await readKubeconfig(undefined, { KUBECONFIG: `${first}:${second}` });
    expect(config.clusters.get("shared")?.["certificate-authority"]).toBe(join(directory, "ca/first.crt"));
    expect(config.users.get("alice")?.["client-certificate"]).toBe(join(directory, "alice.crt"));
    expect(config.users.get("alice")?.["client-key"]).toBe("/abs/alice.key");
    expect(config.users.get("carol")?.["tokenFile"]).toBe(join(directory, "second", "token"));
  });

  test("a plugin's command is relative to the file only with a slash in it", async () => {
    const config = await readKubeconfig(second, {});
    expect(config.users.get("carol")?.["exec"]).toMatchObject({ command: join(directory, "second", "plugin") });
    expect(config.users.get("dave")?.["exec"]).toMatchObject({ command: "plugin" });
  });

  test("a file named by hand replaces KUBECONFIG", async () => {
    const config = await readKubeconfig(second, { KUBECONFIG: first });
    expect(config.currentContext).toBe("two");
  });

  test("the default of KUBECONFIG is ~/.kube/config", async () => {
    const config = await readKubeconfig(undefined, { HOME: "/home/x" });
    expect(config.sources).toEqual([{ path: "/home/x/.kube/config", found: false }]);
  });

  test.each([
    ["missing", undefined, /missing does not exist/],
    ["broken", "contexts: [a: b: c", /broken is not valid YAML: .* line 1/],
    ["list", "- a\n- b", /it is not a mapping/],
    ["shape", "contexts: {a: b}", /"contexts" is not a list/],
  ])("a file that is %s is told by name", async (name, text, message) => {
    const path = join(directory, name);
    if (text !== undefined) await writeFile(path, text);
    const error = await failureOf(readKubeconfig(path, {}));
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error.message).toMatch(message);
  });

  test("a directory cannot be read", async () => {
    const error = await failureOf(readKubeconfig(directory, {}));
    expect(error.message).toMatch(/cannot be read \(EISDIR\)/);
  });
});

describe("choosing", () => {
  const choose = (choice: Parameters<typeof chooseTarget>[0], env: Record<string, string> = {}) =>
    chooseTarget(choice, { env: { KUBECONFIG: `${first}:${second}`, ...env }, ...outside });

  test("the current context, with everything its user says", async () => {
    expect(await choose({})).toEqual({
      context: "one",
      namespace: "team",
      server: { url: "https://first.example", caFile: join(directory, "ca/first.crt"), skipTlsVerify: false },
      user: {
        certFile: join(directory, "alice.crt"),
        keyFile: "/abs/alice.key",
        impersonate: { user: "bob", uid: "7", groups: ["a", "b"], extra: { scopes: ["x", "y"] } },
      },
    });
  });

  test("the flag's namespace comes before the context's, default last", async () => {
    expect((await choose({ namespace: "flag" })).namespace).toBe("flag");
    expect((await choose({ context: "two" })).namespace).toBe("default");
  });

  test("a context without a user is nobody", async () => {
    expect((await choose({ context: "bare" })).user).toEqual({});
  });

  test.each([
    ["none", /there is no context "none" in .*first.yaml, .*config.yaml/, /one, bare, lost, nobody, odd, two/],
    ["lost", /refers to the cluster "nowhere"/, /shared, odd/],
    ["nobody", /refers to the user "nobody"/, /alice, carol, dave/],
    ["odd", /no usable server URL \(first.example\)/, /set-cluster odd/],
  ])("context %s", async (context, message, suggestion) => {
    const error = await failureOf(choose({ context }));
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error.message).toMatch(message);
    expect(error.suggestions?.join(" ")).toMatch(suggestion);
  });

  test("the error about a missing kubeconfig lists the paths that were tried", async () => {
    const error = await failureOf(chooseTarget({}, { env: { KUBECONFIG: "/a/x:/b/y" }, ...outside }));
    expect(error).toBeInstanceOf(InvalidInput);
    expect(error.message).toMatch("tried /a/x, /b/y");
  });

  test("the error about a missing current context lists the contexts", async () => {
    const path = join(directory, "no-current");
    await writeFile(path, "contexts: [{name: a, context: {cluster: c}}]");
    const error = await failureOf(chooseTarget({ kubeconfig: path }, { env: {}, ...outside }));
    expect(error.message).toMatch("no current context");
    expect(error.suggestions?.join(" ")).toMatch("Contexts: a");
  });
});

describe("in a cluster", () => {
  const env = { KUBERNETES_SERVICE_HOST: "fd00::1", KUBERNETES_SERVICE_PORT: "443", HOME: "/nonexistent" };
  let account = "";

  beforeAll(async () => {
    account = join(directory, "account");
    await mkdir(account);
    await writeFile(join(account, "token"), "t\n");
    await writeFile(join(account, "namespace"), "pod-ns\n");
  });

  test("the service account is used when there is no kubeconfig", async () => {
    expect(await chooseTarget({}, { env, serviceAccount: account })).toEqual({
      context: undefined,
      namespace: "pod-ns",
      server: { url: "https://[fd00::1]:443", caFile: join(account, "ca.crt"), skipTlsVerify: false },
      user: { tokenFile: join(account, "token") },
    });
  });

  test("a kubeconfig comes first, the pod's namespace before default", async () => {
    const target = await chooseTarget({ kubeconfig: second }, { env, serviceAccount: account });
    expect(target.context).toBe("two");
    expect(target.namespace).toBe("pod-ns");
  });

  test("POD_NAMESPACE comes before the file", async () => {
    const target = await chooseTarget({}, { env: { ...env, POD_NAMESPACE: "env-ns" }, serviceAccount: account });
    expect(target.namespace).toBe("env-ns");
  });
});

test.each([
  [["C:\\home", "D:\\net", "C:\\Users\\jane"], "C:\\home"],
  [["D:\\net", "C:\\Users\\jane"], "D:\\net"],
  [["C:\\Users\\jane"], "C:\\Users\\jane"],
  [[], "C:\\home"],
])("on Windows, with a kubeconfig in %j, the one in %s is read, as by kubectl", (homes, expected) => {
  const env = { HOME: "C:\\home", HOMEDRIVE: "D:", HOMEPATH: "\\net", USERPROFILE: "C:\\Users\\jane" };
  const files = homes.map((home) => `${home}\\.kube\\config`);
  expect(defaultFile(env, "win32", (path) => files.includes(path))).toBe(`${expected}\\.kube\\config`);
});
