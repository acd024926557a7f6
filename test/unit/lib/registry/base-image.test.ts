import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { asBaseImage, manifestsOf, readBaseImage } from "../../../../src/lib/registry/base-image.ts";
import { digestOf } from "../../../../src/lib/registry/digest.ts";

type Answer = object | { redirect: string };

let server: Server;
let host: string;
/** By path below the repository. */
let answers: Record<string, Answer>;
let authorizations: (string | undefined)[];

beforeEach(async () => {
  answers = {};
  authorizations = [];
  server = createServer(({ url = "", headers }, response) => {
    const answer = answers[url.replace("/v2/team/base/", "")];
    if (url.startsWith("/elsewhere")) authorizations.push(headers.authorization);
    if (answer === undefined) response.writeHead(404).end();
    else if ("redirect" in answer) response.writeHead(307, { location: answer.redirect }).end();
    else response.writeHead(200).end(JSON.stringify(answer));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

function read() {
  const reference = new Reference({ registry: host, repository: "team/base", tag: "1" });
  return readBaseImage(reference, { insecure: [], credential: async () => undefined, timeout: 5000 });
}

const config = (value: object | null) => ({ rootfs: { type: "layers" }, config: value });
const digestOfJson = (value: object): string => digestOf(JSON.stringify(value));

/** The answers for an image with this configuration, under the tag 1. */
function imageWith(content: object): Record<string, Answer> {
  const digest = digestOfJson(content);
  return { "manifests/1": { config: { digest } }, [`blobs/${digest}`]: content };
}

it("a base image is read by its manifest, through redirects", async () => {
  const content = config({ Env: ["A=b"], OnBuild: ["COPY . /src"] });
  answers = { ...imageWith(content), [`blobs/${digestOfJson(content)}`]: { redirect: "/elsewhere/c?signed" } };
  answers["/elsewhere/c?signed"] = content;
  expect(await read()).toEqual({ env: ["A=b"], onBuild: ["COPY . /src"] });
  expect(authorizations).toEqual([undefined]);
});

it("a multi-platform base image combines all platforms, without attestations", async () => {
  const configs = [config({ Env: ["A=b"], OnBuild: null }), config({ Env: ["A=b"], OnBuild: ["RUN true"] })];
  const children = configs.map((content) => ({ config: { digest: digestOfJson(content) } }));
  const platforms = ["amd64", "arm64"].map((architecture) => ({ os: "linux", architecture }));
  answers["manifests/1"] = {
    manifests: [
      ...children.map((child, index) => ({ digest: digestOfJson(child), platform: platforms[index] })),
      { digest: digestOf("x"), platform: { os: "unknown", architecture: "unknown" } },
    ],
  };
  for (const child of children) answers[`manifests/${digestOfJson(child)}`] = child;
  for (const content of configs) answers[`blobs/${digestOfJson(content)}`] = content;
  expect(await read()).toEqual({ env: ["A=b"], onBuild: ["RUN true"] });
});

const NOWHERE = digestOf("x");

it.each<[why: string, answers: Record<string, Answer>, message: RegExp]>([
  ["there is no such image", {}, /answered 404/],
  ["the manifest is none", { "manifests/1": { errors: [] } }, /not an image/],
  ["the configuration is none", imageWith({}), /not an image/],
  ["the variables are none", imageWith(config({ Env: 1 })), /not an image/],
  [
    "it leads in circles",
    {
      "manifests/1": { config: { digest: NOWHERE } },
      [`blobs/${NOWHERE}`]: { redirect: `/v2/team/base/blobs/${NOWHERE}` },
    },
    /redirects too many times/,
  ],
])("is not known when %s", async (_, given, message) => {
  answers = given;
  await expect(read()).rejects.toThrow(message);
});

it.each<[string, unknown]>([
  ["null", null],
  ["a list with null", { manifests: [null] }],
  ["a number", 1],
])("an answer that is %s is refused in a sentence", (_, answer) => {
  expect(() => manifestsOf(answer)).toThrow(/^it is not an image$/);
  expect(() => asBaseImage(answer)).toThrow(/^it is not an image$/);
});
