/** The question of `bake` for privileges, and the switches that turn the check off. */
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agreeTo, planOf, readBakeDefinition, splitNames } from "../../../../src/cli/bake/read-plan.ts";
import type { ReadRequest } from "../../../../src/cli/bake/read-plan.ts";

let directory = "";
beforeAll(() => {
  directory = realpathSync(mkdtempSync(join(tmpdir(), "slipway-agree-")));
  writeFileSync(
    join(directory, "docker-bake.json"),
    JSON.stringify({
      target: {
        default: { context: "../elsewhere" },
        node: { network: "host" },
        plain: {},
      },
    }),
  );
});
afterAll(() => rmSync(directory, { recursive: true, force: true }));

async function agree(name: string, given: Partial<ReadRequest> = {}, answer?: string): Promise<string> {
  const request: ReadRequest = {
    files: [],
    variables: [],
    allow: [],
    env: {},
    directory,
    commandContext: "cwd://",
    fetchRemote: () => Promise.reject(new Error("not remote")),
    ...given,
  };
  const read = await readBakeDefinition(request);
  let asked = "";
  const ask = (question: string): Promise<string> => {
    asked = question;
    return Promise.resolve(answer ?? "");
  };
  await agreeTo(planOf(read, { names: [name], sets: [] }, {}), request, answer === undefined ? undefined : ask);
  return asked;
}

describe("privileges of a bake", () => {
  it.each(["y", "Y", "yes", " yes "])("the answer %j grants them", async (answer) => {
    const question = await agree("default", {}, answer);
    expect(question).toContain(`wants to:\n\n - read ${join(directory, "../elsewhere")}\n`);
    expect(question).toContain("add --allow=fs.read=../elsewhere\n");
  });

  it.each(["", "n", "no", "yesterday", "allow"])("the answer %j refuses them", async (answer) => {
    await expect(agree("default", {}, answer)).rejects.toThrow("additional privileges requested");
  });

  it("without a terminal they are refused", async () => {
    await expect(agree("default")).rejects.toThrow("additional privileges requested");
  });

  it("nothing is asked if nothing is missing", async () => {
    expect(await agree("plain", {}, "n")).toBe("");
    expect(await agree("default", { allow: ["fs.read=.."] }, "n")).toBe("");
  });

  it("BUILDX_BAKE_ENTITLEMENTS_FS=0 turns off the check of files, and of nothing else", async () => {
    const env = { BUILDX_BAKE_ENTITLEMENTS_FS: "0" };
    expect(await agree("default", { env })).toBe("");
    await expect(agree("node", { env })).rejects.toThrow("in the network of the node");
    await expect(agree("default", { env: { BUILDX_BAKE_ENTITLEMENTS_FS: "1" } })).rejects.toThrow("additional");
    await expect(agree("default", { env: { BUILDX_BAKE_ENTITLEMENTS_FS: "maybe" } })).rejects.toThrow(
      "neither true nor",
    );
  });

  it("BAKE_ALLOW_REMOTE_FS_ACCESS counts only for a definition at a URL", async () => {
    const env = { BAKE_ALLOW_REMOTE_FS_ACCESS: "1" };
    await expect(agree("default", { env })).rejects.toThrow("additional privileges requested");
    const text = JSON.stringify({ target: { default: { context: "../elsewhere" } } });
    const remote = {
      url: "https://example.com/docker-bake.json",
      fetchRemote: () => Promise.resolve({ files: [{ name: "docker-bake.json", text }] }),
    };
    expect(await agree("default", { env, ...remote })).toBe("");
    await expect(agree("default", remote)).rejects.toThrow("additional privileges requested");
  });
});

describe("args of bake", () => {
  it.each([
    [["a", "b"], { commandContext: "cwd://", names: ["a", "b"] }],
    [["https://h/a.git", "b"], { url: "https://h/a.git", commandContext: "cwd://", names: ["b"] }],
    [
      ["git@h:a", "https://h/b.git#main", "c"],
      { url: "git@h:a", commandContext: "https://h/b.git#main", names: ["c"] },
    ],
  ])("%j: a URL first is the definition, a second one the command's context", (args, expected) => {
    expect(splitNames(args)).toEqual(expected);
  });
});
