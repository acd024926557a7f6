import { spawnSync } from "node:child_process";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import {
  ProgramNotFound,
  UnsafeArgument,
  findProgram,
  startOf,
  startProgram,
} from "../../../../src/lib/files/find-program.ts";

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-program-"));
});
afterEach(() => rm(root, { recursive: true, force: true }));

async function program(path: string, text = "#!/bin/sh\necho ran\n"): Promise<void> {
  await writeFile(join(root, path), text);
  await chmod(join(root, path), 0o755);
}

type Case = readonly [name: string, env: Readonly<Record<string, string>>];

/** In a process whose working directory is the one of the test: `NAME PATH: what is found`. */
function findThere(cases: readonly Case[], platform: string): string[] {
  const module = new URL("../../../../src/lib/files/find-program.ts", import.meta.url).href;
  const script = `const { findProgram } = await import(${JSON.stringify(module)});
    const found = ${JSON.stringify(cases)}.map(([name, env]) => findProgram(name, env, "${platform}") ?? "nothing");
    console.log(JSON.stringify(found));`;
  const args = ["--input-type=module", "-e", script];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, encoding: "utf8" });
  expect(stderr).toBe("");
  return (JSON.parse(stdout) as string[]).map((found, at) => `${JSON.stringify(cases[at])}: ${found}`);
}

describe("a program", () => {
  it("the first executable on the PATH is found", async () => {
    await mkdir(join(root, "a/tool"), { recursive: true });
    await mkdir(join(root, "b"));
    await mkdir(join(root, "c"));
    await writeFile(join(root, "b/tool"), "not executable");
    await program("c/tool");
    expect(findProgram("tool", { PATH: ["a", "b", "c"].map((name) => join(root, name)).join(":") })).toBe(
      join(root, "c/tool"),
    );
    expect(findProgram("tool", { PATH: join(root, "b") })).toBeUndefined();
    expect(findProgram("tool", {})).toBeUndefined();
  });

  it("a program is not searched in the working directory, and its name is not a path", async () => {
    await mkdir(join(root, "bin"));
    await program("tool");
    await program("bin/tool");
    const relative = ["", ":", ".", "bin", "./bin", "../x"].map((path): Case => ["tool", { PATH: path }]);
    const paths = ["./tool", "bin/tool", ""].map((name): Case => [name, { PATH: root }]);
    const cases = [...relative, ...paths];
    expect(findThere(cases, "linux")).toEqual(cases.map((one) => `${JSON.stringify(one)}: nothing`));
  });

  it("a program is started from the PATH of its environment; if it is missing, nothing runs", async () => {
    await program("tool");
    const child = startProgram("tool", [], { env: { PATH: root }, stdio: ["ignore", "pipe", "pipe"] });
    expect(await child.stdout.toArray()).toEqual([Buffer.from("ran\n")]);
    expect(() => startProgram("tool", [], { env: {}, stdio: "ignore" })).toThrow(ProgramNotFound);
    expect(() => startProgram("tool", [], { env: {}, stdio: "ignore" })).toThrow(
      expect.objectContaining({ code: "ENOENT", path: "tool" }),
    );
  });
});

it("on Windows only absolute directories of the PATH are searched, for the types that are programs", async () => {
  // The path of a file there is the name of a file in the working directory here.
  for (const file of ["git.exe", "C:\\tools\\git.exe", "\\tools\\git.exe", "tools\\git.exe", "C:tools\\git.exe"]) {
    await program(file);
  }
  await program("C:\\tools\\script.vbs");
  const there: Case[] = [
    ["git", { Path: "C:\\tools" }],
    ["git", { PATH: "D:\\none;C:\\tools" }],
    ["git.exe", { PATH: "C:\\tools" }],
  ];
  const absent: Case[] = [
    ["git", { PATH: "" }],
    ["git", { PATH: ".;;tools;\\tools;C:tools" }],
    [".\\git", { PATH: "C:\\tools" }],
    ["C:git", { PATH: "C:\\tools" }],
    ["script", { PATH: "C:\\tools", PATHEXT: ".VBS;.EXE" }],
  ];
  expect(findThere([...there, ...absent], "win32")).toEqual([
    ...there.map((one) => `${JSON.stringify(one)}: C:\\tools\\git.exe`),
    ...absent.map((one) => `${JSON.stringify(one)}: nothing`),
  ]);
});

it("on Windows PATHEXT says which of several programs of one name is started", async () => {
  for (const type of ["exe", "cmd"]) await program(`C:\\tools\\tool.${type}`);
  const cases: Case[] = [
    ["tool", { PATH: "C:\\tools" }],
    ["tool", { PATH: "C:\\tools", PATHEXT: ".CMD;.EXE" }],
    ["tool", { PATH: "C:\\tools", PathExt: ".JS;.CMD" }],
    ["tool", { PATH: "C:\\tools", PATHEXT: ".JS" }],
  ];
  expect(findThere(cases, "win32").map((line) => line.slice(-3))).toEqual(["exe", "cmd", "cmd", "exe"]);
});

describe("a batch file of Windows", () => {
  const start = (program: string, ...args: string[]): unknown =>
    startOf(program, args, { SystemRoot: "D:\\Windows" }, "win32");

  it("is run by the system's own cmd.exe, with every arg between quotation marks", () => {
    expect(start("C:\\sdk\\docker-credential-gcloud.CMD", "get", "a & b", "C:\\x\\")).toEqual({
      program: "D:\\Windows\\System32\\cmd.exe",
      args: ["/d", "/v:off", "/s", "/c", '""C:\\sdk\\docker-credential-gcloud.CMD" "get" "a & b" "C:\\x\\\\""'],
      windowsVerbatimArguments: true,
    });
  });

  it.each(['a" & calc "', "%PATH%", "!x!", "a\nb", "a\0b"])("gets no arg that cmd.exe reads as syntax: %j", (arg) => {
    expect(() => start("C:\\a.bat", arg)).toThrow(UnsafeArgument);
    expect(start("C:\\a.exe", arg)).toEqual({ program: "C:\\a.exe", args: [arg] });
  });
});
