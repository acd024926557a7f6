/** A context kept on a volume: what changed travels, what is built is right, and it is listed and removed. */
import { randomBytes } from "node:crypto";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { leastKubeconfig, removeKubeconfig } from "./support/least.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage, sha256 } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

const namespace = useNamespace();

beforeAll(async () => {
  await removeKubeconfig(namespace.kubeconfig);
  namespace.kubeconfig = await leastKubeconfig(namespace.name, ["--transport", "cache", "--manage"]);
});

afterAll(async () => {
  await kubectl(["delete", "pvc", "--all", "-n", namespace.name, "--wait=false"]);
});

interface Said {
  readonly type: string;
  readonly stage?: string;
  readonly bytes?: number;
  readonly detail?: string;
}

const done = (stderr: string, stage: string): Said | undefined =>
  stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as Said)
    .find((event) => event.type === "stage-done" && event.stage === stage);

async function cached(root: string, image: string, ...more: readonly string[]) {
  const args = ["--transport", "cache", "--volume-size", "100Mi", "--cache-name", "app", "--progress", "json", ...more];
  const { stderr } = await mustBuild(namespace, [...args, "-t", image, root]);
  return { stderr, pack: done(stderr, "pack"), ship: done(stderr, "ship"), files: (await readImage(image)).files };
}

test("the second build sends only changes and repairs damage, and the volume is listed and removed", async () => {
  const keep = randomBytes(3_000_000);
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nCOPY . /all\n`,
    "keep.bin": keep,
    "a/b.txt": "1",
    gone: "1",
  });
  const first = await cached(root, uniqueImage());
  expect(first.pack?.detail).toMatch(/^all 5 entries, /);
  expect(first.ship?.bytes).toBeGreaterThan(3_000_000);

  await writeFile(join(root, "a/b.txt"), "two");
  await rm(join(root, "gone"));
  const second = await cached(root, uniqueImage());
  expect(second.pack?.detail).toMatch(/^1 of 4 entries changed, 3 B, /);
  expect(second.ship?.bytes).toBeLessThan(30_000);
  expect(second.files.get("all/keep.bin")?.sha256).toBe(sha256(keep));
  expect(second.files.get("all/a/b.txt")?.sha256).toBe(sha256(Buffer.from("two")));
  expect(second.files.has("all/gone")).toBe(false);

  const env = { KUBECONFIG: namespace.kubeconfig };
  // The pod of a build that has just ended counts as its user for a moment.
  const listed = async () => (await slipway(["cache", "ls", "-n", namespace.name], { env })).stdout;
  await expect.poll(listed).toMatch(/^app +slipway-context-app-[0-9a-f]{10} +100Mi +Bound +.* -$/m);

  const claim = (await slipway(["cache", "ls", "-q", "-n", namespace.name], { env })).stdout.trim();
  await spoil(claim);
  const third = await cached(root, uniqueImage());
  expect(third.pack?.detail).toMatch(/^all 4 entries, /);
  expect(third.files.get("all/keep.bin")?.sha256).toBe(sha256(keep));

  const removing = async () => (await slipway(["cache", "rm", "app", "-n", namespace.name], { env })).stdout;
  await expect.poll(removing).toBe(`${claim}\n`);
});

test("builders that run as another user have their own volume", { tags: ["long"] }, async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY a /a\n`, a: "1" });
  await cached(root, uniqueImage(), "--builder", "buildkit");
  await writeFile(join(root, "a"), "2");
  const { files, pack } = await cached(root, uniqueImage(), "--builder", "buildkit");
  expect(pack?.detail).toMatch(/^1 of 2 entries changed/);
  expect(files.get("a")?.sha256).toBe(sha256(Buffer.from("2")));
});

/** Something else writes to the volume. */
async function spoil(claim: string): Promise<void> {
  const overrides = {
    spec: {
      containers: [
        {
          name: "spoil",
          image: process.env["SLIPWAY_HELPER_IMAGE"],
          command: ["sh", "-c", "echo spoiled >> /volume/cache/tree/context/keep.bin"],
          volumeMounts: [{ name: "volume", mountPath: "/volume" }],
        },
      ],
      volumes: [{ name: "volume", persistentVolumeClaim: { claimName: claim } }],
    },
  };
  const args = [
    "run",
    "spoil",
    "-n",
    namespace.name,
    "--image=x",
    "--restart=Never",
    `--overrides=${JSON.stringify(overrides)}`,
  ];
  await kubectl(args);
  await kubectl([
    "wait",
    "-n",
    namespace.name,
    "--for=jsonpath={.status.phase}=Succeeded",
    "--timeout=120s",
    "pod/spoil",
  ]);
}
