/** What proves that a kept builder is this user's own. */
import { chmod, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { generateKeyPairSync } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { KeepKey, keepKeyFile, openKeepKey } from "../../../../src/run/keep/keep-key.ts";
import { KEEP_ANNOTATION, isOver, isSigned } from "../../../../src/run/keep/kept-builder.ts";
import { isOwnPod } from "../../../../src/run/keep/own-pod.ts";
import { PodHint } from "../../../../src/run/keep/pod-hint.ts";

let home: string;

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-keep-"));
});
afterEach(() => rm(home, { recursive: true, force: true }));

describe("the key", () => {
  it("is made once, for this user only, and found again", async () => {
    const env = { XDG_CONFIG_HOME: home };
    const [one, two] = await Promise.all([openKeepKey(env), openKeepKey(env)]);
    expect(two.fingerprint).toBe(one.fingerprint);
    expect((await openKeepKey(env)).fingerprint).toBe(one.fingerprint);
    expect(one.fingerprint).toMatch(/^[0-9a-f]{32}$/);
  });

  it("is another on another machine, where it was not copied or given", async () => {
    const first = await openKeepKey({ XDG_CONFIG_HOME: home });
    const other = await openKeepKey({ XDG_CONFIG_HOME: join(home, "other") });
    expect(other.fingerprint).not.toBe(first.fingerprint);
    const pem = await readFile(keepKeyFile({ XDG_CONFIG_HOME: home }), "utf8");
    expect((await openKeepKey({ XDG_CONFIG_HOME: join(home, "other"), SLIPWAY_KEEP_KEY: pem })).fingerprint).toBe(
      first.fingerprint,
    );
  });

  it("is refused when others can read it, when it is a link, and when it is not a key", async () => {
    const env = { XDG_CONFIG_HOME: home };
    await openKeepKey(env);
    const file = keepKeyFile(env);
    await chmod(file, 0o644);
    await expect(openKeepKey(env)).rejects.toThrow("its mode is 644");
    const elsewhere = join(home, "elsewhere");
    await writeFile(elsewhere, await readFile(file), { mode: 0o600 });
    await rm(file);
    await symlink(elsewhere, file);
    await expect(openKeepKey(env)).rejects.toThrow("cannot be used");
    await rm(file);
    await writeFile(file, "nonsense", { mode: 0o600 });
    await expect(openKeepKey(env)).rejects.toThrow("not an Ed25519 private key");
    const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey.export({ format: "pem", type: "pkcs8" });
    await expect(openKeepKey({ SLIPWAY_KEEP_KEY: String(rsa) })).rejects.toThrow(
      "SLIPWAY_KEEP_KEY, by which --keep knows your builders, cannot be used: it is not an Ed25519 private key in PEM",
    );
  });
});

const key = new KeepKey(generateKeyPairSync("ed25519").privateKey);

function jobOf(uid: string, proof: string, more: Partial<V1Job> = {}): V1Job {
  return { metadata: { name: "slipway-keep-1", uid, annotations: { [KEEP_ANNOTATION.proof]: proof } }, ...more };
}

describe("a Job", () => {
  it("is ours when our key has signed its uid", () => {
    expect(isSigned(jobOf("a", key.sign("a")), key)).toBe(true);
  });

  it.each([
    ["a proof that was copied to another uid", jobOf("b", key.sign("a"))],
    ["a proof of another key", jobOf("a", new KeepKey(generateKeyPairSync("ed25519").privateKey).sign("a"))],
    ["no proof", jobOf("a", "")],
    ["a proof that is none", jobOf("a", "AAAA")],
    ["no uid", { metadata: { annotations: { [KEEP_ANNOTATION.proof]: key.sign("a") } } }],
  ])("is not ours with %s", (_, job) => {
    expect(isSigned(job, key)).toBe(false);
  });

  it("is over when it has ended, failed or is being deleted", () => {
    const ended = (type: string): V1Job => ({ status: { conditions: [{ type, status: "True" }] } });
    expect(["Complete", "Failed", "FailureTarget"].map((type) => isOver(ended(type)))).toEqual([true, true, true]);
    expect(isOver({ metadata: { deletionTimestamp: new Date() } })).toBe(true);
    expect(isOver(jobOf("a", ""))).toBe(false);
  });
});

