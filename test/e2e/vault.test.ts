/** Build secrets out of a real Vault: both versions of its key/value engine, and each way to log in. */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage, sha256 } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import { ask, useVault } from "./support/vault.ts";
import { WAIT } from "./support/wait.ts";

const namespace = useNamespace();
const vault = useVault();
const PASSWORD = "a launch at dawn";
const POLICY = `path "kv/data/app" { capabilities = ["read"] }
path "old/app" { capabilities = ["read"] }`;

let home: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-vault-"));
  await ask(vault, "sys/mounts/kv", { type: "kv", options: { version: "2" } });
  await ask(vault, "sys/mounts/old", { type: "kv", options: { version: "1" } });
  await ask(vault, "sys/policies/acl/build", { policy: POLICY });
  await ask(vault, "old/app", { password: `${PASSWORD}, once` });
  // Version 2 makes itself ready in the background, and refuses until then.
  await vi.waitFor(() => ask(vault, "kv/data/app", { data: { password: PASSWORD } }), WAIT);
  await ask(vault, "kv/data/hidden", { data: { password: "x" } });
});

afterAll(() => rm(home, { recursive: true, force: true }));

/** Nothing of this machine's own Vault. */
const environment = (more: Record<string, string> = {}): Record<string, string | undefined> => ({
  HOME: home,
  VAULT_ADDR: vault.address,
  VAULT_TOKEN: undefined,
  VAULT_ROLE_ID: undefined,
  VAULT_ROLE: undefined,
  VAULT_NAMESPACE: undefined,
  VAULT_CACERT: undefined,
  ...more,
});

const DOCKERFILE = `FROM ${BUSYBOX}
RUN --mount=type=secret,id=new --mount=type=secret,id=old --mount=type=secret,id=namespace \\
    cd /run/secrets && cat new old namespace | sha256sum > /sum
`;
const SECRETS = [
  "--secret",
  "id=new,vault=kv/app#password",
  "--secret",
  "id=old,vault=old/app#password",
  "--secret",
  "id=namespace,k8s=kept/key",
];

/** Reads secrets without building: an error appears before anything is created. */
const check = (secret: string, env: Record<string, string | undefined>) =>
  project({ Dockerfile: `FROM ${BUSYBOX}\n` }).then((root) =>
    slipway(
      ["build", "--builder=buildkit", "--dry-run", "--secret", `id=x,${secret}`, "-t", "registry.example/x", root],
      { env },
    ),
  );

test("a build reads fields of both versions with AppRole, and its token is revoked", async () => {
  await ask(vault, "sys/auth/approle", { type: "approle" });
  await ask(vault, "auth/approle/role/build", { token_policies: ["build"], secret_id_num_uses: 1 });
  const role = (await ask(vault, "auth/approle/role/build/role-id"))["data"] as { role_id: string };
  const secret = (await ask(vault, "auth/approle/role/build/secret-id", {}))["data"] as { secret_id: string };
  const env = environment({ VAULT_ROLE_ID: role.role_id, VAULT_SECRET_ID: secret.secret_id });
  const accessors = async () =>
    ((await ask(vault, "auth/token/accessors?list=true"))["data"] as { keys: string[] }).keys;
  const before = await accessors();
  await kubectl(["create", "secret", "generic", "kept", "-n", namespace.name, "--from-literal=key=, and stay"]);
  const root = await project({ Dockerfile: DOCKERFILE });
  const image = uniqueImage();
  const run = await mustBuild(namespace, ["--builder=buildkit", ...SECRETS, "-t", image, root], { env });
  const sum = (await readImage(image)).files.get("sum")?.text;
  expect(sum).toBe(`${sha256(`${PASSWORD}${PASSWORD}, once, and stay`)}  -\n`);
  expect(run.output).not.toContain(PASSWORD);
  expect(await accessors()).toEqual(before);
  expect((await objectsIn(namespace.name)).filter((name) => /^(?:secret|configmap)\//.test(name))).toEqual([
    "secret/kept",
  ]);
  // The secret ID was good for one login.
  const again = await check("vault=kv/app#password", env);
  expect(again.code).toBe(4);
  expect(again.stderr).toMatch(
    /^ERROR: Vault refused the login with the AppRole of VAULT_ROLE_ID and VAULT_SECRET_ID: invalid /,
  );
});

test("a service account of the cluster logs in, by a TokenReview", { tags: ["long"] }, async () => {
  const reviewer = `vault-${namespace.name}`;
  await kubectl(["create", "serviceaccount", "vault", "-n", namespace.name]);
  await kubectl([
    "create",
    "clusterrolebinding",
    reviewer,
    "--clusterrole=system:auth-delegator",
    `--serviceaccount=${namespace.name}:vault`,
  ]);
  try {
    const config = JSON.parse(await kubectl(["config", "view", "--minify", "--raw", "-o", "json"])) as {
      clusters: { cluster: { server: string } }[];
    };
    const ca = await kubectl([
      "get",
      "configmap",
      "kube-root-ca.crt",
      "-n",
      namespace.name,
      "-o",
      "jsonpath={.data.ca\\.crt}",
    ]);
    await ask(vault, "sys/auth/kubernetes", { type: "kubernetes" });
    await ask(vault, "auth/kubernetes/config", {
      kubernetes_host: config.clusters[0]?.cluster.server,
      kubernetes_ca_cert: ca,
      token_reviewer_jwt: (await kubectl(["create", "token", "vault", "-n", namespace.name])).trim(),
    });
    await ask(vault, "auth/kubernetes/role/build", {
      bound_service_account_names: "slipway",
      bound_service_account_namespaces: namespace.name,
      token_policies: ["build"],
    });
    const login = async (account: string): Promise<Record<string, string | undefined>> => {
      const file = join(home, account);
      await writeFile(file, await kubectl(["create", "token", account, "-n", namespace.name]));
      return environment({ VAULT_ROLE: "build", VAULT_JWT_FILE: file });
    };
    expect((await check("vault=kv/app#password", await login("slipway"))).code).toBe(0);
    const other = await check("vault=kv/app#password", await login("default"));
    expect([other.code, other.stderr]).toEqual([
      4,
      expect.stringMatching(/^ERROR: Vault refused the login with the Kubernetes service account for the role build: /),
    ]);
  } finally {
    await kubectl(["delete", "clusterrolebinding", reviewer]);
  }
});

test(
  "the token that the vault command keeps is used, and each refusal is one sentence",
  { tags: ["long"] },
  async () => {
    const made = (await ask(vault, "auth/token/create", { policies: ["build"] }))["auth"] as { client_token: string };
    await writeFile(join(home, ".vault-token"), made.client_token);
    expect((await check("vault=kv/app#password", environment())).code).toBe(0);
    for (const [secret, code, message] of [
      ["vault=kv/app#user", 125, 'kv/app in Vault has no field "user"'],
      ["vault=kv/hidden#password", 4, "this login may not read kv/hidden in Vault: "],
      ["vault=nowhere/app#password", 4, "this login may not read nowhere/app in Vault: "],
    ] as const) {
      const run = await check(secret, environment());
      expect([run.code, run.stdout]).toEqual([code, ""]);
      expect(run.stderr).toContain(`ERROR: ${message}`);
      expect(run.stderr.trim().split("\n")).toHaveLength(2);
    }
    const asRoot = await check("vault=kv/none#password", environment({ VAULT_TOKEN: vault.token }));
    expect([asRoot.code, asRoot.stderr]).toEqual([
      125,
      expect.stringMatching(/^ERROR: kv\/none does not exist in Vault\n  - /),
    ]);
  },
);
