import { describe, expect, it } from "vitest";
import type { V1LimitRange, V1ResourceQuota, V1StorageClass } from "@kubernetes/client-node";
import type { Check } from "../../../../src/app/doctor/check.ts";
import {
  limitRangeCheck,
  nodesCheck,
  podSecurityLevel,
  quotaCheck,
  storageCheck,
} from "../../../../src/app/doctor/namespace-checks.ts";
import { trialChecks, userNamespaceCheck } from "../../../../src/app/doctor/pod-checks.ts";
import { mayDo, rightsCheck } from "../../../../src/app/doctor/rights-check.ts";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { askRights } from "../../../../src/app/rbac/ask-rights.ts";
import { rightsOf } from "../../../../src/app/rbac/rights.ts";
import { grantName, grantOf, holderNamed } from "../../../../src/app/rbac/role.ts";
import { CheckList } from "../../../../src/cli/ui/doctor-list.ts";
import { FakeCluster, refusal } from "../../../fakes/fake-cluster.ts";

const signal = new AbortController().signal;
const RIGHTS = rightsOf({ transport: "auto", ships: true, files: true, manage: false });

function forbidding(...kinds: string[]): FakeCluster {
  const cluster = new FakeCluster();
  cluster.before = ({ of }) => {
    if (kinds.includes(of)) throw new AuthError(`you may not list ${of}`);
  };
  return cluster;
}

describe("the rights check", () => {
  const answering = (denied: (resource: string, verb: string) => boolean) => ({
    namespace: "team",
    create: (async (_kind: string, { spec }: { spec: { resourceAttributes: Record<string, string> } }) => {
      const { resource = "", subresource, verb = "" } = spec.resourceAttributes;
      const whole = subresource === undefined ? resource : `${resource}/${subresource}`;
      return { status: { allowed: !denied(whole, verb) } };
    }) as never,
  });
  const optional = new Map([["pods/exec", "only small contexts can be sent"]]);

  it("asks for each verb of each resource and subresource", async () => {
    const rulings = await askRights(
      answering(() => false),
      RIGHTS,
      signal,
    );
    expect(rulings).toHaveLength(RIGHTS.flatMap(({ verbs }) => verbs).length);
    expect(rightsCheck(rulings, "team", optional, "FIX").status).toBe("ok");
    expect(mayDo(rulings, "jobs")).toBe(true);
  });

  it("names the missing rights and the command that prints them", async () => {
    const rulings = await askRights(
      answering((resource) => resource === "jobs" || resource === "pods/log"),
      RIGHTS,
      signal,
    );
    expect(rightsCheck(rulings, "team", optional, "FIX")).toMatchObject({
      status: "fail",
      kind: "unauthorised",
      message: 'you may not create, get, patch, delete jobs; get pods/log in the namespace "team"',
      suggestions: ["FIX"],
    });
    expect(mayDo(rulings, "jobs")).toBe(false);
    expect(mayDo(rulings, "pods")).toBe(true);
  });

  it("only warns about rights that a build can do without", async () => {
    const rulings = await askRights(
      answering((resource) => resource === "pods/exec"),
      RIGHTS,
      signal,
    );
    const check = rightsCheck(rulings, "team", optional, "FIX");
    expect([check.status, check.message]).toEqual([
      "warn",
      expect.stringContaining(": only small contexts can be sent"),
    ]);
  });

  it("treats one verb of a resource as optional", async () => {
    const rulings = await askRights(
      answering((resource, verb) => resource === "jobs" && verb === "patch"),
      RIGHTS,
      signal,
    );
    const one = new Map([["patch jobs", "it stays longer"]]);
    expect([mayDo(rulings, "jobs"), mayDo(rulings, "jobs", one)]).toEqual([false, true]);
    expect(rightsCheck(rulings, "team", one, "FIX")).toMatchObject({
      status: "warn",
      message: 'you may not patch jobs in the namespace "team": it stays longer',
    });
    expect(rightsCheck(rulings, "team", optional, "FIX").status).toBe("fail");
  });

  it.each([
    ["jane@example.com", { kind: "User", name: "jane@example.com" }],
    ["system:serviceaccount:ci:runner", { kind: "ServiceAccount", name: "runner", namespace: "ci" }],
  ])("grants rights to %s as a user or a ServiceAccount", (user, holder) => {
    expect(holderNamed(user)).toEqual(holder);
    const objects = grantOf(RIGHTS, { name: "slipway", namespace: "team", holder: holderNamed(user) });
    const subject = objects.flatMap((object) => ("subjects" in object ? (object.subjects ?? []) : []))[0];
    expect(subject).toMatchObject(holder);
  });

  it.each([
    ["slipway", [], "slipway"],
    ["ci", [], "slipway-ci"],
    ["ci", ["--builder buildkit", "--cache-volume"], "slipway-ci-builder-buildkit-cache-volume"],
    ["jane@example.com", ["--manage"], "slipway-jane-example.com-manage"],
  ])("a Role of %s with the uses %j has a name of its own, so that it replaces no other", (holder, uses, name) => {
    expect(grantName({ kind: "User", name: holder }, uses)).toBe(name);
  });
});

