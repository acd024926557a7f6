import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { complete, printCompletion } from "../../../../src/cli/completion/complete.ts";
import type { Ask, CommandEntry } from "../../../../src/cli/completion/complete.ts";
import { POSITIONALS, VALUES } from "../../../../src/cli/completion/values.ts";
import { WITHOUT_VALUE } from "../../../../src/cli/flags/shared.ts";

const manifest = JSON.parse(readFileSync(new URL("../../../../oclif.manifest.json", import.meta.url), "utf8")) as {
  readonly commands: Readonly<Record<string, CommandEntry>>;
};
const COMMANDS = Object.values(manifest.commands);

/** Each source knows one thing: its own name. */
const ask: Ask = async (source) => [{ value: source, description: "known" }];

async function values(...words: string[]): Promise<string[]> {
  return (await complete(words, COMMANDS, WITHOUT_VALUE, ask)).candidates.map(({ value }) => value);
}

async function directive(...words: string[]): Promise<number> {
  return (await complete(words, COMMANDS, WITHOUT_VALUE, ask)).directive;
}

describe("completion", () => {
  it("lists the commands, hidden ones excepted, each once", async () => {
    const listed = await values("");
    expect(listed).toEqual(expect.arrayContaining(["build", "cache", "completion", "help", "keep"]));
    expect(listed).not.toContain("buildx");
    expect(new Set(listed).size).toBe(listed.length);
  });

  it.each([
    ["the beginning of a command", ["bui"], ["build", "builders"]],
    ["the second word of a command", ["cache", ""], ["ls", "rm"]],
    ["a command with commands below it", ["keep", ""], ["stop"]],
    ["a command after help", ["help", "bak"], ["bake"]],
    ["docker's other name of a command", ["image", "build", "--tar"], ["--target"]],
    ["flags of the program", ["--v"], ["--version"]],
    ["flags of a command", ["build", "--cache-"], ["--cache-from", "--cache-name", "--cache-to", "--cache-volume"]],
    ["a flag that can be turned off", ["doctor", "--no-p"], ["--no-pods"]],
    ["options of a flag", ["build", "--userns", "a"], ["auto", "always"]],
    ["options of an argument", ["completion", "z"], ["zsh"]],
    ["builders", ["build", "--builder", "b"], ["buildkit", "buildah"]],
    ["transports", ["build", "--transport=c"], ["configmap", "cache"]],
    ["contexts of the kubeconfig", ["build", "--context", ""], ["contexts"]],
    ["namespaces", ["ps", "-n", ""], ["namespaces"]],
    ["stages of the Dockerfile", ["build", ".", "--target", ""], ["stages"]],
    ["arguments of the Dockerfile", ["build", "--build-arg", ""], ["build-arguments"]],
    ["targets of a bake file", ["bake", ""], ["bake-targets"]],
    ["builds", ["logs", ""], ["builds"]],
    ["running builds", ["cancel", ""], ["running-builds"]],
    ["kept builders", ["keep", "stop", ""], ["kept-builders"]],
    ["names of builders", ["builders", "inspect", "m"], ["makisu"]],
    ["nothing after the last argument", ["logs", "a", ""], []],
    ["nothing for an unknown command", ["nope", ""], []],
    ["nothing for a value that nobody knows", ["build", "-t", ""], []],
  ])("completes %s", async (_, words, expected) => {
    expect(await values(...words)).toEqual(expected);
  });

  it("leaves out a flag that is given, unless it can be repeated, and names that are given", async () => {
    expect(await values("build", "--target", "x", "--ta")).toEqual(["--tag"]);
    expect(await values("build", "-t", "x", "--ta")).toContain("--tag");
    expect(await values("rm", "builds", "")).toEqual([]);
  });

  it("leaves out hidden flags", async () => {
    expect(await values("build", "--cgroup")).toEqual([]);
  });

  it("has the shell complete files and directories where the value is one, and nowhere else", async () => {
    expect(await directive("build", "-f", "")).toBe(0);
    expect(await directive("build", "--iidfile=")).toBe(0);
    expect(await directive("build", "")).toBe(16);
    expect(await directive("build", "-t", "")).toBe(4);
    expect(await directive("logs", "")).toBe(4);
  });

  it("asks for no space after a value that continues", async () => {
    expect(await directive("build", "--output", "type=l")).toBe(6);
    expect(await directive("build", "--build-arg", "")).toBe(6);
  });

  it("never offers a name with a control character", async () => {
    const hostile: Ask = async () => [{ value: "a\u001B[2J" }, { value: "b", description: "x\u001B[2J\ny" }];
    const answer = await complete(["logs", ""], COMMANDS, WITHOUT_VALUE, hostile);
    expect(printCompletion(answer, true)).toBe("b\tx [2J y\n:4\n");
  });

  it.each(["a$(id)", "a`id`", "a;id", 'x"y', "a b", "a'b", "a|b", "a\u202Eb", "*", "~", "a\\b"])(
    "never offers %j, in which a shell or a terminal sees more than a name",
    async (value) => {
      const answer = await complete(["logs", ""], COMMANDS, WITHOUT_VALUE, async () => [{ value }, { value: "b" }]);
      expect(printCompletion(answer, false)).toBe("b\n:4\n");
    },
  );

  it("prints cobra's lines, with and without descriptions", () => {
    const answer = { candidates: [{ value: "a", description: "first" }, { value: "b" }], directive: 4 };
    expect(printCompletion(answer, true)).toBe("a\tfirst\nb\n:4\n");
    expect(printCompletion(answer, false)).toBe("a\nb\n:4\n");
  });

  it("knows only flags and commands that exist", () => {
    const flags = new Set(COMMANDS.flatMap((command) => Object.keys(command.flags)));
    const ids = new Set(Object.keys(manifest.commands));
    expect(Object.keys(VALUES).filter((key) => !flags.has(key.split(" ").at(-1) ?? ""))).toEqual([]);
    expect(Object.keys(POSITIONALS).filter((id) => !ids.has(id))).toEqual([]);
  });
});
