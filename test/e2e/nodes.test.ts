/** A cluster of several nodes and two architectures: builds run where they have to, and what they make runs there too. */
import { describe, expect, test, vi } from "vitest";
import { BUSYBOX, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { NODES, podField, runPod, startPod, useNodes } from "./support/nodes.ts";
import type { NodeName } from "./support/nodes.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import { printing } from "./support/step-lines.ts";
import { WAIT } from "./support/wait.ts";

useNodes();

const MACHINES: Readonly<Record<NodeName, string>> = { "node-1": "x86_64", "node-2": "x86_64", "node-3": "aarch64" };

describe("the nodes", () => {
  const namespace = useNamespace({ nodes: "all" });

  test(
    "programs of an image for two architectures are those of the node's architecture",
    { tags: ["long"] },
    async () => {
      const machines = await Promise.all(
        NODES.map(async (node): Promise<[string, string]> => {
          const printed = await runPod(namespace, {
            name: `machine-${node}`,
            node,
            image: BUSYBOX,
            script: "uname -m",
          });
          return [node, printed.trim()];
        }),
      );
      expect(Object.fromEntries(machines)).toEqual(MACHINES);
      const reported = JSON.parse(await kubectl(["get", "nodes", ...NODES, "-o", "json"])) as {
        items: { metadata: { labels: Record<string, string> }; status: { nodeInfo: { architecture: string } } }[];
      };
      const architectures = ["amd64", "amd64", "arm64"];
      expect(reported.items.map(({ metadata }) => metadata.labels["kubernetes.io/arch"])).toEqual(architectures);
      expect(reported.items.map(({ status }) => status.nodeInfo.architecture)).toEqual(architectures);
    },
  );

  test("a pod on each node is reached from every node", { tags: ["long"] }, async () => {
    const serve = "mkdir /w && hostname > /w/index.html && httpd -f -p 8080 -h /w";
    await Promise.all(NODES.map((node) => startPod(namespace, { name: node, node, image: BUSYBOX, script: serve })));
    const addresses = await Promise.all(
      NODES.map((node) =>
        vi.waitFor(async () => {
          const address = await podField(namespace, node, "{.status.podIP}");
          if (address === "") throw new Error(`the pod on ${node} has no address yet`);
          return address;
        }, WAIT),
      ),
    );
    const ask = addresses.map((address) => `until wget -qO- http://${address}:8080/; do sleep 1; done`).join("; ");
    const answers = await Promise.all(
      NODES.map((node) => runPod(namespace, { name: `asks-on-${node}`, node, image: BUSYBOX, script: ask })),
    );
    for (const answer of answers) expect(answer.trim().split("\n")).toEqual([...NODES]);
  });
});

test("doctor shows the platforms of the nodes", { tags: ["long"] }, async () => {
  const { stdout } = await slipway(["doctor", "-n", "default", "--no-pods"], {
    env: { KUBECONFIG: environment("KUBECONFIG") },
  });
  expect(stdout).toMatch(/^ok +nodes +they build for linux\/amd64 \(2\), linux\/arm64 \(1\)$/m);
});

describe("--platform", () => {
  const namespace = useNamespace({ nodes: "all" });
  const cases: readonly (readonly [builder: string, platform: string, node: NodeName])[] = [
    ["kaniko", "linux/arm64", "node-3"],
    ["kaniko", "linux/amd64", "node-2"],
    ["buildkit", "linux/arm64", "node-3"],
    ["buildkit", "linux/amd64", "node-2"],
  ];

  test.each(cases)(
    "%s builds for %s on a node of that architecture, and the image runs on %s",
    { tags: ["long"] },
    async (...row) => {
      const [builder, platform, node] = row;
      const image = uniqueImage();
      const root = await project({
        Dockerfile: `FROM ${BUSYBOX}\nCOPY greeting /\nRUN uname -m > /machine\nCMD ["cat", "/machine"]\n`,
        greeting: "hello\n",
      });
      await mustBuild(namespace, [`--builder=${builder}`, `--platform=${platform}`, "-t", image, root]);
      const { config, files } = await readImage(image);
      expect(config).toMatchObject({ os: "linux", architecture: platform.split("/")[1] });
      expect(files.get("machine")?.text).toBe(`${MACHINES[node]}\n`);
      const name = `runs-${builder}-${platform.split("/")[1]}`;
      const printed = await runPod(namespace, { name, node, image, script: "cat /greeting /machine; uname -m" });
      expect(printed).toBe(`hello\n${MACHINES[node]}\n${MACHINES[node]}\n`);
    },
  );

  test("makisu builds on the node of arm64 from a base image of that platform", { tags: ["long"] }, async () => {
    const image = uniqueImage();
    const list = JSON.parse((await slipway(["imagetools", "inspect", "--raw", BUSYBOX])).stdout) as {
      readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string } }[];
    };
    const base = list.manifests.find(({ platform }) => platform.architecture === "arm64")?.digest;
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}@${base}\nRUN uname -m > /machine\n` });
    const flags = ["--builder=makisu", "--node-selector=kubernetes.io/arch=arm64"];
    await mustBuild(namespace, [...flags, "-t", image, root]);
    const { config, files } = await readImage(image);
    expect(config).toMatchObject({ os: "linux", architecture: "arm64" });
    expect(files.get("machine")?.text).toBe("aarch64\n");
  });
});

/** Builds that are to be on this node. Others of this file are there only one after the other. */
const ON_SECOND = "--node-selector=kubernetes.io/hostname=node-2";
const COUNTS = `FROM ${BUSYBOX}\nRUN for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo line $i; sleep 1; done\n`;

/** Does it once, when the build has printed this. */
function when<T>(line: RegExp, act: () => Promise<T>) {
  const done: Promise<T>[] = [];
  return {
    done,
    onStderr: (text: string): void => {
      if (done.length === 0 && line.test(text)) done.push(act());
    },
  };
}

describe("--isolate on a real node", () => {
  const namespace = useNamespace({ nodes: "all" });
  const other = useNamespace({ nodes: "all" });

  test(
    "another tenant's build waits, says why, and gets the node when the first build has ended",
    { tags: ["long"] },
    async () => {
      const root = await project({ Dockerfile: COUNTS });
      const args = ["--isolate", ON_SECOND, "--timeout=4m", "-t"];
      const started = when(printing("line 1"), () => mustBuild(other, [...args, uniqueImage(), root]));
      await mustBuild(namespace, [...args, uniqueImage(), root], { onStderr: started.onStderr });
      const [second] = await Promise.all(started.done);
      expect(second?.stderr).toMatch(
        /^=> waiting for a node: .*anti-affinity[^]*^=> starting the pod on node node-2$/m,
      );
    },
  );
});

describe("a volume that can be mounted on one node only", () => {
  const namespace = useNamespace({ nodes: "all", podSecurity: "privileged", rbac: ["--cache-volume"] });

  test(
    "the next build runs where its volume is; elsewhere it waits, and the error names the volume",
    { tags: ["long"] },
    async () => {
      const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN uname -m\n` });
      const args = ["--builder=buildkit", "--cache-volume=state", "-t", uniqueImage(), root];
      await mustBuild(namespace, [ON_SECOND, ...args]);
      const again = await mustBuild(namespace, args);
      expect(again.stderr).toMatch(/^=> starting the pod on node node-2$/m);
      expect(again.stderr).toMatch(/^#\d+ CACHED$/m);
      const elsewhere = await build(namespace, [
        "--node-selector=kubernetes.io/hostname=node-1",
        "--timeout=20s",
        ...args,
      ]);
      expect(elsewhere.code).not.toBe(0);
      expect(elsewhere.stderr).toMatch(/^ERROR: .*never got a node: .*PersistentVolume's node affinity/m);
      expect(elsewhere.stderr).toContain("  - The build's volume can be mounted on another node only");
    },
  );

  test("each of two platforms has a volume of its own, on its node", { tags: ["long"] }, async () => {
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN uname -m\n` });
    const both = ["--builder=buildkit", "--platform=linux/amd64,linux/arm64", "--cache-volume=two"];
    await mustBuild(namespace, [...both, "-t", uniqueImage(), root]);
    const again = await mustBuild(namespace, [...both, "-t", uniqueImage(), root]);
    expect(again.stderr.match(/^#\d+ CACHED$/gm)).toHaveLength(2);
    const claims = await kubectl(["get", "pvc", "-n", namespace.name, "-o", "name"]);
    expect(claims.trim().split("\n")).toEqual(
      expect.arrayContaining(["two-amd64", "two-arm64"].map((name) => `persistentvolumeclaim/${name}`)),
    );
  });
});

describe("a drained node", () => {
  const namespace = useNamespace({ nodes: "all" });

  test(
    "the build on it fails, says that the node was drained, and leaves nothing; built again, it runs elsewhere",
    { tags: ["long"] },
    async () => {
      const image = uniqueImage();
      const root = await project({
        Dockerfile: COUNTS,
        "pod.yaml": `metadata: {labels: {slipway.test/drained: ${namespace.name}}}\n`,
      });
      const before = await objectsIn(namespace.name);
      // Only this build: others may be on the node.
      const drain = [
        "drain",
        "node-2",
        "--delete-emptydir-data",
        `--pod-selector=slipway.test/drained=${namespace.name}`,
      ];
      const drained = when(printing("line 3"), () => kubectl(drain));
      const label = `--pod-template=${root}/pod.yaml`;
      try {
        const run = await build(namespace, [ON_SECOND, label, "-t", image, root], drained);
        await Promise.all(drained.done);
        expect([run.code, run.stderr]).toEqual([
          3,
          expect.stringMatching(/^ERROR: the build's pod on node-2 was terminated: it was evicted, .*drained/m),
        ]);
        expect(run.stderr).toContain("  - Build again");
        await expect.poll(() => objectsIn(namespace.name)).toEqual(before);
        const again = await mustBuild(namespace, ["--platform=linux/amd64", "-t", image, root]);
        expect(again.stderr).toMatch(/^=> starting the pod on node node-1$/m);
      } finally {
        await kubectl(["uncordon", "node-2"]);
      }
    },
  );
});
