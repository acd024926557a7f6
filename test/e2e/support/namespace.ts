/** A namespace of a test's own, which enforces Pod Security `baseline`, and what is in it. */
import { randomBytes } from "node:crypto";
import { afterAll, afterEach, beforeAll } from "vitest";
import { kubectl } from "./kubectl.ts";
import { leastKubeconfig, removeKubeconfig } from "./least.ts";

export interface TestNamespace {
  readonly name: string;
  /** Of an account that may do what `slipway rbac` prints and nothing more. Empty until the file's tests begin. */
  kubeconfig: string;
}

export interface NamespaceOptions {
  readonly podSecurity?: "privileged" | "baseline" | "restricted";
  /** Flags of `slipway rbac`, for an account that may do more than build. */
  readonly rbac?: readonly string[];
  /** Its pods may run on the further nodes too (support/nodes.ts). */
  readonly nodes?: "all";
}

/** Made before the file's tests and deleted after them. What a test that failed leaves running is removed before the next one. */
export function useNamespace(options: NamespaceOptions = {}): TestNamespace {
  const namespace: TestNamespace = { name: `slipway-test-${randomBytes(4).toString("hex")}`, kubeconfig: "" };
  beforeAll(async () => {
    await kubectl(["create", "namespace", namespace.name]);
    await kubectl([
      "label",
      "namespace",
      namespace.name,
      `pod-security.kubernetes.io/enforce=${options.podSecurity ?? "baseline"}`,
      ...(options.nodes === undefined ? [] : [`slipway-test/nodes=${options.nodes}`]),
    ]);
    namespace.kubeconfig = await leastKubeconfig(namespace.name, options.rbac);
  });
  afterEach(async ({ task }) => {
    if (task.result?.state !== "fail") return;
    await kubectl(["delete", "jobs", "--all", "-n", namespace.name, "--cascade=foreground", "--timeout=120s"]);
  });
  afterAll(async () => {
    await removeKubeconfig(namespace.kubeconfig);
    await kubectl(["delete", "namespace", namespace.name, "--wait=false", "--ignore-not-found"]);
  });
  return namespace;
}

/** Objects that every namespace has, the account of the tests, and events, which expire. */
const NOT_OURS =
  /^(?:configmap\/kube-root-ca\.crt|serviceaccount\/(?:default|slipway)$|role\.rbac\.authorization\.k8s\.io\/slipway$|rolebinding\.rbac\.authorization\.k8s\.io\/slipway$|event\/|event\.events\.k8s\.io\/)/;

/** Every object of every kind in the namespace, as `kind/name`, that a build may have made. */
export async function objectsIn(namespace: string): Promise<string[]> {
  const kinds = (await kubectl(["api-resources", "--namespaced", "--verbs=list", "-o", "name"])).trim().split("\n");
  const names = await kubectl(["get", kinds.join(","), "-n", namespace, "-o", "name", "--ignore-not-found"]);
  return names
    .split("\n")
    .filter((name) => name !== "" && !NOT_OURS.test(name))
    .sort();
}

/**
 * Looks at what is there now, and gives a function that lists what is there besides. What an earlier test made may go away in the
 * meantime: that is not counted.
 */
export async function madeFromNow(namespace: string): Promise<() => Promise<string[]>> {
  const before = new Set(await objectsIn(namespace));
  return async () => (await objectsIn(namespace)).filter((name) => !before.has(name));
}