describe("a pod", () => {
  const container = {
    name: "buildkit",
    image: "buildkit:1",
    command: ["sh", "-c", "serve"],
    volumeMounts: [{ name: "state", mountPath: "/state" }],
  };
  const helper = { name: "helper", image: "busybox", command: ["true"] };
  const spec = { containers: [container], initContainers: [helper], volumes: [{ name: "state", emptyDir: {} }] };
  const probe = { exec: { command: ["nc"] } };
  const job: V1Job = { metadata: { uid: "u" }, spec: { template: { spec } } };
  const owner = { apiVersion: "batch/v1", kind: "Job", name: "j", uid: "u", controller: true };
  const podOf = (change: Partial<V1Pod["spec"]>, owners = [owner]): V1Pod => ({
    metadata: { ownerReferences: owners },
    spec: { ...spec, ...change },
  });

  it("is the Job's when its controller made it from the template, even if admission added to it", () => {
    expect(isOwnPod(podOf({}), job, "buildkit")).toBe(true);
    const token = { name: "kube-api-access", mountPath: "/var/run/secrets/kubernetes.io/serviceaccount" };
    const added = { ...container, volumeMounts: [...container.volumeMounts, token] };
    Object.assign(added, { imagePullPolicy: "Always", resources: { limits: { cpu: "1" } } });
    const sidecar = { name: "mesh", image: "mesh", volumeMounts: [token] };
    const volumes = [...spec.volumes, { name: "kube-api-access", projected: {} }];
    expect(isOwnPod(podOf({ containers: [added, sidecar], volumes, nodeName: "n" }), job, "buildkit")).toBe(true);
  });

  it.each([
    ["another owner", podOf({}, [{ ...owner, uid: "other" }])],
    ["no owner", podOf({}, [])],
    ["an owner that is not its controller", podOf({}, [{ ...owner, controller: false }])],
    ["another image", podOf({ containers: [{ ...container, image: "evil" }] })],
    ["another command", podOf({ containers: [{ ...container, command: ["nc"] }] })],
    ["another variable", podOf({ containers: [{ ...container, env: [{ name: "LD_PRELOAD", value: "/x" }] }] })],
    ["a hook", podOf({ containers: [{ ...container, lifecycle: { postStart: { exec: { command: ["nc"] } } } }] })],
    ["another volume in the place of its own", podOf({ volumes: [{ name: "state", hostPath: { path: "/" } }] })],
    ["the node's processes", podOf({ hostPID: true })],
    ["processes shared with a sidecar", podOf({ shareProcessNamespace: true })],
    [
      "a sidecar that reads its volume",
      podOf({ containers: [container, { name: "spy", volumeMounts: [{ name: "state", mountPath: "/x" }] }] }),
    ],
    [
      "its own init container's name for another one, which reads its volume",
      podOf({ initContainers: [{ ...helper, volumeMounts: [{ name: "state", mountPath: "/x" }] }] }),
    ],
    ["another program in its init container", podOf({ initContainers: [{ ...helper, image: "evil" }] })],
    ["a probe that is a program", podOf({ containers: [{ ...container, livenessProbe: probe }] })],
    ["another such probe", podOf({ containers: [{ ...container, startupProbe: probe }] })],
    [
      "variables of a ConfigMap",
      podOf({ containers: [{ ...container, envFrom: [{ configMapRef: { name: "theirs" } }] }] }),
    ],
    ["another working directory", podOf({ containers: [{ ...container, workingDir: "/x" }] })],
    ["an address of theirs for a registry", podOf({ hostAliases: [{ ip: "192.0.2.1", hostnames: ["r.io"] }] })],
    ["a name server of theirs", podOf({ dnsPolicy: "None", dnsConfig: { nameservers: ["192.0.2.1"] } })],
    [
      "a container that was added to see its processes",
      podOf({ ephemeralContainers: [{ name: "debug", image: "x", targetContainerName: "buildkit" }] }),
    ],
    ["no such container", podOf({ containers: [{ ...container, name: "x" }] })],
  ])("is not the Job's with %s", (_, pod) => {
    expect(isOwnPod(pod, job, "buildkit")).toBe(false);
  });
});

describe("the hint", () => {
  const address = { pod: "slipway-keep-1-abcde", job: "3f2b8c1e-0d4a-4c7b-9a55-2f1e6d7c8b90", way: "port" } as const;
  const env = (): Record<string, string> => ({ XDG_CACHE_HOME: home });

  it("remembers a pod, its Job and the way to it", async () => {
    expect(await new PodHint(env(), ["a"]).read()).toBeUndefined();
    new PodHint(env(), ["a"]).write(address);
    expect(await new PodHint(env(), ["a"]).read()).toEqual(address);
    expect(await new PodHint(env(), ["b"]).read()).toBeUndefined();
  });

  it("tries the port again some time after a command was needed", async () => {
    vi.useFakeTimers({ toFake: ["Date"] });
    try {
      new PodHint(env(), ["c"]).write({ ...address, way: "command" });
      expect((await new PodHint(env(), ["c"]).read())?.way).toBe("command");
      vi.setSystemTime(Date.now() + 599_000);
      const hint = new PodHint(env(), ["c"]);
      expect((await hint.read())?.way).toBe("command");
      // Another build does not put it off.
      hint.write({ ...address, way: "command" });
      vi.setSystemTime(Date.now() + 2000);
      expect((await new PodHint(env(), ["c"]).read())?.way).toBe("port");
    } finally {
      vi.useRealTimers();
    }
  });

  it.each([
    ["a path instead of a pod", { ...address, pod: "../../etc" }],
    ["a Job that is no uid", { ...address, job: "x" }],
    ["a way that there is not", { ...address, way: "air" as "port" }],
  ])("is not used with %s", async (_, wrong) => {
    new PodHint(env(), ["a"]).write(wrong);
    expect(await new PodHint(env(), ["a"]).read()).toBeUndefined();
  });
});
