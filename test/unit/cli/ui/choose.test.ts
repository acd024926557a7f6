import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { InvalidInput } from "../../../../src/errors.ts";
import { isReadByPerson, tolerateBrokenPipe } from "../../../../src/cli/ui/progress.ts";
import { chooseProgress } from "../../../../src/cli/ui/choose-view.ts";
import { depthOfColour } from "../../../../src/cli/ui/colour.ts";
import type { ProgressMode } from "../../../../src/cli/ui/progress.ts";
import { Pipe, Screen } from "./screen.ts";

async function chosen(mode: ProgressMode, stream: Pipe | Screen, env: Record<string, string> = {}): Promise<string> {
  using view = await chooseProgress(mode, stream, env);
  return view.constructor.name;
}

describe("the view", () => {
  it("auto is the terminal view on a terminal, and plain elsewhere", async () => {
    expect(await chosen("auto", new Screen())).toBe("TtyView");
    expect(await chosen("auto", new Pipe())).toBe("PlainView");
    expect(await chosen("auto", new Screen(), { TERM: "dumb" })).toBe("PlainView");
    expect(await chosen("auto", new Screen(0))).toBe("PlainView");
  });

  it("--progress selects the view", async () => {
    expect(await chosen("plain", new Screen())).toBe("PlainView");
    expect(await chosen("json", new Screen())).toBe("JsonView");
    expect(await chosen("quiet", new Screen())).toBe("QuietView");
    expect(await chosen("tty", new Screen())).toBe("TtyView");
  });

  it("docker's variable counts only for auto", async () => {
    expect(await chosen("auto", new Screen(), { BUILDKIT_PROGRESS: "plain" })).toBe("PlainView");
    expect(await chosen("auto", new Screen(), { BUILDKIT_PROGRESS: "none" })).toBe("QuietView");
    expect(await chosen("auto", new Screen(), { BUILDKIT_PROGRESS: "rawjson" })).toBe("RawJsonView");
    expect(await chosen("json", new Screen(), { BUILDKIT_PROGRESS: "plain" })).toBe("JsonView");
  });

  it("the terminal view is refused without a terminal", async () => {
    await expect(chosen("tty", new Pipe())).rejects.toThrow(InvalidInput);
    await expect(chosen("tty", new Screen(), { TERM: "dumb" })).rejects.toThrow("TERM is dumb");
    await expect(chosen("tty", new Screen(0))).rejects.toThrow("reports 0");
    await expect(chosen("auto", new Pipe(), { BUILDKIT_PROGRESS: "tty" })).rejects.toThrow(InvalidInput);
  });

  it("a log does not load the libraries of the terminal view", () => {
    const script = `
      import { registerHooks } from "node:module";
      registerHooks({ resolve: (name, context, next) => { if (/^(ora|chalk)$/.test(name)) console.log(name); return next(name, context); } });
      const { chooseProgress } = await import("./src/cli/ui/choose-view.ts");
      await chooseProgress("auto", process.stderr, {});
      await chooseProgress("json", process.stderr, {});
    `;
    const { stdout, status } = spawnSync(process.execPath, ["--input-type=module", "--eval", script], {
      encoding: "utf8",
    });
    expect({ stdout, status }).toEqual({ stdout: "", status: 0 });
  });
});

describe("colour", () => {
  it.each([
    [{ TERM: "xterm" }, 1],
    [{ TERM: "xterm-256color" }, 2],
    [{ TERM: "xterm", COLORTERM: "truecolor" }, 3],
    [{ TERM: "xterm", NO_COLOR: "1" }, 0],
    [{ TERM: "xterm", NO_COLOR: "" }, 1],
    [{ TERM: "dumb" }, 0],
    [{ NO_COLOR: "1", FORCE_COLOR: "1" }, 1],
    [{ FORCE_COLOR: "0", TERM: "xterm" }, 0],
    [{ FORCE_COLOR: "3" }, 3],
  ])("%o gives the colour depth %i", (env, depth) => {
    expect(depthOfColour(env)).toBe(depth);
  });
});

it.each([
  ["auto", {}, true],
  ["plain", {}, true],
  ["tty", { CI: "false" }, true],
  ["auto", { CI: "" }, true],
  ["auto", { CI: "true" }, false],
  ["tty", { CI: "1" }, false],
  ["quiet", {}, false],
  ["json", {}, false],
  ["rawjson", {}, false],
] as const)("progress %s with the variables %j is read by a person: %s", (mode, env, expected) => {
  expect(isReadByPerson(mode, env)).toBe(expected);
});

describe("a reader that goes away", () => {
  it("a reader that goes away does not end the build", () => {
    const script = `
      import { tolerateBrokenPipe } from "./src/cli/ui/progress.ts";
      import { PlainView } from "./src/cli/ui/plain.ts";
      tolerateBrokenPipe(process.stdout);
      const view = new PlainView(process.stderr);
      for (let i = 0; i < 50; i++) {
        view.emit({ type: "log", line: "x".repeat(10_000), container: "", timestamp: "" });
        process.stdout.write("answer\\n");
        await new Promise((done) => setTimeout(done, 5));
      }
      process.exitCode = 7;
    `;
    const shell = `"$NODE" --input-type=module --eval "$SCRIPT" 2>&1 | true; exit "\${PIPESTATUS[0]}"`;
    const env = { ...process.env, NODE: process.execPath, SCRIPT: script };
    expect(spawnSync("bash", ["-c", shell], { env }).status).toBe(7);
  });

  it("a full disk is still an error", () => {
    const stream = new Pipe();
    tolerateBrokenPipe(stream);
    tolerateBrokenPipe(stream);
    expect(stream.listenerCount("error")).toBe(1);
    expect(stream.emit("error", Object.assign(new Error("gone"), { code: "EPIPE" }))).toBe(true);
    expect(() => stream.emit("error", Object.assign(new Error("full"), { code: "ENOSPC" }))).toThrow("full");
  });
});
