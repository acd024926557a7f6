/** Contexts on a bad way to the pod: what arrives is whole, and what does not is explained. The long run is `make faults`. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Fault } from "../fakes/fault-proxy.ts";
import { randomFault, randomNumbers } from "../faults/random-fault.ts";
import { makeTree } from "../faults/tree.ts";
import { Uploader, listTree } from "../faults/upload.ts";
import { BUSYBOX } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";

const namespace = useNamespace();
const NOISE = 1_200_000;
const SOUND: Fault = { kind: "none", offset: 0, of: "client" };
const V4 = { protocols: ["v4.channel.k8s.io"] };

let root: string;
let expected: string;
let uploader: Uploader;

beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-faults-"));
  await makeTree(root, NOISE);
  expected = await listTree(root);
  uploader = await Uploader.open(namespace.name, BUSYBOX);
});

afterAll(async () => {
  await uploader.close();
  await rm(root, { recursive: true });
});

/** The first connections get these faults, all others none. */
function inTurn(...faults: readonly Fault[]): () => Fault {
  const left = [...faults];
  return () => left.shift() ?? SOUND;
}

test.concurrent("a server that only knows v4 gets the end by a closed connection, and is asked for the result", async () => {
  const { result, attempts, faults } = await uploader.upload("v4", root, expected, inTurn(), V4);
  expect({ result, attempts }).toEqual({ result: "arrived", attempts: 1 });
  expect(faults).toHaveLength(2);
});

test.concurrent.each([
  ["reset halfway", { kind: "reset", offset: 600_000, of: "client" }, {}],
  ["reset halfway, on v4", { kind: "reset", offset: 600_000, of: "client" }, V4],
  ["ended politely halfway, on v4", { kind: "end", offset: 600_000, of: "client" }, V4],
] as const)("%s: sent again from the start", { tags: ["long"] }, async (name, fault, options) => {
  const pod = `again-${name.replaceAll(/\W+/g, "-")}`;
  const { result, attempts, warnings } = await uploader.upload(pod, root, expected, inTurn(fault), options);
  expect({ result, attempts }).toEqual({ result: "arrived", attempts: 2 });
  expect(warnings).toEqual([
    expect.stringMatching(/^sending the context failed \(.+\); sending it again from the start/),
  ]);
});

test.concurrent("a commit whose answer is lost is recognised as done", async () => {
  // In the server's second connection the handshake passes, the answer does not.
  const lost: Fault = { kind: "reset", offset: 2600, of: "server" };
  const { result, attempts } = await uploader.upload("commit", root, expected, inTurn(SOUND, lost, lost));
  expect({ result, attempts }).toEqual({ result: "arrived", attempts: 1 });
});

test.concurrent("three lost connections end the upload, and the error says so", { tags: ["long"] }, async () => {
  const cut: Fault = { kind: "reset", offset: 300_000, of: "client" };
  const { result, error } = await uploader.upload("cuts", root, expected, () => cut);
  expect(result).toBe("refused");
  expect(error?.message).toMatch(/^the context could not be sent in 3 attempts: the connection to the container/);
});

test.concurrent.each([
  ["v5", {}],
  ["v4", V4],
])("a full disk is named as such, once, on %s", { tags: ["long"] }, async (name, options) => {
  const volume = { emptyDir: { medium: "Memory", sizeLimit: "1Mi" } };
  const { error, warnings } = await uploader.upload(`full-${name}`, root, expected, inTurn(), { ...options, volume });
  expect(error?.message).toMatch(/^the pod failed to unpack the context: .*No space left on device/);
  expect(warnings).toEqual([]);
});

test.concurrent("a pod that is deleted during an upload is named in the error", { tags: ["long"] }, async () => {
  const slow: Fault = { ...SOUND, rate: 200_000 };
  let deleted: Promise<string> | undefined;
  const during = (): void => {
    deleted ??= kubectl(["delete", "pod", "deleted", "-n", namespace.name, "--wait=false"]);
  };
  const { error } = await uploader.upload("deleted", root, expected, inTurn(slow), { during });
  await deleted;
  expect(error?.message).toMatch(/^the pod "deleted" (?:was|is being) deleted while the context was being sent to it$/);
});

test.concurrent("random faults: nothing wrong ever arrives", { tags: ["long"] }, async () => {
  const random = randomNumbers(20);
  const { result } = await uploader.upload("random", root, expected, () => randomFault(random, NOISE));
  expect(result).not.toBe("wrong");
});
