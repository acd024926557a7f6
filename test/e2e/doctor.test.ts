/** Checks before a build: each check that can fail does so here once, and none leaves anything behind. */
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

const namespace = useNamespace();
const strict = useNamespace({ podSecurity: "restricted" });
const empty = useNamespace();
const limited = useNamespace({ rbac: ["--network-policy"] });

const run = (args: readonly string[], of = namespace, env: Record<string, string> = {}): Promise<Run> =>
  slipway(["doctor", "-n", of.name, ...args], { env: { KUBECONFIG: of.kubeconfig, ...env } });

test("with the least rights every check passes: a pod is tried, an upload is started and cancelled, nothing is left", async () => {
  const { code, stdout, stderr } = await run(["-t", `${REGISTRY}/test/doctor`]);
  expect([code, stderr]).toEqual([0, ""]);
  expect(stdout).toMatch(/^ok {4}rights {10}you have every right that a build needs in the namespace/m);
  expect(stdout).toMatch(/^ok {4}builder image {3}the node has /m);
  expect(stdout).toMatch(/^ok {4}push {12}\S+ can be reached from a pod and accepts a push to test\/doctor$/m);
  expect(stdout).toMatch(/\n\nReady to build: \d+ checks passed/);
  await expect.poll(() => objectsIn(namespace.name)).toEqual([]);
});

test("registries: unknown CA, no login, no registry; then with the CA and the login", { tags: ["long"] }, async () => {
  const tls = `${environment("REGISTRY_TLS")}/test/doctor`;
  const auth = `${environment("REGISTRY_AUTH")}/test/doctor`;
  const bad = await run(["-t", tls, "-t", auth, "-t", "10.88.0.1:1/nothing", "--json"]);
  expect(bad.code).not.toBe(0);
  const { ready, checks } = JSON.parse(bad.stdout) as { ready: boolean; checks: { name: string; message: string }[] };
  const said = checks.filter(({ name }) => name === "push").map(({ message }) => message);
  expect(ready).toBe(false);
  expect(said).toEqual([
    expect.stringMatching(/^the certificate of \S+ is not trusted: /),
    expect.stringMatching(/requires a login/),
    expect.stringMatching(/no connection to 10\.88\.0\.1:1: .*refused/i),
  ]);
  const login = `${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`;
  const auths = { [environment("REGISTRY_AUTH")]: { auth: Buffer.from(login).toString("base64") } };
  const root = await project({ "config.json": JSON.stringify({ auths }) });
  const good = await run(
    ["-t", tls, "-t", auth, "--registry-ca", environment("REGISTRY_CA"), "--transport", "pvc"],
    namespace,
    {
      DOCKER_CONFIG: root,
    },
  );
  expect(good.stdout).toMatch(/^ok {4}push .*\nok {4}push /m);
  expect(good.code).toBe(0);
});

test(
  "a namespace that is too strict, an image that does not exist, a namespace that does not exist",
  { tags: ["long"] },
  async () => {
    const [refused, missing, nowhere] = await Promise.all([
      run([], strict),
      run(["--builder-image", `${REGISTRY}/nothing:1`]),
      slipway(["doctor", "-n", "slipway-nowhere"]),
    ]);
    expect(refused.code).toBe(3);
    expect(refused.stdout).toMatch(/^FAIL {2}admission .*Pod Security/m);
    expect(refused.stdout).toMatch(/^skip {2}builder image/m);
    expect(missing.stdout).toMatch(/^FAIL {2}builder image {3}the node cannot pull the image .*not found$/m);
    expect(nowhere.stdout).toMatch(/^FAIL {2}namespace .* does not exist$/m);
    expect([missing.code, nowhere.code]).toEqual([3, 3]);
  },
);

test("--network-policy: a pod tries what the policy forbids", { tags: ["long"] }, async () => {
  const { code, stdout } = await run(["--network-policy", "-t", `${REGISTRY}/test/doctor`], limited);
  expect(code).toBe(0);
  // The test cluster's bridge does not carry policies out; another cluster's plug-in may.
  expect(stdout).toMatch(
    /^(?:warn {2}network policy {2}the pod reached the API server, .* does not carry out NetworkPolicies|ok {4}network policy {2}the pod cannot reach the API server, .*)$/m,
  );
  await expect.poll(() => objectsIn(limited.name)).toEqual([]);
});

test("missing rights are reported, and the Role that --fix-rbac prints grants them", async () => {
  await kubectl(["delete", "role", "slipway", "-n", empty.name]);
  const denied = await run([], empty);
  expect(denied.code).toBe(4);
  expect(denied.stdout).toMatch(/^FAIL {2}rights {10}you may not create, get, patch, delete jobs; /m);
  // A build names the same rights and the same command.
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const refused = await build(empty, [root]);
  expect(refused.code).toBe(4);
  const facts = (text: string): (string | undefined)[] => [
    /may not (.*) in the namespace/.exec(text)?.[1],
    / to run: (slipway rbac .* \| kubectl apply -f -)$/m.exec(text)?.[1],
  ];
  expect(facts(refused.stderr)).toEqual(facts(denied.stdout));
  expect(facts(refused.stderr)).not.toContain(undefined);
  const fix = await run(["--fix-rbac"], empty);
  expect(fix.stdout).toMatch(/kind: Role\n[^]*kind: RoleBinding\n[^]*name: slipway-kaniko\n/);
  await kubectl(["apply", "-f", "-"], fix.stdout);
  const allowed = await run(["--no-pods"], empty);
  expect([allowed.code, allowed.stdout]).toEqual([0, expect.stringMatching(/^ok {4}rights /m)]);
});
