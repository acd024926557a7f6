/** Strangers in a test's namespace: accounts with few rights of their own, and what they make to look like slipway's. */
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { userLabel } from "../../../src/run/labels.ts";
import { BUSYBOX, mustBuild, uniqueImage } from "./build.ts";
import { kubectl } from "./kubectl.ts";
import type { TestNamespace } from "./namespace.ts";
import { project } from "./project.ts";
import { slipway } from "./slipway.ts";
import type { Run } from "./slipway.ts";

export const MANAGED = "app.kubernetes.io/managed-by";
export const BUILD = "slipway.dev/build";

/** Runs kubectl as somebody. */
export type Kubectl = (args: readonly string[], stdin?: object) => Promise<string>;

export interface Neighbours {
  /** The user, with the rights of `slipway rbac`. */
  readonly run: (args: readonly string[]) => Promise<Run>;
  /** The administrator. */
  readonly inside: Kubectl;
  /** An account that may do this and nothing else: `VERBS RESOURCES`, as kubectl takes them. */
  readonly stranger: (may: readonly string[]) => Promise<Kubectl>;
  /** A build of the user's own, which its client has left. @returns its name */
  readonly own: (script?: string) => Promise<string>;
  readonly readJob: (name: string) => Promise<V1Job>;
  readonly removeJobs: () => Promise<string>;
  /** Whether the pod is there, and nobody has asked for its end. */
  readonly isWhole: (pod: string) => Promise<boolean>;
  /** The labels of a build of the user's own. */
  readonly labelsFor: (name: string) => Record<string, string>;
}

export function neighboursIn(namespace: TestNamespace): Neighbours {
  const accounts = new Map<string, Promise<Kubectl>>();
  const inside: Kubectl = (args, stdin) =>
    kubectl([...args, "-n", namespace.name], stdin === undefined ? undefined : JSON.stringify(stdin));

  async function makeStranger(may: readonly string[], name: string): Promise<Kubectl> {
    const account = `${namespace.name}:${name}`;
    await inside(["create", "serviceaccount", name]);
    for (const [at, right] of may.entries()) {
      const [verbs, resources] = right.split(" ");
      const role = `${name}-${at}`;
      await inside(["create", "role", role, `--verb=${verbs}`, `--resource=${resources}`]);
      await inside(["create", "rolebinding", role, `--role=${role}`, `--serviceaccount=${account}`]);
    }
    return (args, stdin) => inside([...args, `--as=system:serviceaccount:${account}`], stdin);
  }

  return {
    inside,
    run: (args) => slipway([...args, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig } }),
    stranger: (may) => {
      const rights = may.join(" and ");
      const known = accounts.get(rights) ?? makeStranger(may, `mallory-${accounts.size}`);
      accounts.set(rights, known);
      return known;
    },
    own: async (script = "sleep 600") => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN ${script}\n` });
      return (await mustBuild(namespace, ["--detach", "-t", uniqueImage(), root])).stdout.trim();
    },
    readJob: async (name) => JSON.parse(await inside(["get", "job", name, "-o", "json"])) as V1Job,
    removeJobs: () => inside(["delete", "jobs", "--all", "--cascade=foreground", "--timeout=120s"]),
    isWhole: async (name) => {
      const found = await inside(["get", "pod", name, "-o", "json", "--ignore-not-found"]);
      return found !== "" && (JSON.parse(found) as V1Pod).metadata?.deletionTimestamp === undefined;
    },
    labelsFor: (name) => ({
      [MANAGED]: "slipway",
      [BUILD]: name,
      "slipway.dev/builder": "kaniko",
      "slipway.dev/user": userLabel(`system:serviceaccount:${namespace.name}:slipway`),
    }),
  };
}

/** As arguments of `kubectl label`. */
export const asWords = (labels: Record<string, string>): string[] =>
  Object.entries(labels).map(([key, value]) => `${key}=${value}`);

/** A Job of somebody else, or one of a stranger with labels of slipway's. */
export function foreignJob(
  name: string,
  script: string,
  more: Partial<V1Job["spec"]> & { labels?: Record<string, string> } = {},
): V1Job {
  const { labels, ...spec } = more;
  const container = { name: "kaniko", image: BUSYBOX, command: ["sh", "-c", script] };
  const template = {
    metadata: { labels: { ...labels } },
    spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [container] },
  };
  return {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: { name, labels: { ...labels } },
    spec: { backoffLimit: 0, template, ...spec },
  };
}

export function foreignPod(name: string, more: Partial<NonNullable<V1Pod["metadata"]>> = {}): V1Pod {
  const container = { name: "kaniko", image: BUSYBOX, command: ["sleep", "3000"] };
  return {
    apiVersion: "v1",
    kind: "Pod",
    metadata: { name, ...more },
    spec: { restartPolicy: "Never", terminationGracePeriodSeconds: 1, containers: [container] },
  };
}
