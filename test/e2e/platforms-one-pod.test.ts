/** An image of two platforms from one pod: the Dockerfile cross-compiles, so one node is enough. */
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

const namespace = useNamespace();
const BOTH = "--platform=linux/amd64,linux/arm64";
const CROSS = `FROM --platform=$BUILDPLATFORM ${BUSYBOX} AS build
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
COPY --from=build /arch /arch
`;

test("every tag names one index of both images, each with its own files", async () => {
  const [image, other] = [uniqueImage(), uniqueImage()];
  const args = ["--builder=buildkit", BOTH, "-t", image, "-t", other, await project({ Dockerfile: CROSS })];
  const { stderr } = await mustBuild(namespace, args);
  expect(stderr).toContain("=> one pod builds linux/amd64 and linux/arm64");
  const { stdout } = await slipway(["imagetools", "inspect", "--raw", image]);
  expect((await slipway(["imagetools", "inspect", "--raw", other])).stdout).toBe(stdout);
  const { manifests } = JSON.parse(stdout) as {
    readonly manifests: readonly { readonly digest: string; readonly platform: { readonly architecture: string } }[];
  };
  const read = manifests.map(async ({ digest, platform }) => {
    const { files } = await readImage(`${image}@${digest}`);
    return [platform.architecture, files.get("arch")?.text.trim()];
  });
  expect(await Promise.all(read)).toEqual([
    ["amd64", "amd64"],
    ["arm64", "arm64"],
  ]);
});
