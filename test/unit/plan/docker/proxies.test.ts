import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { readProxies, withImplied } from "../../../../src/plan/docker/proxies.ts";

async function configuration(content: string): Promise<Record<string, string>> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-proxies-"));
  onTestFinished(() => rm(directory, { recursive: true }));
  await writeFile(join(directory, "config.json"), content);
  return { DOCKER_CONFIG: directory };
}

describe("the proxies of docker's configuration", () => {
  it("become build arguments in upper and lower case", async () => {
    const env = await configuration('{"proxies":{"default":{"httpProxy":"http://p:1","noProxy":"a,b"}}}');
    expect(await readProxies(env)).toEqual({
      HTTP_PROXY: "http://p:1",
      http_proxy: "http://p:1",
      NO_PROXY: "a,b",
      no_proxy: "a,b",
    });
  });

  it("proxies of another engine are selected by DOCKER_HOST", async () => {
    const env = await configuration('{"proxies":{"default":{"httpProxy":"d"},"tcp://e":{"httpsProxy":"s"}}}');
    expect(await readProxies({ ...env, DOCKER_HOST: "tcp://e" })).toEqual({ HTTPS_PROXY: "s", https_proxy: "s" });
  });

  it("an unreadable configuration has no proxies", async () => {
    expect(await readProxies({ DOCKER_CONFIG: "/nowhere" })).toEqual({});
    expect(await readProxies(await configuration("{"))).toEqual({});
  });

  it("do not replace the user's arguments, in any case", () => {
    const proxies = { HTTP_PROXY: "p", http_proxy: "p", NO_PROXY: "n", no_proxy: "n" };
    expect(withImplied([["http_proxy", "mine"]], proxies, {})).toEqual([
      ["http_proxy", "mine"],
      ["NO_PROXY", "n"],
      ["no_proxy", "n"],
    ]);
  });

  it("include SOURCE_DATE_EPOCH if the user does not give it", () => {
    expect(withImplied([], {}, { SOURCE_DATE_EPOCH: "1" })).toEqual([["SOURCE_DATE_EPOCH", "1"]]);
    expect(withImplied([["SOURCE_DATE_EPOCH", "2"]], {}, { SOURCE_DATE_EPOCH: "1" })).toEqual([
      ["SOURCE_DATE_EPOCH", "2"],
    ]);
  });
});
