import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { readBaseImage } from "../../../../src/lib/registry/base-image.ts";

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

it("a base image is read by its manifest, through redirects", async () => {
  answers["manifests/1"] = { config: { digest: "sha256:c" } };
  answers["blobs/sha256:c"] = { redirect: "/elsewhere/c?signed" };
  answers["/elsewhere/c?signed"] = config({ Env: ["A=b"], OnBuild: ["COPY . /src"] });
  expect(await read()).toEqual({ env: ["A=b"], onBuild: ["COPY . /src"] });
  expect(authorizations).toEqual([undefined]);
});

it("a multi-platform base image combines all platforms, without attestations", async () => {
  answers["manifests/1"] = {
    manifests: [
      { digest: "sha256:m1", platform: { os: "linux", architecture: "amd64" } },
      { digest: "sha256:m2", platform: { os: "linux", architecture: "arm64" } },
      { digest: "sha256:m3", platform: { os: "unknown", architecture: "unknown" } },
    ],
  };
  answers["manifests/sha256:m1"] = { config: { digest: "sha256:c1" } };
  answers["manifests/sha256:m2"] = { config: { digest: "sha256:c2" } };
  answers["blobs/sha256:c1"] = config({ Env: ["A=b"], OnBuild: null });
  answers["blobs/sha256:c2"] = config({ Env: ["A=b"], OnBuild: ["RUN true"] });
  expect(await read()).toEqual({ env: ["A=b"], onBuild: ["RUN true"] });
});

it.each<[why: string, answers: Record<string, Answer>, message: RegExp]>([
  ["there is no such image", {}, /answered 404/],
  ["the manifest is none", { "manifests/1": { errors: [] } }, /not an image/],
  [
    "the configuration is none",
    { "manifests/1": { config: { digest: "sha256:c" } }, "blobs/sha256:c": {} },
    /not an image/,
  ],
  [
    "the variables are none",
    { "manifests/1": { config: { digest: "sha256:c" } }, "blobs/sha256:c": config({ Env: 1 }) },
    /not an image/,
  ],
  [
    "it leads in circles",
    {
      "manifests/1": { config: { digest: "sha256:c" } },
      "blobs/sha256:c": { redirect: "/v2/team/base/blobs/sha256:c" },
    },
    /redirects too many times/,
  ],
])("is not known when %s", async (_, given, message) => {
  answers = given;
  await expect(read()).rejects.toThrow(message);
});
