import { setImmediate, setTimeout } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import { BuildFailed } from "../../../../src/errors.ts";
import { TtyView } from "../../../../src/cli/ui/tty.ts";
import { Screen } from "./screen.ts";

const MONO = { TERM: "xterm", NO_COLOR: "1" };
const DIGEST = `sha256:${"0".repeat(64)}`;

const log = (line: string) => ({ type: "log", line, container: "kaniko", timestamp: "" }) as const;

describe("the terminal view", () => {
  it("finished stages and the log scroll above one status line", async () => {
    const screen = new Screen();
    let now = 0;
    using view = new TtyView(screen, MONO, () => now);
    view.emit({ type: "stage-started", stage: "pack" });
    view.emit({ type: "stage-done", stage: "pack", detail: "12 files, 48.1 kB", ms: 3 });
    view.emit({ type: "stage-started", stage: "build", detail: "kaniko" });
    view.emit(log("INFO[0000] one"));
    view.emit(log("INFO[0001] two"));
    now = 12_340;
    view.emit({ type: "waiting", message: "…" });
    await setTimeout(150);
    expect(screen.text.slice(0, 4)).toEqual([
      ` => [internal] load build context${" ".repeat(41)} 0.0s`,
      " => => packing context: 12 files, 48.1 kB 0.0s",
      "INFO[0000] one",
      "INFO[0001] two",
    ]);
    expect(screen.text[4]).toMatch(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] build {2}kaniko {2}12\.3 s$/);
    expect(screen.text).toHaveLength(5);
    view.emit({ type: "stage-done", stage: "build", ms: 12_400 });
    view.emit({ type: "built", result: { name: "x", builder: "kaniko", digest: DIGEST, references: ["r.io/a:1"] } });
    await setImmediate();
    expect(screen.text.slice(4)).toEqual(["✔ build     12.4 s", "✔ pushed    r.io/a:1", `✔ digest ${DIGEST}`]);
    expect(screen.raw.lastIndexOf("\u001B[?25h")).toBeGreaterThan(screen.raw.lastIndexOf("\u001B[?25l"));
  });

  it.each([
    [100, /^. ship {2}█{12}░{12} {2}6 MB of 12 MB {2}50 % {2}2 MB\/s {2}3 s left {2}3\.0 s$/],
    [60, /^. ship {2}6 MB of 12 MB {2}50 % {2}2 MB\/s {2}3 s left {2}3\.0 s$/],
    [40, /^. ship {2}6 MB of 12 MB {2}50 % {2}3\.0 s$/],
    [30, /^. ship {2}6 MB of 12 MB {2}3\.0 s$/],
    [20, /^. ship {2}6 MB…? .*3\.0 s$|^. ship {2}6.*…/],
    [10, /^. ship…?/],
    [4, /^. …$/],
  ])("the status line of an upload takes one row in %i columns, above that of its step", async (columns, line) => {
    const screen = new Screen(columns);
    let now = 0;
    using view = new TtyView(screen, MONO, () => now);
    view.emit({ type: "stage-started", stage: "schedule" });
    view.emit({ type: "stage-started", stage: "ship" });
    view.emit({ type: "upload-size", bytes: 12_000_000 });
    for (; now <= 3000; now += 100) view.emit({ type: "upload", sent: now * 2000 });
    now = 3000;
    await setTimeout(250);
    expect(screen.text).toHaveLength(2);
    expect(screen.text[0]).toMatch(line);
    for (const row of screen.text) expect(row.length).toBeLessThan(columns);
  });

  it("lines wider than the terminal are printed whole", async () => {
    const screen = new Screen(20);
    using view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "build" });
    const wide = "0123456789".repeat(7);
    view.emit(log(wide));
    await setTimeout(200);
    view.emit(log("next"));
    await setTimeout(200);
    expect(screen.text.slice(0, 4).join("")).toBe(wide);
    expect(screen.text[4]).toBe("next");
    expect(screen.text).toHaveLength(6);
  });

  it("a narrower terminal keeps the whole log", async () => {
    const screen = new Screen(100);
    using view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "build", detail: "long ".repeat(30) });
    view.emit(log("one"));
    view.emit(log("two"));
    await setImmediate();
    for (const columns of [40, 30, 20]) {
      screen.columns = columns;
      screen.emit("resize");
      await setTimeout(170);
    }
    expect(screen.raw).not.toContain("A");
    expect(screen.text.slice(0, 2)).toEqual(["one", "two"]);
    expect(screen.text).toHaveLength(3);
    view.emit({ type: "stage-done", stage: "build", ms: 1 });
    expect(screen.listenerCount("resize")).toBe(0);
  });

  it("colours pass, and sequences that move the cursor do not", async () => {
    const screen = new Screen();
    using view = new TtyView(screen, { TERM: "xterm-256color" });
    view.emit({ type: "stage-started", stage: "build" });
    view.emit(log("\u001B[31mred\u001B[0m\u001B[10A\u001B[2J then"));
    view.emit(log("10%\r100%\r"));
    await setImmediate();
    expect(screen.text.slice(0, 2)).toEqual(["red then", "100%"]);
    expect(screen.raw).toContain("\u001B[2m\u001B[31mred\u001B[0m\u001B[2m then\u001B[0m\n");
  });

  it("NO_COLOR turns off all colours", async () => {
    const screen = new Screen();
    using view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "build" });
    view.emit(log("\u001B[31mred\u001B[0m"));
    view.emit({ type: "warning", message: "careful\nnow", suggestions: ["Do this."] });
    view.fail(new BuildFailed("it broke", { suggestions: ["Mend it."] }));
    await setImmediate();
    // oxlint-disable-next-line no-control-regex -- a colour
    expect(screen.raw).not.toMatch(/\u001B\[[0-9;]*m/);
    expect(screen.text).toEqual(["red", "WARNING: careful now", "  - Do this.", "ERROR: it broke", "  - Mend it."]);
  });

  it("an error is printed once, below the log, and the status line is removed", () => {
    const screen = new Screen();
    const view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "build" });
    view.emit(log("last words"));
    view.emit({ type: "stage-failed", stage: "build", ms: 5 });
    view.fail(new BuildFailed("RUN make\nexit status 2"));
    view.fail(new BuildFailed("again"));
    expect(screen.text).toEqual(["last words", "✖ build     5 ms", "ERROR: RUN make", "exit status 2"]);
    view[Symbol.dispose]();
    expect(screen.text).toHaveLength(4);
  });

  it("events during a prompt are shown after it", async () => {
    const screen = new Screen();
    using view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "schedule" });
    view.emit({ type: "stage-done", stage: "create", ms: 1 });
    await view.suspend(async () => {
      const before = screen.raw.length;
      expect(screen.text).toEqual(["✔ create    1 ms"]);
      view.emit(log("meanwhile"));
      view.emit({ type: "stage-started", stage: "build" });
      await setTimeout(150);
      expect(screen.raw).toHaveLength(before);
      screen.write("Password: \n");
    });
    await setTimeout(20);
    expect(screen.text.slice(0, 3)).toEqual(
      ["✔ create    1 ms", "Password: ", "meanwhile"].map((line) => line.trimEnd()),
    );
    expect(screen.text[3]).toContain("build");
  });

  it("thousands of lines need few writes", async () => {
    const screen = new Screen();
    using view = new TtyView(screen, MONO);
    view.emit({ type: "stage-started", stage: "build" });
    const before = screen.raw.length;
    for (let index = 0; index < 5000; index += 1) view.emit(log(String(index)));
    await setImmediate();
    expect(screen.raw.slice(before).split("\u001B[J").length).toBeLessThan(10);
    expect(screen.text.slice(0, 5000)).toEqual(Array.from({ length: 5000 }, (_, index) => String(index)));
  });

  it("the Linux console gets only ASCII", async () => {
    const screen = new Screen();
    using view = new TtyView(screen, { TERM: "linux", NO_COLOR: "1" });
    view.emit({ type: "stage-started", stage: "build" });
    view.emit({ type: "stage-done", stage: "create", ms: 1 });
    await setTimeout(50);
    // oxlint-disable-next-line no-control-regex -- all of ASCII
    expect(screen.raw).toMatch(/^[\u0000-\u007F]*$/);
  });
});
