import { describe, expect, it } from "vitest";
import type { CoreV1Event } from "@kubernetes/client-node";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { podDenialOf, watchDenials } from "../../../../src/run/follow/admission.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";

const event = (message: string, reason = "FailedCreate"): CoreV1Event => ({
  metadata: {},
  involvedObject: {},
  reason,
  message,
});

const POD_SECURITY = `Error creating: pods "slipway-x-4kz2p" is forbidden: violates PodSecurity "restricted:latest": unrestricted capabilities (container "kaniko" must not include "CHOWN" in securityContext.capabilities.add), runAsNonRoot != true (pod or container "kaniko" must set securityContext.runAsNonRoot=true)`;
const QUOTA = `Error creating: pods "slipway-x-4kz2p" is forbidden: exceeded quota: full, requested: pods=1, used: pods=0, limited: pods=0`;
const WEBHOOK = `Error creating: admission webhook "validate.kyverno.svc-fail" denied the request: resource Pod/team/slipway-x was blocked`;
const POLICY = `Error creating: pods "slipway-x-4kz2p" is forbidden: ValidatingAdmissionPolicy 'no-root' with binding 'no-root' denied request: failed expression: object.spec.securityContext.runAsNonRoot`;
const MUST = `Error creating: pods "slipway-x-4kz2p" is forbidden: failed quota: small: must specify limits.memory for: kaniko`;
const RANGE = `Error creating: pods "slipway-x-4kz2p" is forbidden: maximum memory usage per Container is 1Gi, but limit is 2Gi`;
const ENDING = `Error creating: pods "slipway-x-4kz2p" is forbidden: unable to create new content in namespace team because it is being terminated`;
const PRIORITY = `Error creating: pods "slipway-x-4kz2p" is forbidden: no PriorityClass with name low was found`;
const RUNTIME = `Error creating: pods "slipway-x-4kz2p" is forbidden: pod rejected: RuntimeClass "gvisor" not found`;
const ACCOUNT = `Error creating: pods "slipway-x-" is forbidden: error looking up service account team/default: serviceaccount "default" not found`;

describe("why a Job has no pod", () => {
  it.each([
    [
      "Pod Security",
      POD_SECURITY,
      /: the namespace's Pod Security level "restricted" forbids securityContext\.capabilities\.add \(CHOWN\), securityContext\.runAsNonRoot other than true$/,
      /level baseline/,
    ],
    ["a webhook", WEBHOOK, /: the admission webhook "validate\.kyverno/, /policy/],
    ["a ValidatingAdmissionPolicy", POLICY, /: the admission policy "no-root" denied it/, /policy/],
    [
      "a quota that requires limits",
      MUST,
      /: the quota "small" requires every pod to set limits.memory/,
      /example: --limits memory=2Gi$/,
    ],
    [
      "a limit range",
      RANGE,
      /: the namespace's limit range does not allow it: maximum memory/,
      /--requests \S+ --limits /,
    ],
    ["a missing PriorityClass", PRIORITY, /: PriorityClass low does not exist$/, /kubectl get priorityclasses/],
    ["a missing RuntimeClass", RUNTIME, /: RuntimeClass gvisor does not exist$/, /kubectl get runtimeclasses/],
    ["a namespace that is being deleted", ENDING, /: the namespace "team" is being deleted$/, /another namespace/],
  ])("%s refuses the pod for good", (_name, message, sentence, remedy) => {
    const refusal = podDenialOf(event(message));
    if (refusal?.kind !== "final") throw new Error("it is not final");
    expect(refusal.error.message).toMatch(/^the cluster refuses the builder's pod: /);
    expect(refusal.error.message).toMatch(sentence);
    expect(refusal.error.suggestions.join(" ")).toMatch(remedy);
  });

  it.each([
    ["a full quota", QUOTA, /^the quota "full" is used up \(requested: pods=1/],
    ["a missing ServiceAccount", ACCOUNT, /^the service account "default" does not exist/],
    ["an unknown reason", "Error creating: a cat sits on it", /^a cat sits on it$/],
  ])("%s may pass while the build waits", (_name, message, sentence) => {
    expect(podDenialOf(event(message))).toMatchObject({
      kind: "passing",
      waited: { for: "a pod", sentence: expect.stringMatching(sentence) },
    });
  });

  it("a pod that asks for more than its quota is refused for good, with the namespace in the remedy", () => {
    const figures =
      "requested: limits.cpu=3,limits.memory=1Gi, used: limits.cpu=0,limits.memory=0, limited: limits.cpu=2,limits.memory=2Gi";
    const denied = event(`Error creating: pods "b-1" is forbidden: exceeded quota: small, ${figures}`);
    const refusal = podDenialOf({ ...denied, metadata: { ...denied.metadata, namespace: "team" } });
    if (refusal?.kind !== "final") throw new Error("it is not final");
    expect(refusal.error.message).toBe(
      `the cluster refuses the builder's pod: the pod asks for more than the quota "small" allows (${figures})`,
    );
    expect(refusal.error.suggestions).toContain("See what uses it: kubectl describe quota small -n team");
  });

  it("is read from no other event", () => {
    expect(podDenialOf(event("Created pod: slipway-x-4kz2p", "SuccessfulCreate"))).toBeUndefined();
  });
});

describe("watching a Job's events", () => {
  it("watches only this Job's events, reports passing denials and throws final ones", async () => {
    const cluster = new FakeCluster();
    const said: string[] = [];
    cluster.listAnew("events", [event(QUOTA)]);
    cluster.show("events", "added", event(POD_SECURITY));
    const watching = watchDenials(
      cluster,
      { name: "slipway-x", uid: "uid-of-it" },
      ({ sentence }) => said.push(sentence),
      new AbortController().signal,
    );
    await expect(watching).rejects.toThrow(ClusterError);
    expect(said).toHaveLength(1);
    expect(cluster.seen("watch", "events")[0]?.detail).toEqual({
      fieldSelector: "involvedObject.kind=Job,involvedObject.uid=uid-of-it",
    });
  });

  it("does nothing if events may not be read", async () => {
    const cluster = new FakeCluster();
    cluster.feed("events").fail(new AuthError("you may not watch events"));
    await expect(
      watchDenials(cluster, { name: "x", uid: "u" }, () => {}, new AbortController().signal),
    ).resolves.toBeUndefined();
  });
});
