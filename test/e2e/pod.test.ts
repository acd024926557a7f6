/** The build's pod: user namespaces, Pod Security's strictest level, separated tenants, a template. */
import { readFile, readdir } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { WAIT } from "./support/wait.ts";

function until<T>(what: string, look: () => Promise<T | undefined>): Promise<T> {
  return vi.waitFor(async () => {
    const seen = await look();
    if (seen === undefined) throw new Error(`never came: ${what}`);
    return seen;
  }, WAIT);
}

describe("user namespaces", () => {
  const namespace = useNamespace();

  /** A RUN that waits, as the node sees it: its process is a process of this machine. */
  async function lookedAt(flags: readonly string[], kubeconfig?: string): Promise<{ map: number[][]; uid: number }> {
    const marker = `86399.${process.pid}${Math.floor(Math.random() * 1e6)}`;
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN exec sleep ${marker}\n` });
    const env = kubeconfig === undefined ? {} : { KUBECONFIG: kubeconfig };
    const ended = build(namespace, [...flags, "-t", uniqueImage(), root], { env });
    const pid = await until(`sleep ${marker}`, () => processWith(`sleep\0${marker}\0`));
    const [map, status] = await Promise.all(
      ["uid_map", "status"].map((file) => readFile(`/proc/${pid}/${file}`, "utf8")),
    );
    process.kill(pid, "SIGKILL");
    expect((await ended).code).toBe(1);
    const rows = (map ?? "").trim().split("\n");
    return {
      map: rows.map((row) => row.trim().split(/\s+/).map(Number)),
      uid: Number(/^Uid:\s+(\d+)/m.exec(status ?? "")?.[1]),
    };
  }

  test("--userns auto: root in kaniko's pod is an unprivileged user on the node", async () => {
    const { map, uid } = await lookedAt([], process.env["KUBECONFIG"]);
    expect(map).toEqual([[0, uid, 65_536]]);
    expect(uid).toBeGreaterThanOrEqual(65_536);
  });

  test(
    "--userns always: neither root in BuildKit's RUN nor any user it may become is a user of the node",
    { tags: ["long"] },
    async () => {
      const { map, uid } = await lookedAt(["--builder=buildkit", "--userns=always"]);
      expect(uid).toBeGreaterThanOrEqual(65_536);
      for (const [, outside] of map) expect(outside).toBeGreaterThanOrEqual(65_536);
      expect(map.reduce((sum, [, , length = 0]) => sum + length, 0)).toBe(65_535);
    },
  );

  test(
    "--userns never, and auto without the right to list nodes: root is root in its container",
    { tags: ["long"] },
    async () => {
      const [never, blind] = await Promise.all([
        lookedAt(["--userns=never"], process.env["KUBECONFIG"]),
        lookedAt(["--userns=auto"]),
      ]);
      const itself = { map: [[0, 0, 4_294_967_295]], uid: 0 };
      expect({ never, blind }).toEqual({ never: itself, blind: itself });
    },
  );
});

async function processWith(commandLine: string): Promise<number | undefined> {
  for (const pid of await readdir("/proc")) {
    if (!/^\d+$/.test(pid)) continue;
    if ((await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "")) === commandLine) return Number(pid);
  }
  return undefined;
}

describe("a namespace that enforces Pod Security restricted", () => {
  const namespace = useNamespace({ podSecurity: "restricted" });

  test.each(["configmap", "stream"])(
    "is built in without any capability, from a context that came as %s",
    { tags: ["long"] },
    async (transport) => {
      const image = uniqueImage();
      const root = await project({
        Dockerfile: `FROM ${BUSYBOX}\nCOPY app /app/\nRUN id -u > /app/who && grep CapBnd /proc/self/status > /app/bounds\n`,
        "app/run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      });
      await mustBuild(namespace, ["--security=restricted", `--transport=${transport}`, "-t", image, root]);
      const { files } = await readImage(image);
      expect(files.get("app/run.sh")).toMatchObject({ mode: 0o755, uid: 0, gid: 0 });
      expect(files.get("app/who")?.text).toBe("0\n");
      expect(files.get("app/bounds")?.text).toMatch(/^CapBnd:\s+0{16}\n$/);
    },
  );

  test(
    "a file of another user ends a restricted build, and the error names the file and a remedy",
    { tags: ["long"] },
    async () => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY --chown=1000 a /given/a\n`, a: "a" });
      const run = await build(namespace, ["--security=restricted", "-t", uniqueImage(), root]);
      expect(run.code).toBe(1);
      expect(run.stderr).toMatch(
        /^ERROR: \/given(?:\/a)? belongs to a user other than root, and a builder without capabilities cannot set that owner/m,
      );
      expect(run.stderr).toContain("\n  - Or build in a namespace of level baseline, without --security restricted");
    },
  );

  test("other builders are refused before anything is created, and kaniko without the flag gets a hint", async () => {
    const made = await madeFromNow(namespace.name);
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    for (const builder of ["buildkit", "buildah", "makisu"]) {
      const refused = await build(namespace, [
        "--security=restricted",
        `--builder=${builder}`,
        "-t",
        uniqueImage(),
        root,
      ]);
      expect(refused.code).toBe(125);
      expect(refused.stderr).toMatch(
        new RegExp(`^ERROR: ${builder} cannot build in a restricted pod: .+\n  - Use --builder kaniko`),
      );
    }
    expect(await made()).toEqual([]);
    const run = await build(namespace, ["-t", uniqueImage(), root]);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain("\n  - Build with --security restricted");
  });
});

