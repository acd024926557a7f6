/** What a terminal shows of each builder's recorded build, in the middle and at the end, as tmux draws it. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";

const UI = join(import.meta.dirname, "../../../../src/cli/ui");
const RECORDINGS = join(import.meta.dirname, "../../builders/recordings.ts");
const BUILDERS = ["kaniko", "buildkit", "buildah", "img", "makisu"];
const ROWS = 24;

/** Replays the recorded builds one after the other, by the clock of the recording. At each stop it waits until a file lets it continue. */
const REPLAY = `
import { existsSync, writeFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { BuildFailed } from ${JSON.stringify(join(import.meta.dirname, "../../../../src/errors.ts"))};
import { TtyView } from ${JSON.stringify(join(UI, "tty.ts"))};
import { eventsOf, named } from ${JSON.stringify(RECORDINGS)};
const [directory, ...names] = process.argv.slice(2);
const stop = async (name) => {
  await setTimeout(150);
  writeFileSync(directory + "/" + name + ".stopped", "");
  while (!existsSync(directory + "/" + name + ".go")) await setTimeout(20);
};
for (const name of names) {
  process.stderr.write("\\u001B[2J\\u001B[3J\\u001B[H");
  const events = await eventsOf(named(name));
  const start = Date.parse(events[0].timestamp);
  let now = 0;
  const view = new TtyView(process.stderr, { TERM: "xterm", NO_COLOR: "1" }, () => now);
  view.emit({ type: "stage-started", stage: "build", detail: name });
  const run = events.find((event) => event.type === "step-started" && event.name.includes("RUN ls"))?.step;
  const middle = events.findLastIndex((event) => event.type === "log" && event.from === undefined && event.step === run);
  for (const [index, event] of events.entries()) {
    now = Math.max(now, Date.parse(event.timestamp) - start);
    view.emit(event.type === "log" ? { ...event, container: "builder" } : event);
    if (run !== undefined && index === middle) await stop(name + "-middle");
  }
  if (name.endsWith("fail")) {
    view.emit({ type: "stage-failed", stage: "build", ms: now });
    view.fail(new BuildFailed("it failed", { excerpt: ["Dockerfile:3", "   3 | >>> RUN echo to-stdout; \\\\"] }));
  } else view.emit({ type: "stage-done", stage: "build", ms: now });
  view[Symbol.dispose]();
  await stop(name + "-end");
}
`;

/** In a directory of its own lies a server of its own: no other terminal is touched. */
let directory: string;
const tmux = (...args: string[]) =>
  execFileSync("tmux", ["-S", join(directory, "tmux"), "-f", "/dev/null", ...args], { encoding: "utf8" });

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), "slipway-"));
  writeFileSync(join(directory, "replay.mts"), REPLAY);
});
afterAll(() => {
  spawnSync("tmux", ["-S", join(directory, "tmux"), "kill-server"]);
  rmSync(directory, { recursive: true });
});

/** The screen and what has scrolled above it, without the spinner's turning. */
function screenOf(session: string): string {
  const rows = tmux("capture-pane", "-t", session, "-p", "-S", "-").split("\n");
  return rows
    .map((row) => row.trimEnd().replace(/^[⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏] /, "⠋ "))
    .join("\n")
    .trimEnd();
}

it.each([20, 80, 300])("each builder's steps in %i columns", { timeout: 120_000 }, async (columns) => {
  const folder = mkdtempSync(join(directory, "stops-"));
  const session = `w${columns}`;
  const names = BUILDERS.flatMap((builder) => [`${builder}-two`, `${builder}-fail`]);
  const command = `LC_ALL=C.UTF-8 '${process.execPath}' '${join(directory, "replay.mts")}' '${folder}' ${names.join(" ")}; sleep 60`;
  tmux("-u", "new-session", "-d", "-s", session, "-x", String(columns), "-y", String(ROWS), command);
  const at = async (stop: string): Promise<string> => {
    await vi.waitFor(() => expect(existsSync(join(folder, `${stop}.stopped`))).toBe(true), { timeout: 60_000 });
    const screen = screenOf(session);
    writeFileSync(join(folder, `${stop}.go`), "");
    return screen;
  };
  for (const builder of BUILDERS) {
    const shown = [
      "==> while the RUN is running",
      await at(`${builder}-two-middle`),
      "==> at the end",
      await at(`${builder}-two-end`),
      "==> at the end of a build that failed",
      await at(`${builder}-fail-end`),
    ];
    await expect(`${shown.join("\n")}\n`).toMatchFileSnapshot(`screens/${builder}-${columns}.txt`);
  }
});
