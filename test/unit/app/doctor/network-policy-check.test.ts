/** What the trial pod's connection to the API server tells about the cluster's network plug-in. */
import { expect, it } from "vitest";
import { networkPolicyCheck, networkPolicyUnchecked } from "../../../../src/app/doctor/network-policy-check.ts";
import { egressOf } from "../../../../src/plan/egress.ts";

const signal = new AbortController().signal;

async function check(exitCode: number, registries: readonly string[], named: readonly string[] = []) {
  const commands: string[][] = [];
  const cluster = {
    exec: async (_pod: string, _container: string, command: readonly string[]) => {
      commands.push([...command]);
      return { exitCode, protocol: "v5.channel.k8s.io" } as const;
    },
  };
  const end = { cluster, pod: "p", container: "c" };
  const { status, message } = await networkPolicyCheck(end, egressOf(registries, [], named), signal);
  expect(commands.map(([shell]) => shell)).toEqual(["sh"]);
  return { status, message };
}

it.each([
  // A registry with an address, and DNS, are all that the policy allows.
  [1, ["10.0.0.5:5000"], [], "ok", /cannot reach/],
  [0, ["10.0.0.5:5000"], [], "warn", /does not carry out NetworkPolicies$/],
  [0, ["10.0.0.5"], ["10.1.0.0/16:5432"], "warn", /does not carry out/],
  [0, ["registry.example.com:5000"], [], "warn", /does not carry out/],
  // A registry with a name is allowed at any address, on the port that the API server may have, too.
  [0, ["registry.example.com"], [], "skip", /may allow the API server/],
  [0, [], ["any"], "skip", /may allow/],
  [0, [], ["10.96.0.0/12"], "skip", /may allow/],
  [0, [], ["any:6443"], "skip", /may allow/],
  // It is not reached, so the policy is in force whatever it allows.
  [1, ["registry.example.com"], [], "ok", /cannot reach/],
  [3, ["10.0.0.5:5000"], [], "skip", /does not know/],
] as const)(
  "exit code %i with the registries %j and --egress %j: %s",
  async (exitCode, hosts, named, status, message) => {
    expect(await check(exitCode, hosts, named)).toEqual({ status, message: expect.stringMatching(message) as string });
  },
);

it("is skipped with the reason if no command can be run in the pod", () => {
  expect(networkPolicyUnchecked(true)).toMatchObject({ status: "skip", message: "the pod did not get that far" });
  expect(networkPolicyUnchecked(false).message).toMatch(/pods\/exec/);
});
