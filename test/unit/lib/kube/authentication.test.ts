import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { Authenticator } from "../../../../src/lib/kube/authenticator.ts";
import type { User } from "../../../../src/lib/kube/target.ts";
import { AuthError } from "../../../../src/errors.ts";
import { failureOf, startHarness, temporaryDirectory, PODS } from "./harness.ts";
import { sendList, sendStatus } from "../../../fakes/api-server.ts";

let directory = "";
beforeAll(async () => {
  directory = await temporaryDirectory();
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const server = { url: "https://api.example:6443", skipTlsVerify: false };
const authenticate = (user: User, fields: object = {}) =>
  new Authenticator({ context: "c", namespace: "n", server: { ...server, ...fields }, user });
const credentials = (user: User, fields: object = {}) => authenticate(user, fields).credentials();

/** The headers of a request to the server. */
const sent = async (user: User) => (await credentials(user)).headers.for(new URL(server.url));

/** A credential plugin that notes each run, and answers with a token that tells how many there were. */
async function writePlugin(name: string, expiry = ""): Promise<string> {
  const path = join(directory, name);
  await writeFile(
    path,
    `#!/bin/sh
echo "$KUBERNETES_EXEC_INFO" >> ${path}.runs
n=$(wc -l < ${path}.runs)
echo '{"kind":"ExecCredential","status":{"token":"token-'$n'"${expiry}}}'
`,
  );
  await chmod(path, 0o755);
  return path;
}

const runsOf = async (plugin: string): Promise<string[]> =>
  (await readFile(`${plugin}.runs`, "utf8")).trim().split("\n");

describe("what goes into a request", () => {
  test("a token", async () => {
    expect(await sent({ token: "abc" })).toEqual({ authorization: "Bearer abc" });
  });

  test("a token file comes before a token, without its line feed", async () => {
    const tokenFile = join(directory, "token");
    await writeFile(tokenFile, "from-file\n");
    expect(await sent({ token: "abc", tokenFile })).toEqual({ authorization: "Bearer from-file" });
  });

  test("user name and password", async () => {
    expect(await sent({ username: "u", password: "p" })).toEqual({ authorization: "Basic dTpw" });
  });

  test("a request without credentials still uses the cluster's certificate authority", async () => {
    const caData = Buffer.from("PEM").toString("base64");
    expect(await sent({})).toEqual({});
    expect((await credentials({}, { caData })).tls).toEqual({ ca: Buffer.from("PEM") });
  });

  test("client certificates, server name, no verification", async () => {
    const keyFile = join(directory, "key");
    await writeFile(keyFile, "KEY");
    const { tls } = await credentials(
      { certData: Buffer.from("CERT").toString("base64"), keyFile },
      { tlsServerName: "name", skipTlsVerify: true },
    );
    expect(tls).toEqual({
      cert: Buffer.from("CERT"),
      key: Buffer.from("KEY"),
      servername: "name",
      rejectUnauthorized: false,
    });
  });

  test("impersonation", async () => {
    const impersonate = { user: "bob", uid: "7", groups: ["a", "b"], extra: { "acme.com/Project": ["p"] } };
    expect(await sent({ impersonate })).toEqual({
      "impersonate-user": "bob",
      "impersonate-uid": "7",
      "impersonate-group": ["a", "b"],
      "impersonate-extra-acme.com%2fproject": ["p"],
    });
  });

  test("a file that is not there is an error that names it", async () => {
    const error = await failureOf(credentials({ certFile: "/nonexistent.crt" }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toMatch("/nonexistent.crt");
  });
});

describe("credential plugins", () => {
  test("run once for all who wait, and are told about the cluster if they want", async () => {
    const command = await writePlugin("once");
    const exec = { command, apiVersion: "client.authentication.k8s.io/v1beta1", provideClusterInfo: true };
    const authenticator = authenticate({ exec });
    const all = await Promise.all([1, 2, 3].map(() => authenticator.credentials()));
    expect(all.map(({ headers }) => headers.for(new URL(server.url))["authorization"])).toEqual(
      Array(3).fill("Bearer token-1"),
    );
    const runs = await runsOf(command);
    expect(runs).toHaveLength(1);
    expect(JSON.parse(runs[0]!)).toEqual({
      apiVersion: "client.authentication.k8s.io/v1beta1",
      kind: "ExecCredential",
      spec: { interactive: expect.any(Boolean), cluster: { server: server.url } },
    });
  });

  test("run again once their credentials were refused", async () => {
    const command = await writePlugin("again");
    const authenticator = authenticate({ exec: { command } });
    const first = await authenticator.credentials();
    await authenticator.forget(first);
    const second = await authenticator.credentials();
    expect(second.headers.for(new URL(server.url))["authorization"]).toBe("Bearer token-2");
    // A slower request that was refused with the first ones as well must not throw away the second.
    await authenticator.forget(first);
    expect(await authenticator.credentials()).toBe(second);
  });

  test("a plugin that is not installed is an error", async () => {
    const error = await failureOf(credentials({ exec: { command: "no-such-plugin", installHint: "Get it at X." } }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toMatch("no-such-plugin is not installed");
    expect(error.suggestions).toEqual(["Get it at X."]);
  });

  test("a plugin that fails is reported with its message", async () => {
    const error = await failureOf(credentials({ exec: { command: "sh", args: ["-c", "echo expired >&2; exit 1"] } }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toMatch("plugin sh failed: expired");
  });

  test("show what they print to standard error at once, as it may be the code of a login", async () => {
    const go = join(directory, "go");
    const script = `echo 'enter ABCD-EFGH' >&2; while [ ! -e ${go} ]; do sleep 0.05; done; echo '{"status":{"token":"x"}}'`;
    const printed: string[] = [];
    const spy = vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      printed.push(String(text));
      return true;
    });
    const asked = credentials({ exec: { command: "sh", args: ["-c", script] } });
    // It ends only once its line has been seen.
    await vi.waitFor(() => expect(printed.join("")).toContain("enter ABCD-EFGH\n"), 10_000);
    spy.mockRestore();
    await writeFile(go, "");
    expect((await asked).headers.for(new URL(server.url))).toEqual({ authorization: "Bearer x" });
  });

  test.each([
    ["", "it printed nothing"],
    ["no JSON: s3cret", "it is not JSON"],
    ["null", "it is not an ExecCredential"],
    ["[]", "it is not an ExecCredential"],
    ['"s3cret"', "it is not an ExecCredential"],
    ['{"kind":"Pod","status":{"token":"s3cret"}}', "it is not an ExecCredential"],
    ['{"kind":"ExecCredential"}', "it has no status"],
    ['{"status":null}', "it has no status"],
    ['{"status":"s3cret"}', "it has no status"],
    ['{"status":{}}', "it has neither a token nor a certificate"],
    ['{"status":{"token":""}}', "it has neither a token nor a certificate"],
    ['{"status":{"token":{"s3cret":1}}}', "its token is not text"],
    ['{"status":{"token":"s3cret\\nX-Other: y"}}', "its token has characters that no header can carry"],
    [
      '{"status":{"clientCertificateData":"s3cret"}}',
      "it has a certificate without a key, or a key without a certificate",
    ],
    ['{"status":{"clientKeyData":"s3cret"}}', "it has a certificate without a key, or a key without a certificate"],
    ['{"status":{"token":"x","expirationTimestamp":7}}', "its expirationTimestamp is not text"],
  ])("that answer %s are told in one sentence, which quotes nothing", async (answer, why) => {
    const exec = { command: "sh", args: ["-c", `cat <<'E'\n${answer}\nE`] };
    const error = await failureOf(credentials({ exec }));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toBe(`the kubeconfig's credential plugin sh gave no usable answer: ${why}`);
  });

  test.each([
    ["exec yes", "printed more than 1.05 MB"],
    ["exit 3", "failed: exit code 3"],
    ["kill -9 $$", "failed: was killed by SIGKILL"],
  ])("that end badly are told in one sentence: %s", async (script, why) => {
    const error = await failureOf(credentials({ exec: { command: "sh", args: ["-c", script] } }));
    expect(error.message).toBe(`the kubeconfig's credential plugin sh ${why}`);
  });

  test("that need a terminal are not started without one", async () => {
    const exec = { command: "sh", args: ["-c", "exit 1"], interactiveMode: "Always" };
    const error = await failureOf(credentials({ exec }));
    expect(error.message).toMatch(/plugin sh needs a terminal on standard input, and there is none$/);
  });

  test("a plugin that reads standard input does not hang", async () => {
    const args = ["-c", `cat > /dev/null; echo '{"status":{"token":"x"}}'`];
    expect(
      (await credentials({ exec: { command: "sh", args } })).headers.for(new URL(server.url))["authorization"],
    ).toBe("Bearer x");
  });

  test("a 401 is tried once more with new credentials, then reported", async () => {
    const command = await writePlugin("expired");
    await using harness = await startHarness({ user: { exec: { command } } });
    harness.server.on(`GET ${PODS}`, (request, response) => {
      if (request.headers.authorization === "Bearer token-2") sendList(response, "1", []);
      else sendStatus(response, 401, "Unauthorized", "Unauthorized");
    });
    expect(await harness.cluster.list("pods", {})).toEqual([]);

    harness.server.on(`GET ${PODS}`, (_, response) => sendStatus(response, 401, "Unauthorized", "Unauthorized"));
    const before = harness.server.requests.length;
    const error = await failureOf(harness.cluster.list("pods", {}));
    expect(error).toBeInstanceOf(AuthError);
    expect(error.message).toMatch("does not accept these credentials");
    expect(harness.server.requests).toHaveLength(before + 2);
  });
});
