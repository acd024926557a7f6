/** Which builds share the files that a kept builder has, and which share a cached context: by the kind of the context. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { keptServices } from "../../../../src/app/build/kept-services.ts";
import { gatherContext } from "../../../../src/plan/gather.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { archive } from "../../../conformance/builders/tar-archive.ts";
import { REQUEST, planOf } from "../../plan/sample.ts";
import { serveGit } from "../../plan/source/git-server.ts";
import type { GitServer } from "../../plan/source/git-server.ts";

const SIGNAL = new AbortController().signal;

/** Archives of files with the same names, sizes and times. */
const packed = (content: string): Buffer => archive({ Dockerfile: "FROM scratch\nCOPY f /\n", f: content });

let git: GitServer;
let served = packed("old");
const web = createServer((_request, response) => response.end(served));
let url = "";
beforeAll(async () => {
  git = await serveGit();
  git.add("/team/app.git", { Dockerfile: "FROM scratch\n", "sub/Dockerfile": "FROM scratch\n" });
  await new Promise<void>((resolve) => {
    web.listen(0, "127.0.0.1", resolve);
  });
  url = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
});
afterAll(() => {
  git.close();
  web.close();
});

async function planned(path: string, stdin: Buffer | string = ""): Promise<BuildPlan> {
  const outside = { stdin: () => Readable.from([Buffer.from(stdin)]), say: () => {}, signal: SIGNAL };
  return planOf({ tags: [] }, await gatherContext({ ...REQUEST, path }, outside), {});
}

function sharedKey(plan: BuildPlan): string {
  const cluster = { namespace: "team", read: () => Promise.reject(new Error("nothing is read")) };
  const inputs = { stores: [], secrets: new Map(), agents: new Map(), env: {}, emit: () => {}, signal: SIGNAL };
  return keptServices(plan, { cluster, ...inputs }).sharedKey;
}

/** Two builds in a row from the same place, with other files the second time. */
const PAIRS: Readonly<Record<string, () => Promise<readonly [BuildPlan, BuildPlan]>>> = {
  "an archive on standard input": async () => [await planned("-", packed("old")), await planned("-", packed("new"))],
  "an archive behind a URL": async () => {
    served = packed("old");
    const first = await planned(`${url}/a.tar?token=secret`);
    served = packed("new");
    return [first, await planned(`${url}/a.tar?token=other`)];
  },
  "a repository": async () => [await planned(`${git.url}/team/app.git`), await planned(`${git.url}/team/app.git`)],
  "a directory of a repository": async () => [
    await planned(`${git.url}/team/app.git#:sub`),
    await planned(`${git.url}/team/app.git?subdir=sub`),
  ],
};

describe.each(Object.entries(PAIRS))("%s", (kind, pair) => {
  it(`${kind} is not taken for the one of before by a kept builder`, async () => {
    const [first, second] = await pair();
    expect(sharedKey(first)).not.toBe(sharedKey(second));
  });

  it(`${kind} has the cached context of before, though the image has no name`, async () => {
    const [first, second] = await pair();
    expect(first.cacheName).toBe(second.cacheName);
  });
});

it("a kept builder is sent nothing again for the same archive", async () => {
  served = packed("old");
  const keys = [
    await planned("-", packed("old")),
    await planned("-", packed("old")),
    await planned(`${url}/a.tar`),
  ].map(sharedKey);
  expect(new Set(keys).size).toBe(1);
});

it("a Dockerfile on standard input has an empty context, which a kept builder has already", async () => {
  const [first, second] = [await planned("-", "FROM alpine\n"), await planned("-", "FROM scratch\n")];
  expect(sharedKey(first)).toBe(sharedKey(second));
});

it("the cached context of a build without a tag has the name of its source, without a password", async () => {
  const withPassword = `${url.replace("//", "//user:secret@")}/a.tar?token=secret`;
  const names = [
    await planned("-", packed("old")),
    await planned("-", "FROM alpine\n"),
    await planned(withPassword),
    await planned(`${git.url}/team/app.git`),
    await planned(`${git.url}/team/app.git#:sub`),
  ].map(({ cacheName }) => cacheName);
  expect(names).toEqual([
    process.cwd(),
    process.cwd(),
    `${url}/a.tar`,
    `${git.url}/team/app.git`,
    `${git.url}/team/app.git#:sub`,
  ]);
});
