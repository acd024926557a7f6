/** What a kept builder says when a build fails in a way that its own client would not get from it. */
import { expect, test } from "vitest";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { useKeepClient } from "./support/keep-client.ts";
import { project } from "./support/project.ts";

const { run, build, mustBuild } = useKeepClient();

/** The daemon sends the whole Dockerfile with its error, in a header that is too long for HTTP/2 in Node. */
const LONG = `${"#".repeat(79)}\n`.repeat(1300);
const FAILING = `FROM ${BUSYBOX}\n${LONG}RUN echo x > /x\nRUN false\n`;

test("a failure in a long Dockerfile is told with its line, as in a short one", async () => {
  const root = await project({ Dockerfile: FAILING });
  const { code, stderr } = await build([root]);
  expect(stderr).toContain("ERROR: Dockerfile line 1303: `RUN false` ended with exit code 1\n");
  expect(stderr).toContain("1303 | >>> RUN false\n");
  expect(code).toBe(1);
});

test("it does not end the other builds of the command", async () => {
  const root = await project({
    "bad/Dockerfile": FAILING,
    "good/Dockerfile": `FROM ${BUSYBOX}\nRUN sleep 4; echo good > /good\n`,
    "docker-bake.json": JSON.stringify({
      group: { default: { targets: ["good", "bad"] } },
      target: { good: { context: "good", output: ["type=cacheonly"] }, bad: { context: "bad" } },
    }),
  });
  const args = ["bake", "--keep", "10m", "--progress", "plain"];
  const { code, stderr } = await run(args, { cwd: root });
  expect(stderr).toMatch(/ERROR: target bad: .*Dockerfile line 1303: `RUN false` ended with exit code 1/);
  expect(stderr).not.toContain("the connection to the kept builder");
  expect(code).toBe(1);
});

test("a layer of a zstd image is gzip in the next one, whose media types are docker's", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY f /f\n`, f: "1" });
  const image = uniqueImage();
  const layers = async (): Promise<string[]> => {
    const answer = await fetch(`http://${image.replace("/", "/v2/")}/manifests/latest`, {
      headers: {
        accept: "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json",
      },
    });
    return ((await answer.json()) as { layers: { mediaType: string }[] }).layers.map(({ mediaType }) => mediaType);
  };
  await mustBuild(["-o", `type=registry,name=${image},compression=zstd`, root]);
  expect((await layers()).at(-1)).toBe("application/vnd.oci.image.layer.v1.tar+zstd");
  await mustBuild(["-t", image, root]);
  expect(new Set(await layers())).toEqual(new Set(["application/vnd.docker.image.rootfs.diff.tar.gzip"]));
});
