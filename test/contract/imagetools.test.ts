/** `slipway imagetools` against the real `docker buildx imagetools`: the same bytes, or both refuse. */
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, writeFile } from "node:fs/promises";
import { connect, createServer } from "node:net";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { environment } from "../e2e/support/build.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { compiled } from "../e2e/support/compiled.ts";

const BUILDX = compiled("buildx", "buildx");
const [HOST = "", PORT = ""] = environment("REGISTRY").split(":");
const OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json";
const OCI_INDEX = "application/vnd.oci.image.index.v1+json";

/** buildx asks a registry without TLS only on the local host. */
const server = createServer((client) => {
  const registry = connect(Number(PORT), HOST);
  client.on("error", () => registry.destroy()).pipe(registry);
  registry.on("error", () => client.destroy()).pipe(client);
});
const here = { repository: "", work: "" };

beforeAll(async () => {
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  here.repository = `127.0.0.1:${port}/imagetools/${Date.now().toString(36)}`;
  here.work = await mkdtemp(join(tmpdir(), "slipway-imagetools-"));
  const images = [];
  for (const [tag, platform] of [
    ["amd64", { architecture: "amd64", os: "linux" }],
    ["arm64", { architecture: "arm64", os: "linux", variant: "v8" }],
    ["arm", { architecture: "arm", os: "linux" }],
  ] as const) {
    images.push({ ...(await pushImage(tag, platform)), platform });
  }
  const [amd64] = images;
  const attestation = {
    ...(await pushImage("attestation", { architecture: "unknown", os: "unknown" })),
    platform: { architecture: "unknown", os: "unknown" },
    annotations: {
      "vnd.docker.reference.digest": amd64?.digest ?? "",
      "vnd.docker.reference.type": "attestation-manifest",
    },
  };
  await put(
    "manifests/index",
    OCI_INDEX,
    JSON.stringify({ schemaVersion: 2, mediaType: OCI_INDEX, manifests: [...images, attestation] }),
  );
  await writeFile(join(here.work, "descriptor.json"), JSON.stringify({ ...amd64, annotations: { own: "1" } }));
});

afterAll(() => void server.close());

async function put(path: string, type: string, body: string): Promise<void> {
  const [host = "", ...rest] = here.repository.split("/");
  const url = `http://${host}/v2/${rest.join("/")}/${path}`;
  const answer = await fetch(url, { method: "PUT", headers: { "content-type": type }, body });
  if (!answer.ok) throw new Error(`${url}: ${answer.status} ${await answer.text()}`);
}

async function pushBlob(text: string): Promise<{ digest: string; size: number }> {
  const [host = "", ...rest] = here.repository.split("/");
  const digest = `sha256:${createHash("sha256").update(text).digest("hex")}`;
  const begun = await fetch(`http://${host}/v2/${rest.join("/")}/blobs/uploads/`, { method: "POST" });
  const at = new URL(begun.headers.get("location") ?? "", `http://${host}`);
  at.searchParams.set("digest", digest);
  await fetch(at, { method: "PUT", headers: { "content-type": "application/octet-stream" }, body: text });
  return { digest, size: text.length };
}

async function pushImage(tag: string, platform: object): Promise<{ mediaType: string; digest: string; size: number }> {
  const config = {
    mediaType: "application/vnd.oci.image.config.v1+json",
    ...(await pushBlob(JSON.stringify({ ...platform, tag }))),
  };
  const layer = { mediaType: "application/vnd.oci.image.layer.v1.tar", ...(await pushBlob(`layer of ${tag}`)) };
  const text = JSON.stringify({ schemaVersion: 2, mediaType: OCI_MANIFEST, config, layers: [layer] });
  await put(`manifests/${tag}`, OCI_MANIFEST, text);
  return {
    mediaType: OCI_MANIFEST,
    digest: `sha256:${createHash("sha256").update(text).digest("hex")}`,
    size: text.length,
  };
}

interface Answer {
  readonly isRefused: boolean;
  readonly stdout: string;
}