describe("the quota check", () => {
  const quota = (hard: Record<string, string>, used: Record<string, string>): V1ResourceQuota => ({
    metadata: { name: "small" },
    status: { hard, used },
  });

  it.each([
    ["without quotas", [], "ok", /has none/],
    ["with room", [quota({ pods: "5" }, { pods: "2" })], "ok", /small \(2 of 5 pods\)/],
    [
      "without room",
      [quota({ "count/jobs.batch": "3" }, { "count/jobs.batch": "3" })],
      "fail",
      /3 of 3 count\/jobs\.batch/,
    ],
    ["for objects that a build does not create", [quota({ services: "0" }, { services: "0" })], "ok", /room/],
  ] as const)("%s", async (_name, quotas, status, says) => {
    const cluster = new FakeCluster();
    quotas.forEach((one, at) => cluster.stored.set(`resourcequotas/${at}`, one));
    expect(await quotaCheck(cluster, signal)).toMatchObject({ status, message: expect.stringMatching(says) });
  });

  it("is skipped if quotas and limit ranges may not be listed", async () => {
    expect((await quotaCheck(forbidding("resourcequotas"), signal)).status).toBe("skip");
    expect((await limitRangeCheck(forbidding("limitranges"), signal)).status).toBe("skip");
  });

  it("the check of limit ranges shows their defaults", async () => {
    const cluster = new FakeCluster();
    const range: V1LimitRange = { spec: { limits: [{ type: "Container", _default: { memory: "64Mi" } }] } };
    cluster.stored.set("limitranges/a", range);
    expect((await limitRangeCheck(cluster, signal)).message).toMatch(/gets at most 64Mi of memory/);
  });
});

describe("the check of storage classes", () => {
  const classes = new FakeCluster();
  const standard = { "storageclass.kubernetes.io/is-default-class": "true" };
  const fast: V1StorageClass = { metadata: { name: "fast" }, provisioner: "x" };
  classes.stored.set("storageclasses/fast", fast);
  const both = new FakeCluster();
  both.stored.set("storageclasses/fast", fast);
  both.stored.set("storageclasses/std", { metadata: { name: "std", annotations: standard } });

  it.each([
    ["not needed", classes, { needed: false }, "skip", /only --transport pvc or cache needs one/],
    ["with a default", both, { needed: true }, "ok", /^std is the default/],
    ["without a default", classes, { needed: true }, "warn", /there are: fast/],
    ["with the named class", classes, { needed: true, storageClass: "fast" }, "ok", /^fast provides/],
    ["without the named class", classes, { needed: true, storageClass: "slow" }, "fail", /no storage class "slow"/],
    ["if they may not be listed", forbidding("storageclasses"), { needed: true }, "skip", /may not list/],
  ] as const)("%s", async (_name, cluster, wanted, status, says) => {
    expect(await storageCheck(cluster, wanted, signal)).toMatchObject({ status, message: expect.stringMatching(says) });
  });
});

describe("the check of nodes", () => {
  const withNodes = (...labels: readonly Record<string, string>[]): FakeCluster => {
    const cluster = new FakeCluster();
    for (const [at, own] of labels.entries()) cluster.stored.set(`nodes/${at}`, { metadata: { labels: own } });
    return cluster;
  };
  const amd = { "kubernetes.io/arch": "amd64", "kubernetes.io/os": "linux" };
  const arm = { ...amd, "kubernetes.io/arch": "arm64" };
  const windows = { ...amd, "kubernetes.io/os": "windows" };

  it.each([
    ["of two architectures", withNodes(arm, amd, amd), "ok", "they build for linux/amd64 (2), linux/arm64 (1)"],
    ["with Windows", withNodes(arm, windows), "ok", "they build for linux/arm64 (1)"],
    ["with nothing but Windows", withNodes(windows), "warn", "there is no Linux node, and every builder needs one"],
    ["that may not be listed", forbidding("nodes"), "skip", "you may not list nodes, so their platforms are not known"],
  ] as const)("%s", async (_name, cluster, status, message) => {
    expect(await nodesCheck(cluster, signal)).toMatchObject({ status, message });
  });
});

