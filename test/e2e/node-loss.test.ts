/** A node is lost in mid-build: its cable is pulled, and for the cluster and the build it is gone until the cable is back. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { BUSYBOX, build, uniqueImage } from "./support/build.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { useNodes } from "./support/nodes.ts";
import { project } from "./support/project.ts";
import { readText } from "./support/registry.ts";
import { printing } from "./support/step-lines.ts";
import { WAIT } from "./support/wait.ts";

useNodes();
const namespace = useNamespace({ nodes: "all" });
const CABLE = new URL("../cluster/cable", import.meta.url).pathname;
const cable = (way: "out" | "in"): Promise<unknown> => promisify(execFile)(CABLE, [way, "node-2", "node-3"]);

/** It goes on for longer than the cluster takes to give a node up. */
const COUNTS = `FROM ${BUSYBOX}\nRUN for i in $(seq 600); do echo line $i of $(uname -m); sleep 1; done\n`;
/** The cluster's own is five minutes. */
const GIVES_UP_SOON = `spec:
  tolerations: [{ key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: 5 }]
`;

test(
  "builds on lost nodes end with one sentence that names the node, no tag names their images, and nothing is left",
  { tags: ["long"], timeout: 900_000 },
  async () => {
    const root = await project({ Dockerfile: COUNTS, "pod.yaml": GIVES_UP_SOON });
    const made = await madeFromNow(namespace.name);
    const [one, both] = [uniqueImage(), uniqueImage()];
    const args = [`--pod-template=${root}/pod.yaml`, "--timeout=9m"];
    const running = { one: Promise.withResolvers<void>(), both: Promise.withResolvers<void>() };
    const seeing = (line: RegExp, seen: () => void) => ({
      onStderr: (text: string): void => {
        if (line.test(text)) seen();
      },
    });
    const builds = [
      build(
        namespace,
        [...args, "--node-selector=kubernetes.io/hostname=node-2", "-t", one, root],
        seeing(printing("line 3 of x86_64"), running.one.resolve),
      ),
      build(
        namespace,
        [...args, "--platform=linux/amd64,linux/arm64", "-t", both, root],
        seeing(printing("line 3 of aarch64"), running.both.resolve),
      ),
    ] as const;
    try {
      // A build that ends now has failed for another reason, which is seen below.
      await Promise.race([Promise.all([running.one.promise, running.both.promise]), ...builds]);
      await cable("out");
      const [ofOne, ofBoth] = await Promise.all(builds);
      const lost = "the build's pod on node-\\d was terminated: its node was lost";
      expect([ofOne.code, ofOne.stderr]).toEqual([3, expect.stringMatching(new RegExp(`^ERROR: ${lost}`, "m"))]);
      expect([ofBoth.code, ofBoth.stderr]).toEqual([
        3,
        expect.stringMatching(new RegExp(`^ERROR: linux/(?:amd64|arm64): ${lost}`, "m")),
      ]);
      for (const [{ stderr }, node] of [
        [ofOne, "node-2"],
        [ofBoth, "node-3"],
      ] as const) {
        expect(stderr).toContain(`${node} does not answer`);
        expect(stderr).toContain("  - Build again");
        expect(stderr.match(/^ERROR/gm)).toHaveLength(1);
      }
    } finally {
      await cable("in");
    }
    for (const image of [one, both]) await expect(readText(image, "tags/list")).rejects.toThrow("answered 404");
    await expect.poll(made, WAIT).toEqual([]);
  },
);