describe("--isolate", () => {
  const namespace = useNamespace();
  const other = useNamespace();
  const nodes = ["a", "b"].map((name) => `${namespace.name}-${name}`);

  // Nodes without a kubelet: what the scheduler gives them stays as it is.
  beforeAll(async () => {
    for (const name of nodes) {
      const labels = {
        "kubernetes.io/hostname": name,
        "kubernetes.io/os": "linux",
        "slipway.test/fake": namespace.name,
      };
      const taints = [{ key: "slipway.test/fake", effect: "NoSchedule" }];
      await kubectl(
        ["create", "-f", "-"],
        JSON.stringify({ apiVersion: "v1", kind: "Node", metadata: { name, labels }, spec: { taints } }),
      );
      const capacity = { cpu: "8", memory: "16Gi", pods: "20" };
      const conditions = [{ type: "Ready", status: "True", reason: "Fake", message: "" }];
      const status = { capacity, allocatable: capacity, conditions };
      await kubectl(["patch", "node", name, "--subresource=status", "--type=merge", "-p", JSON.stringify({ status })]);
      // The node controller puts this taint on new nodes until they report.
      await kubectl(["taint", "node", name, "node.kubernetes.io/not-ready-"]).catch(() => "");
    }
  });
  afterAll(async () => {
    for (const { name } of [namespace, other]) {
      await kubectl(["delete", "jobs", "--all", "-n", name, "--wait=false"]);
      await kubectl(["delete", "pods", "--all", "-n", name, "--force", "--grace-period=0"]);
    }
    await kubectl(["delete", "node", ...nodes]);
  });

  async function detached(where: typeof namespace, flags: readonly string[]): Promise<string> {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    const tolerated = ["slipway.test/fake", "node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"];
    const place = [
      `--node-selector=slipway.test/fake=${namespace.name}`,
      ...tolerated.map((taint) => `--toleration=${taint}`),
    ];
    const run = await mustBuild(where, ["--detach", ...place, ...flags, "-t", uniqueImage(), root]);
    return run.stdout.trim();
  }

  /** The node, or why there is none. */
  function placeOf(where: typeof namespace, name: string): Promise<string> {
    return until(`the scheduler's word on ${name}`, async () => {
      const text = await kubectl(["get", "pods", "-n", where.name, "-l", `slipway.dev/build=${name}`, "-o", "json"]);
      const [pod] = (
        JSON.parse(text) as {
          items: { spec: { nodeName?: string }; status: { conditions?: { reason?: string; message?: string }[] } }[];
        }
      ).items;
      return pod?.spec.nodeName ?? pod?.status.conditions?.find(({ reason }) => reason === "Unschedulable")?.message;
    });
  }

  test(
    "builds of different tenants never share a node, in either direction; builds of one tenant may",
    { tags: ["long"] },
    async () => {
      // The namespace is the tenant.
      const [first, second] = await Promise.all(
        [namespace, other].map(async (where) => placeOf(where, await detached(where, ["--isolate"]))),
      );
      expect(new Set([first, second])).toEqual(new Set(nodes));
      const anti = /didn't (?:match pod anti-affinity rules|satisfy existing pods anti-affinity rules)/;
      const place = async (where: typeof namespace, flags: readonly string[]): Promise<string> =>
        placeOf(where, await detached(where, flags));
      const [third, without, same, named] = await Promise.all([
        // No node is left for these: the second asks for nothing itself.
        place(other, ["--isolate=third"]),
        place(namespace, []),
        // Builds of the same tenant may share a node, in any namespace.
        place(namespace, ["--isolate"]),
        place(namespace, [`--isolate=${other.name}`]),
      ]);
      expect(third).toMatch(anti);
      expect(without).toMatch(anti);
      expect([same, named]).toEqual([first, second]);
    },
  );
});

describe("a pod template", () => {
  const namespace = useNamespace();

  test("a template is merged over the build's pod; one that would weaken its confinement creates nothing", async () => {
    const image = uniqueImage();
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nRUN hostname > /name\n`,
      "pod.yaml": "metadata: {labels: {team: payments}}\nspec: {hostname: over-it}\n",
      "unsafe.yaml": "spec: {volumes: [{name: socket, hostPath: {path: /run/containerd/containerd.sock}}]}\n",
    });
    const made = await madeFromNow(namespace.name);
    const refused = await build(namespace, [`--pod-template=${root}/unsafe.yaml`, "-t", image, root]);
    expect(refused.code).toBe(125);
    expect(refused.stderr).toContain(
      "would give the build more than an unprivileged pod has: spec.volumes[socket].hostPath\n",
    );
    expect(await made()).toEqual([]);
    await mustBuild(namespace, [`--pod-template=${root}/pod.yaml`, "-t", image, root]);
    expect((await readImage(image)).files.get("name")?.text).toBe("over-it\n");
    expect(await kubectl(["get", "pods", "-n", namespace.name, "-l", "team=payments", "-o", "name"])).toMatch(/^pod\//);
  });
});