describe("the check of the namespace", () => {
  it("shows its Pod Security level if it may be read", async () => {
    const cluster = new FakeCluster();
    const labels = { "pod-security.kubernetes.io/enforce": "baseline" };
    cluster.stored.set("namespaces/team", { metadata: { labels } });
    await expect(podSecurityLevel(cluster, signal)).resolves.toBe("baseline");
    await expect(podSecurityLevel(forbidding("namespaces"), signal)).resolves.toBeUndefined();
  });

  it("fails for a namespace that does not exist or is being deleted", async () => {
    const cluster = new FakeCluster();
    await expect(podSecurityLevel(cluster, signal)).rejects.toThrow('the namespace "team" does not exist');
    cluster.stored.set("namespaces/team", { metadata: { deletionTimestamp: new Date() } });
    await expect(podSecurityLevel(cluster, signal)).rejects.toThrow("is being deleted");
    cluster.before = () => {
      throw refusal(500, "InternalError", "broken");
    };
    await expect(podSecurityLevel(cluster, signal)).rejects.toThrow("broken");
  });
});

describe("a trial pod", () => {
  const plan = { builder: "kaniko", builderImage: "kaniko:1", helperImage: "busybox:1" } as never;
  const statuses = (checks: readonly Check[]): string => checks.map(({ status }) => status).join(" ");

  it("fails at the step that it does not reach, and skips the later ones", () => {
    const error = new ClusterError("no node", { suggestions: ["Add one."] });
    const report = { reached: new Set(["admitted"] as const), node: "", error };
    const checks = trialChecks(report, plan, "baseline", true);
    expect(statuses(checks)).toBe("ok fail skip skip");
    expect(checks[0]?.message).toContain("(it enforces the Pod Security level baseline)");
    expect(checks[1]).toMatchObject({ message: "no node", suggestions: ["Add one."], kind: "cluster" });
  });

  it("has no check of the helper image if nothing is received", () => {
    const report = { reached: new Set(["admitted", "scheduled", "receiving", "ended"] as const), node: "n" };
    expect(trialChecks(report, plan, undefined, false).map(({ name }) => name)).toEqual([
      "admission",
      "node",
      "builder image",
    ]);
  });

  it.each([
    ["         0     524288      65536\n", "ok"],
    ["         0          0 4294967295\n", "warn"],
    ["", "warn"],
  ])("shows user namespaces by the id map %j", (message, status) => {
    const end = { exitCode: 0, reason: "Completed", message, tail: [] };
    expect(userNamespaceCheck({ reached: new Set(["scheduled"] as const), node: "n", end }).status).toBe(status);
  });

  it("skips user namespaces if the image could not be pulled", () => {
    const error = new ClusterError("no image");
    const report = { reached: new Set(["scheduled"] as const), node: "n", error };
    expect(userNamespaceCheck({ ...report, withoutImage: true }).status).toBe("skip");
    expect(userNamespaceCheck({ ...report, withoutImage: false }).status).toBe("warn");
  });
});

describe("the list of checks", () => {
  const checks: Check[] = [
    { name: "rights", status: "fail", message: "you may not", suggestions: ["Ask."] },
    { name: "quota", status: "ok", message: "none", suggestions: [] },
  ];
  const shown = (isTTY: boolean): string => {
    let text = "";
    const list = new CheckList({ isTTY, columns: 40, write: (part: string) => (text += part) }, { TERM: "xterm" });
    list.say("waiting\u001b[31m for long enough to be cut at the margin of it");
    for (const check of checks) list.add(check);
    list.finish();
    return text;
  };

  it("is plain text in a log", () => {
    expect(shown(false)).toBe(
      "FAIL  rights          you may not\n        - Ask.\nok    quota           none\n\nNot ready to build: 1 of 2 checks failed.\n",
    );
  });

  it("has symbols in a terminal, and a line that shows what is awaited", () => {
    const text = shown(true);
    expect(text).toMatch(/✖/);
    expect(text).toContain("\r\u001b[K");
    expect(text).not.toContain("at the margin");
  });
});
