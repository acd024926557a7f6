/** A platform that no node has, for a user who may not list nodes: the scheduler's word ends the build. */
import { expect, test } from "vitest";
import { build, uniqueImage } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { WAIT } from "./support/wait.ts";

const builds = useNamespace();
const kept = useNamespace({ rbac: ["--keep"] });
// Of the fifteen seconds that a service which adds nodes has.
const SOON = { SLIPWAY_LIMIT_NO_NODE_MS: "2s" };

const ROWS: readonly (readonly [title: string, builder: BuilderName, platform: string, flags: readonly string[]])[] = [
  ["kaniko", "kaniko", "linux/s390x", []],
  ["buildkit", "buildkit", "linux/arm/v5", []],
  ["buildah", "buildah", "linux/s390x", []],
  ["img", "img", "linux/s390x", []],
  ["a kept builder", "buildkit", "linux/s390x", ["--keep=5m"]],
  ["one of two pods", "kaniko", "linux/amd64,linux/s390x", []],
];

test.each(ROWS)(
  "%s: %s for %s ends with one sentence and leaves nothing",
  { tags: ["long"] },
  async (_, name, platform, flags) => {
    const namespace = flags.length === 0 ? builds : kept;
    const { registry, flags: own } = testBuilder(name);
    const root = await project({ Dockerfile: "FROM scratch\nCOPY Dockerfile /\n" });
    const made = await madeFromNow(namespace.name);
    const args = [...own, ...flags, `--platform=${platform}`, "-t", uniqueImage(registry), root];
    const { code, stdout, stderr } = await build(namespace, args, { env: SOON });
    const arch = platform.includes("arm") ? "arm" : "s390x";
    const sentence = `the cluster has no node of linux/${arch} for the build's pod: 0/\\d+ nodes are available: .*`;
    expect([code, stdout, stderr]).toEqual([3, "", expect.stringMatching(new RegExp(`^ERROR: .*${sentence}$`, "m"))]);
    expect(stderr.match(/^ERROR/gm)).toHaveLength(1);
    expect(stderr).toMatch(/^ {2}- .*--platform/m);
    expect(stderr).toMatch(/^ {2}- .*emulate/m);
    // The other platform's build has ended, and can be looked at for a while.
    const left = async () => (await made()).filter((one) => !one.includes("-amd64"));
    await expect.poll(left, WAIT).toEqual([]);
  },
);
