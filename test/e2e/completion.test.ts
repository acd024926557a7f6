/** Completion in the real shells: what stands on the line after the tab key. */
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { installProgram, slipway } from "./support/slipway.ts";
import { shell } from "./support/terminal.ts";
import type { Terminal } from "./support/terminal.ts";

/** How each shell starts without anybody's settings, and loads the script. */
const SHELLS: Readonly<Record<string, { readonly start: readonly string[]; readonly load: string }>> = {
  bash: { start: ["bash", "--norc", "--noprofile"], load: "source <(slipway completion bash)" },
  zsh: { start: ["zsh", "-f"], load: "autoload -Uz compinit; compinit -u; source <(slipway completion zsh)" },
  fish: { start: ["fish", "--no-config"], load: "slipway completion fish | source" },
};

const FILES = {
  Dockerfile: `ARG VERSION=1\nFROM ${BUSYBOX} AS base\nFROM base AS tested\nFROM base AS packed\n`,
  "Other.dockerfile": `FROM ${BUSYBOX}\n`,
  "docker-bake.hcl": 'target "website" {}\ntarget "api" {}\n',
  "docs/keep": "",
  "with space/keep": "",
};

const namespace = useNamespace();
let bin: string;

beforeAll(async () => {
  bin = await mkdtemp(join(tmpdir(), "slipway-bin-"));
  await installProgram(bin);
});

afterAll(() => rm(bin, { recursive: true, force: true }));

/** An interactive shell in a project, with the script loaded. */
async function opened(name: string): Promise<Terminal> {
  const { start = [], load = "" } = SHELLS[name] ?? {};
  const path = `${bin}:${process.env["PATH"] ?? ""}`;
  const terminal = shell(start, await project(FILES), { PATH: path, KUBECONFIG: process.env["KUBECONFIG"] ?? "" });
  // The shell itself puts the word together, so the line as it is typed does not have it.
  terminal.keys(`${load}; echo scri''pt loaded`, "Enter");
  await expect.poll(terminal.screen).toContain("script loaded");
  return terminal;
}

describe.each(Object.keys(SHELLS))("%s", (name) => {
  it.each([
    ["a command", "slipway comp", "slipway completion"],
    ["a flag", "slipway build --iid", "slipway build --iidfile"],
    ["a value in the next word", "slipway build --builder k", "slipway build --builder kaniko"],
    ["a value after an equals sign", "slipway build --builder=k", "slipway build --builder=kaniko"],
    ["a stage of the Dockerfile", "slipway build --target te", "slipway build --target tested"],
    [
      "a build argument, without a space after it",
      "slipway build --build-arg VE",
      "slipway build --build-arg VERSION=",
    ],
    ["a target of the bake file", "slipway bake web", "slipway bake website"],
    ["a file", "slipway build -f Ot", "slipway build -f Other.dockerfile"],
    ["a file after an equals sign", "slipway build --file=Ot", "slipway build --file=Other.dockerfile"],
    ["a directory", "slipway build do", "slipway build docs/"],
    ["a directory whose name has a space", "slipway build wi", "slipway build with\\ space/"],
    ["a word after a quoted one", "slipway build -t 'a b' --target te", "slipway build -t 'a b' --target tested"],
  ])("completes %s", async (_, typed, expected) => {
    const terminal = await opened(name);
    terminal.keys(typed, "Tab");
    await expect.poll(terminal.screen).toContain(expected);
  });

  it("completes a namespace of the cluster and a build's name in it", { tags: ["long"] }, async () => {
    const directory = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
    await mustBuild(namespace, ["-t", uniqueImage(), directory]);
    const terminal = await opened(name);
    terminal.keys(`slipway logs -n ${namespace.name.slice(0, -2)}`, "Tab");
    await expect.poll(terminal.screen).toContain(`slipway logs -n ${namespace.name}`);
    terminal.keys(" slip", "Tab");
    await expect.poll(terminal.screen).toMatch(new RegExp(`${namespace.name} +slipway-[0-9a-z-]+`));
  });
});

describe("a cluster that cannot be asked", () => {
  it("gives no names, no message and exit code 0", async () => {
    const nowhere = { KUBECONFIG: "/nowhere/config" };
    const { code, output } = await slipway(["__complete", "logs", ""], { env: nowhere });
    expect([code, output]).toEqual([0, ":4\n"]);
  });
});