async function both(args: readonly string[]): Promise<readonly [ours: Answer, theirs: Answer]> {
  const filled = args.map((arg) => arg.replaceAll("REPO", here.repository).replaceAll("WORK", here.work));
  const ours = slipway(["imagetools", ...filled]).then(({ code, stdout }) => ({ isRefused: code !== 0, stdout }));
  const env = { ...process.env, BUILDX_CONFIG: here.work, DOCKER_CONFIG: here.work };
  const theirs = new Promise<Answer>((resolve) => {
    execFile(BUILDX, ["imagetools", ...filled], { env }, (error, stdout) =>
      resolve({ isRefused: error !== null, stdout }),
    );
  });
  return Promise.all([ours, theirs]);
}

test.each<readonly [title: string, args: readonly string[]]>([
  ["one image", ["create", "--dry-run", "REPO:arm"]],
  ["one image as it is", ["create", "--dry-run", "--prefer-index=false", "REPO:arm64"]],
  ["three images", ["create", "--dry-run", "REPO:amd64", "REPO:arm64", "REPO:arm"]],
  ["an index", ["create", "--dry-run", "REPO:index"]],
  ["an index and one of its images", ["create", "--dry-run", "REPO:index", "REPO:arm64"]],
  ["an index with one platform", ["create", "--dry-run", "--platform", "linux/amd64", "REPO:index"]],
  ["an index with two platforms", ["create", "--dry-run", "-p", "linux/arm/v7,linux/arm64", "REPO:index"]],
  ["a platform that is not there", ["create", "--dry-run", "-p", "linux/s390x", "REPO:index"]],
  [
    "annotations",
    [
      "create",
      "--dry-run",
      "--annotation",
      "index:a=<1&2>",
      "--annotation",
      "manifest-descriptor[linux/amd64]:b=2",
      "REPO:amd64",
      "REPO:arm64",
    ],
  ],
  ["an annotation of a manifest", ["create", "--dry-run", "--annotation", "a=1", "REPO:amd64"]],
  [
    "a descriptor with annotations from a file",
    ["create", "--dry-run", "-t", "REPO:new", "-f", "WORK/descriptor.json"],
  ],
  ["a source that is not there", ["create", "--dry-run", "REPO:nothing"]],
  ["no source", ["create", "--dry-run"]],
  ["no tag", ["create", "REPO:amd64"]],
  ["inspect an image", ["inspect", "REPO:amd64"]],
  ["inspect an index", ["inspect", "REPO:index"]],
  ["the bytes of an index", ["inspect", "--raw", "REPO:index"]],
  ["a digest", ["inspect", "--format", "{{.Manifest.Digest}}", "REPO:index"]],
  ["the manifest of an index as JSON", ["inspect", "--format", "{{json .Manifest}}", "REPO:index"]],
])("%s: as buildx", async (_, args) => {
  const [ours, theirs] = await both(args);
  expect({ ...ours, stdout: sortedAnnotations(ours.stdout) }).toEqual({
    ...theirs,
    stdout: theirs.isRefused ? "" : sortedAnnotations(theirs.stdout),
  });
});

/** Buildx prints the annotations of an image in the order of a Go map: another one each time. */
function sortedAnnotations(printed: string): string {
  return printed.replaceAll(
    /(?:^ {4,}\S+: +\S+\n)+/gm,
    (lines) => lines.split("\n").slice(0, -1).sort().join("\n") + "\n",
  );
}

test("what is pushed is what buildx pushes", async () => {
  const [ours] = await both(["create", "-t", "REPO/ours:1", "REPO:index", "REPO:arm"]);
  expect(ours.isRefused).toBe(false);
  const [pushed, expected] = await both(["inspect", "--raw", "REPO/ours:1"]);
  expect(pushed).toEqual(expected);
  const [listed] = await both(["create", "--dry-run", "REPO:index", "REPO:arm"]);
  expect(`${pushed.stdout}\n`).toBe(listed.stdout);
});
