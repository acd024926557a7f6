/** Images of 32-bit ARM, a platform with a variant: built on the node of arm64, whose kernel runs such programs, as many do. */
import { execFileSync } from "node:child_process";
import { copyFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { useNodes } from "./support/nodes.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

useNodes();
const namespace = useNamespace({ nodes: "all", podSecurity: "privileged" });
const ARM32 = new URL("../cluster/arm32", import.meta.url).pathname;
const ON_ARM64 = "spec: { nodeSelector: { kubernetes.io/arch: arm64 } }\n";
/** An index of busybox for arm64 and arm/v7. */
const base = uniqueImage();

interface Child {
  readonly digest: string;
  readonly platform: { readonly os: string; readonly architecture: string; readonly variant?: string };
}

const childrenOf = async (image: string): Promise<readonly Child[]> => {
  const { stdout } = await slipway(["imagetools", "inspect", "--raw", image]);
  return (JSON.parse(stdout) as { readonly manifests: readonly Child[] }).manifests;
};

let made: Promise<void> | undefined;
const makeBase = async (): Promise<void> => {
  const busybox = execFileSync(ARM32, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  const copies = ["busybox", "sh", "uname"].map((name) => `COPY busybox /bin/${name}\n`).join("");
  const root = await project({ Dockerfile: `FROM scratch\n${copies}ENV PATH=/bin\n`, "pod.yaml": ON_ARM64 });
  await copyFile(busybox, join(root, "busybox"));
  const image = uniqueImage();
  await mustBuild(namespace, ["--platform=linux/arm/v7", `--pod-template=${root}/pod.yaml`, "-t", image, root]);
  const { code, output } = await slipway(["imagetools", "create", "-t", base, image, BUSYBOX]);
  if (code !== 0) throw new Error(output);
};

test.each(["kaniko", "buildkit"])(
  "%s: RUN runs programs of arm64 and of arm/v7, and the index names the variant",
  { tags: ["long"] },
  async (builder) => {
    await (made ??= makeBase());
    const image = uniqueImage();
    const root = await project({ Dockerfile: `FROM ${base}\nRUN uname -m > /arch\n`, "pod.yaml": ON_ARM64 });
    const flags = [`--builder=${builder}`, "--platform=linux/arm64,linux/arm/v7", `--pod-template=${root}/pod.yaml`];
    await mustBuild(namespace, [...flags, "-t", image, root]);
    const children = await childrenOf(image);
    expect(children.map(({ platform }) => platform)).toEqual([
      { architecture: "arm64", os: "linux" },
      { architecture: "arm", os: "linux", variant: "v7" },
    ]);
    const read = children.map(async ({ digest }) => (await readImage(`${image}@${digest}`)).files.get("arch")?.text);
    expect(await Promise.all(read)).toEqual(["aarch64\n", "armv7l\n"]);
    // Byte for byte what `imagetools create` makes of the images, which is held against buildx.
    const { stdout } = await slipway(["imagetools", "inspect", "--raw", image]);
    const sources = children.map(({ digest }) => `${image}@${digest}`);
    expect((await slipway(["imagetools", "create", "--dry-run", ...sources])).stdout.trim()).toBe(stdout.trim());
  },
);
