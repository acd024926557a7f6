/**
 * Slipway never calls home: it connects to the API server of the user's kubeconfig and to the registry of the user's images, and asks no name server,
 * as both are addresses here. Commands that find neither are test/unit/cli/connections.test.ts.
 */
import { readFile } from "node:fs/promises";
import { load } from "js-yaml";
import { expect, test } from "vitest";
import { traced } from "../unit/support/connections.ts";
import type { Traced } from "../unit/support/connections.ts";
import { BUSYBOX, REGISTRY, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { PROGRAM } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--manage", "--keep"] });

interface Kubeconfig {
  readonly clusters: readonly { readonly cluster: { readonly server: string } }[];
}

/** @returns address and port of the API server that the kubeconfig names */
async function apiServer(): Promise<string> {
  const { clusters } = load(await readFile(namespace.kubeconfig, "utf8")) as Kubeconfig;
  const { hostname, port } = new URL(clusters[0]?.cluster.server ?? "");
  return `${hostname}:${port}`;
}

/** @throws Error with the command's output if it fails */
async function mustTrace(args: readonly string[]): Promise<Traced> {
  const env = { ...process.env, KUBECONFIG: namespace.kubeconfig, NO_COLOR: "1" };
  const [command, ...first] = PROGRAM;
  const run = await traced(command, [...first, ...args], { env });
  if (run.code !== 0) throw new Error(`slipway ${args.join(" ")} ended with ${run.code}:\n${run.stdout}${run.stderr}`);
  return run;
}

test("a build, and the commands that look at it, connect to the API server and the registry, and to nothing else", async () => {
  const image = uniqueImage();
  const context = await project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY a /a\nRUN cat /a\n`, a: "a\n" });
  const cluster = await apiServer();
  const both = [cluster, REGISTRY].toSorted();
  const built = await mustTrace(["build", "-n", namespace.name, "-t", image, context]);
  expect(built.connections).toEqual(both);
  const id = /slipway-[\w-]+/.exec(built.stderr)?.[0] ?? "";
  const inNamespace = ["-n", namespace.name];
  const lines: readonly (readonly [args: readonly string[], connects: readonly string[]])[] = [
    [["ps", "-a", ...inNamespace], [cluster]],
    [["logs", id, ...inNamespace], [cluster]],
    [["inspect", id, ...inNamespace], [cluster]],
    // It reads the image that was pushed.
    [["wait", id, ...inNamespace], both],
    [["rm", id, ...inNamespace], [cluster]],
    [["imagetools", "inspect", image], [REGISTRY]],
    [["push", image], [REGISTRY]],
    [["tag", image, `${image}:2`], [REGISTRY]],
  ];
  for (const [args, connects] of lines) {
    const { connections } = await mustTrace(args);
    expect([args, connections]).toEqual([args, connects]);
  }
});

test("doctor, whose pod tries the registry, connects to the API server and to nothing else", async () => {
  const { connections } = await mustTrace(["doctor", "-n", namespace.name, "-t", uniqueImage()]);
  expect(connections).toEqual([await apiServer()]);
});

test.each(["kaniko", "buildkit"])(
  "a build of %s with provenance, the SBOM that slipway makes, and a cache connects to nothing more",
  { tags: ["long"] },
  async (builder) => {
    const context = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    // BuildKit's own SBOM is made by an image of Docker Hub's, which its pod pulls.
    const more = ["--provenance=true", ...(builder === "kaniko" ? ["--sbom=true"] : []), "--cache"];
    const args = ["build", "-n", namespace.name, "--builder", builder, ...more, "-t", uniqueImage(), context];
    expect((await mustTrace(args)).connections).toEqual([await apiServer(), REGISTRY].toSorted());
  },
);

test("a build in a kept builder, and its end, connect to nothing more", { tags: ["long"] }, async () => {
  const context = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const cluster = await apiServer();
  const keep = ["build", "-n", namespace.name, "--keep", "5m", "-t", uniqueImage(), context];
  const { connections } = await mustTrace(keep);
  // The builder tells the digest of what it pushed, so the registry may not be asked.
  expect([[cluster], [cluster, REGISTRY].toSorted()]).toContainEqual(connections);
  const stop = ["keep", "stop", "--all", "-n", namespace.name];
  expect((await mustTrace(stop)).connections).toEqual([cluster]);
});
