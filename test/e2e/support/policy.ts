/** Admission policies of the API server, in one namespace and for one test. */
import { expect, onTestFinished } from "vitest";
import { BUSYBOX } from "./build.ts";
import { kubectl } from "./kubectl.ts";

const API = "admissionregistration.k8s.io";

export interface Policy {
  readonly kind: "Mutating" | "Validating";
  readonly namespace: string;
  readonly resource: "jobs" | "pods";
  /** The policy's mutation or validation, as its spec has it. */
  readonly spec: object;
  /** In what `kubectl create --dry-run=server` prints of an object once the policy is in force. */
  readonly shows: RegExp;
}

const POD_SPEC = { restartPolicy: "Never", containers: [{ name: "c", image: BUSYBOX }] };

/** Puts the policy into force; it is gone at the test's end. */
export async function enforce({ kind, namespace, resource, spec, shows }: Policy): Promise<void> {
  const name = `slipway-${kind.toLowerCase()}-${namespace}`;
  const plural = `${kind.toLowerCase()}admissionpolicies`;
  const served = (await kubectl(["api-resources", `--api-group=${API}`, "-o", "wide"])).split("\n");
  const line = served.find((text) => text.startsWith(`${plural} `)) ?? "";
  const apiVersion = /admissionregistration\.k8s\.io\/\S+/.exec(line)?.[0] ?? `${API}/v1beta1`;
  const rule = {
    apiGroups: [resource === "jobs" ? "batch" : ""],
    apiVersions: ["v1"],
    operations: ["CREATE"],
    resources: [resource],
  };
  const items = [
    {
      apiVersion,
      kind: `${kind}AdmissionPolicy`,
      metadata: { name },
      spec: {
        failurePolicy: "Fail",
        ...(kind === "Mutating" ? { reinvocationPolicy: "Never" } : {}),
        matchConstraints: {
          namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": namespace } },
          resourceRules: [rule],
        },
        ...spec,
      },
    },
    {
      apiVersion,
      kind: `${kind}AdmissionPolicyBinding`,
      metadata: { name },
      spec: { policyName: name, ...(kind === "Validating" ? { validationActions: ["Deny"] } : {}) },
    },
  ];
  const metadata = { name: "probe", namespace };
  const probe =
    resource === "jobs"
      ? { apiVersion: "batch/v1", kind: "Job", metadata, spec: { template: { spec: POD_SPEC } } }
      : { apiVersion: "v1", kind: "Pod", metadata, spec: POD_SPEC };
  const probed = (): Promise<string> =>
    kubectl(["create", "--dry-run=server", "-o", "json", "-f", "-"], JSON.stringify(probe)).catch(String);
  await kubectl(["apply", "-f", "-"], JSON.stringify({ apiVersion: "v1", kind: "List", items }));
  onTestFinished(async () => {
    await kubectl(["delete", `${plural},${kind.toLowerCase()}admissionpolicybindings`, name, "--ignore-not-found"]);
    // The API server goes on applying a deleted policy for a moment: the next test would meet it, too.
    await expect.poll(probed).not.toMatch(shows);
  });
  // The API server applies a new policy only after a moment.
  await expect.poll(probed).toMatch(shows);
}

/** A mutation that sets fields of the security context of every container. @param fields in CEL, such as `runAsUser: 4711` */
export function inEveryContainer(fields: string): object {
  const list = (name: string): string =>
    `${name}: object.spec.${name}.map(c, Object.spec.${name}{name: c.name, securityContext: Object.spec.${name}.securityContext{${fields}}})`;
  const set = (...names: readonly string[]): string => `Object{spec: Object.spec{${names.map(list).join(", ")}}}`;
  const expression = `has(object.spec.initContainers) ? ${set("containers", "initContainers")} : ${set("containers")}`;
  return { mutations: [{ patchType: "ApplyConfiguration", applyConfiguration: { expression } }] };
}
