import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const UI = join(import.meta.dirname, "../../../../src/cli/ui");
const WIDE = "wide ".repeat(30).trim();

/** A build of a few seconds on a real terminal. */
const BUILD = `
import { setTimeout } from "node:timers/promises";
import { chooseProgress } from ${JSON.stringify(join(UI, "choose-view.ts"))};
using view = await chooseProgress("auto", process.stderr, process.env);
const log = (line) => view.emit({ type: "log", line, container: "kaniko", timestamp: "" });
view.emit({ type: "stage-started", stage: "create" });
view.emit({ type: "stage-done", stage: "create", detail: "12 files", bytes: 48123, ms: 120 });
view.emit({ type: "stage-started", stage: "build", detail: "kaniko in a pod whose name is long enough for any terminal to have to cut it off somewhere" });
for (let index = 0; index < 40; index += 1) {
  log(index % 7 === 3 ? index + " ${WIDE}" : index % 5 === 2 ? "\\u001B[36m" + index + "\\u001B[0m\\u001B[2J\\u001B[5A colour" : "1%\\r" + index + " log\\r");
  if (index > 20) await setTimeout(120);
}
view.emit({ type: "stage-done", stage: "build", ms: 2400 });
`;

const EXPECTED = [
  "✔ create    12 files  120 ms",
  ...Array.from({ length: 40 }, (_, index) => {
    if (index % 7 === 3) return `${index} ${WIDE}`;
    return index % 5 === 2 ? `${index} colour` : `${index} log`;
  }),
  "✔ build     2.4 s",
];

/** In a directory of its own lies a server of its own: no other terminal is touched. */
let directory: string;
const socket = () => join(directory, "tmux");
const tmux = (...args: string[]) =>
  execFileSync("tmux", ["-S", socket(), "-f", "/dev/null", ...args], { encoding: "utf8" });

/** All lines ever printed, those put together again that the terminal wrapped. */
const printed = (name: string) =>
  tmux("capture-pane", "-t", name, "-p", "-J", "-S", "-")
    .split("\n")
    .map((line) => line.trimEnd())
    .filter((line) => line !== "");

describe("a real terminal", () => {
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), "slipway-"));
    writeFileSync(join(directory, "build.mts"), BUILD);
  });
  afterAll(() => {
    spawnSync("tmux", ["-S", socket(), "kill-server"]);
    rmSync(directory, { recursive: true });
  });

  const start = (name: string, columns: number) => {
    const command = `LC_ALL=C.UTF-8 '${process.execPath}' '${join(directory, "build.mts")}'; echo END; sleep 60`;
    tmux("-u", "new-session", "-d", "-s", name, "-x", String(columns), "-y", "20", command);
  };
  const finish = async (name: string) => {
    for (let round = 0; round < 100 && !printed(name).includes("END"); round += 1) await setTimeout(100);
    return printed(name).slice(0, -1);
  };

  it.concurrent.each([120, 80, 40, 20])("the whole build is shown in %i columns", async (columns) => {
    start(`w${columns}`, columns);
    let seen = "";
    for (let round = 0; round < 100 && !/build .*\d\.\d s$/.test(seen); round += 1) {
      await setTimeout(50);
      seen = printed(`w${columns}`).at(-1) ?? "";
    }
    expect(seen).toMatch(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] build .*\d\.\d s$/);
    expect(seen.length).toBeLessThan(columns);
    expect(await finish(`w${columns}`)).toEqual(EXPECTED);
  });

  it.concurrent("no line is lost or doubled while the width changes", async () => {
    start("resized", 120);
    // A full screen first: of an empty one tmux scrolls the top away to make room, and with it what we would redraw.
    for (let round = 0; round < 100 && printed("resized").length < 22; round += 1) await setTimeout(50);
    for (const columns of [40, 100, 23, 17, 90, 60, 110, 30, 120]) {
      tmux("resize-window", "-t", "resized", "-x", String(columns));
      await setTimeout(150);
    }
    expect(await finish("resized")).toEqual(EXPECTED);
  });
});
