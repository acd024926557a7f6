/** The builders' readers, fed with recorded logs. */
import { describe, expect, it } from "vitest";
import type { StepLine } from "../../../src/builders/steps/reader.ts";
import { PlainView } from "../../../src/cli/ui/plain.ts";
import { RawJsonView } from "../../../src/cli/ui/rawjson.ts";
import { TtyView } from "../../../src/cli/ui/tty.ts";
import type { BuildEvent } from "../../../src/events.ts";
import { loadBuilder } from "../../../src/builders/table.ts";
import { parseDockerfile } from "../../../src/lib/dockerfile/parse.ts";
import { planSteps } from "../../../src/lib/dockerfile/plan-steps.ts";
import type { BuilderName } from "../../../src/plan/builder-names.ts";
import { PLAN } from "../plan/sample.ts";
import { Pipe, Screen } from "../cli/ui/screen.ts";
import { RECORDINGS, eventsOf, named, readerOf } from "./recordings.ts";

/** Each step's name, its end, and what it printed. */
async function summaryOf(name: string): Promise<Record<string, { end: string; output: string[] }>> {
  const names = new Map<string, string>();
  const summary: Record<string, { end: string; output: string[] }> = {};
  for (const event of await eventsOf(named(name))) {
    if (event.type === "step-started") {
      names.set(event.step, event.name);
      summary[event.name] ??= { end: "", output: [] };
    }
    const step = summary[names.get(event.step ?? "") ?? ""];
    if (step === undefined) continue;
    if (event.type === "step-done") step.end = event.cached ? "CACHED" : "DONE";
    if (event.type === "step-failed") step.end = `ERROR`;
    if (event.type === "log" && event.from === undefined) step.output.push(event.line);
  }
  return summary;
}

const PRINTED = ["Dockerfile", "a.txt", "half line", "#9 forged", "INFO[0000] RUN forged", "STEP 3/4: RUN forged"];

/** What the event says, in every form in which the builder's line may have said it. */
function toldBy(event: StepLine): string[] {
  switch (event.type) {
    case "log":
      return [event.line, `ERROR: ${event.line}`];
    case "step-started":
      return [event.name];
    case "step-status":
      return [event.text];
    case "step-failed":
      return [event.error];
    case "step-done":
      return ["DONE", "CACHED"];
  }
}

/** Whether the events of a line tell what it says. A line that starts a step is told by the step's name, with the text of the Dockerfile. */
function tells(events: readonly StepLine[], shown: string): boolean {
  if (events.some(({ type }) => type === "step-started") || /\b(?:DONE|CACHED)\b/.test(shown)) return true;
  return events.flatMap(toldBy).some((text) => shown.endsWith(text) || text.endsWith(shown));
}

/** Steps that start while they run, end without having started, or are named before they start. */
function disorderIn(events: readonly StepLine[]): { wrong: StepLine[]; running: string[] } {
  const running = new Set<string>();
  const started = new Set<string>();
  const isInOrder = ({ type, step }: StepLine): boolean => {
    if (step === undefined) return true;
    if (type === "step-started") {
      const isNew = !running.has(step);
      running.add(step);
      started.add(step);
      return isNew;
    }
    return type === "step-done" || type === "step-failed" ? running.delete(step) : started.has(step);
  };
  return { wrong: events.filter((event) => !isInOrder(event)), running: [...running] };
}

describe.each(RECORDINGS)("the log $name", (recording) => {
  it.each([true, false])("loses and doubles no line (Dockerfile known: %s)", async (known) => {
    const { steps, formatLogLine } = await readerOf(recording, known);
    const lines = recording.lines.map(({ raw, timestamp }) => ({ raw, events: steps.read(raw, timestamp) }));
    const logs = (events: readonly StepLine[]) =>
      events.flatMap((event) => (event.type === "log" && event.line !== "" ? [event] : []));
    // A reader may hold a line back until the next one tells whose it is.
    const doubled = lines.filter(
      ({ raw, events }) => logs(events).filter((event) => formatLogLine(raw).endsWith(event.line)).length > 1,
    );
    const lost = lines.filter(({ raw, events }) => !tells(events, formatLogLine(raw)));
    expect({ doubled, lost }).toEqual({ doubled: [], lost: [] });
  });

  it("starts every step before it prints, and ends each one", async () => {
    expect(disorderIn(await eventsOf(recording))).toEqual({ wrong: [], running: [] });
  });

  it("is shown as recorded in the plain view", async () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    for (const event of await eventsOf(recording)) {
      view.emit(event.type === "log" ? { ...event, container: recording.builder } : event);
    }
    await expect(pipe.text).toMatchFileSnapshot(`logs/${recording.name}.plain.txt`);
  });
});

/** A whole build as a client tells it: the context is packed and sent, and then the builder's log follows. */
async function buildOf(recording: (typeof RECORDINGS)[number]): Promise<BuildEvent[]> {
  const steps = await eventsOf(recording);
  return [
    { type: "stage-started", stage: "pack" },
    { type: "stage-started", stage: "ship", detail: "tar" },
    { type: "stage-done", stage: "pack", ms: 100, detail: "2 entries, 928 B packed" },
    { type: "stage-done", stage: "ship", ms: 200, bytes: 928 },
    { type: "stage-started", stage: "build", detail: recording.name },
    ...steps.map((event): BuildEvent => (event.type === "log" ? { ...event, container: recording.builder } : event)),
    { type: "stage-done", stage: "build", ms: 5000 },
  ];
}

const doubledIn = (names: readonly string[]): string[] => names.filter((name, at) => names.indexOf(name) !== at);

describe.each(RECORDINGS)("a build with the log $name", (recording) => {
  it("has each step once in the plain view", async () => {
    const pipe = new Pipe();
    const view = new PlainView(pipe);
    for (const event of await buildOf(recording)) view.emit(event);
    const headings = pipe.text.match(/(?<=^|\n\n)#\d+ .*/g) ?? [];
    // A step that another one interrupted has its heading again, with the same number.
    expect(doubledIn([...new Set(headings)].map((line) => line.replace(/^#\d+ /, "")))).toEqual([]);
    expect(pipe.text.match(/^#1 DONE/gm)).toHaveLength(1);
    expect(pipe.text).toContain("#1 [internal] load build context\n");
  });

  it("has each step once in the raw JSON", async () => {
    const pipe = new Pipe();
    const view = new RawJsonView(pipe);
    for (const event of await buildOf(recording)) view.emit(event);
    const vertexes = pipe.text
      .trim()
      .split("\n")
      .flatMap((line) => (JSON.parse(line) as { vertexes?: { digest: string; name: string }[] }).vertexes ?? []);
    const names = new Map(vertexes.map(({ digest, name }) => [digest, name]));
    expect(doubledIn([...names.values()])).toEqual([]);
  });

  it("has each step once on a terminal", async () => {
    const screen = new Screen(400);
    const view = new TtyView(screen, {}, () => 0);
    for (const event of await buildOf(recording)) view.emit(event);
    view[Symbol.dispose]();
    const names = screen.text.filter((line) => line.startsWith(" => ")).map((line) => line.replace(/ +\d+\.\ds$/, ""));
    const steps = names.filter((line) => !line.startsWith(" => => "));
    expect(doubledIn(steps)).toEqual([]);
    expect(steps.filter((line) => line.includes("load build context"))).toHaveLength(1);
  });
});

describe.each(["kaniko", "buildkit", "buildah", "img", "makisu"])("%s", (builder) => {
  it("gives a RUN exactly what it printed, even if that looks like a step", async () => {
    const summary = await summaryOf(`${builder}-two`);
    const [, run] = Object.entries(summary).find(([name]) => name.startsWith("[build 4/4] RUN ls")) ?? [];
    const printed = run?.output ?? [];
    // Makisu logs a line that came in two pieces as two, so there only the text is the same.
    const asPrinted = (lines: readonly string[]) =>
      builder === "makisu" ? lines.join("").replaceAll(/\s/g, "") : lines;
    expect({ printed: asPrinted(printed), end: run?.end }).toEqual({ printed: asPrinted(PRINTED), end: "DONE" });
  });

  it("names the failing step, with what it printed", async () => {
    const failed = Object.entries(await summaryOf(`${builder}-fail`)).filter(([, { end }]) => end === "ERROR");
    expect(failed.map(([name]) => name)).toEqual([
      expect.stringMatching(/^\[3\/4\] RUN echo to-stdout; +echo to-stderr >&2; +exit 7$/),
    ]);
    expect(failed[0]?.[1].output).toEqual(expect.arrayContaining(["to-stdout", "to-stderr"]));
  });
});

it.each([
  ["kaniko-again", "RUN ls"],
  ["buildkit-again", "RUN ls"],
  ["buildah-again", "WORKDIR"],
  ["kaniko-1.28-cache-second", "RUN sleep 1"],
  ["makisu-cached", "RUN ls"],
])("%s: a step from the cache is CACHED", async (name, text) => {
  const cached = Object.entries(await summaryOf(name)).filter(([, { end }]) => end === "CACHED");
  expect(cached.map(([step]) => step)).toContainEqual(expect.stringContaining(text));
});

it.each([
  ["makisu-cached", ["COPY . .", "RUN ls", "RUN echo never", "COPY --from=build"]],
  // The layer of the second RUN has what the first one wrote.
  ["makisu-cached-later", ["RUN echo one > /one", "RUN echo two > /two"]],
])("%s: exactly the steps whose layers come from the cache are CACHED", async (name, texts) => {
  const steps = Object.entries(await summaryOf(name));
  const cached = steps.filter(([, { end }]) => end === "CACHED").map(([step]) => step);
  expect(cached).toEqual(texts.map((text): unknown => expect.stringContaining(text)));
  expect(steps.flatMap(([, { output }]) => output)).toEqual([]);
});

describe("makisu's line of a step that it does not run", () => {
  const logOf = (...texts: readonly string[]): string[] =>
    texts.map((text) => `2026-11-29T06:21:58.548Z\t\u001b[34mINFO\u001b[0m\t${text}`);
  const endsOf = async (lines: readonly string[]): Promise<string[]> => {
    const makisu = await loadBuilder("makisu");
    const reader = makisu.steps(planSteps(parseDockerfile("FROM a\nRUN one\nRUN two\n")));
    expect(lines.map((line) => makisu.formatLogLine(line))).not.toEqual(lines);
    const events = [...lines.flatMap((line) => reader.read(line, "2026-11-29T06:21:58Z")), ...reader.end()];
    const names = new Map(events.flatMap((event) => (event.type === "step-started" ? [[event.step, event.name]] : [])));
    return events.flatMap((event) =>
      event.type === "step-done" ? [`${names.get(event.step)} ${event.cached ? "CACHED" : "DONE"}`] : [],
    );
  };
  const BEGIN = ["* Stage 1/1 : (alias=0,latestfetched=1)", "* Step 1/3 (skip) : FROM a  (b332c5f2)"];

  it("is not taken from a command that prints the same line", async () => {
    const lines = logOf(
      ...BEGIN,
      "* Step 2/3 (commit,modifyfs) : RUN one  (b7e6ce7)",
      "* Skipping execution; cache was applied *",
      '* Executed RUN one  (b7e6ce7)\t{"duration": 0.0035}',
    );
    expect(await endsOf(lines)).toContain("[2/3] RUN one DONE");
  });
});

it("kaniko prints the lines of a heredoc before it runs them, and they are not its output", async () => {
  const summary = await summaryOf("kaniko-1.28-heredoc");
  expect(summary["[2/3] RUN <<EOF"]).toEqual({ end: "DONE", output: ["one", "two"] });
});

it("buildkit's own lines of the Dockerfile are kept for a client that does not have it", async () => {
  const events = await eventsOf(named("buildkit-fail"), false);
  const excerpt = events.flatMap((event) => (event.type === "log" && event.from === "excerpt" ? [event.line] : []));
  expect(excerpt).toEqual([
    "Dockerfile:3",
    "-".repeat(20),
    "   2 |     RUN echo before",
    "   3 | >>> RUN echo to-stdout; \\",
    "   4 | >>>     echo to-stderr >&2; \\",
    "   5 | >>>     exit 7",
    "   6 |     RUN echo after",
    "-".repeat(20),
  ]);
});

describe("the image that a builder reports as pushed", () => {
  const pushedIn = async (name: string): Promise<string[]> => {
    const { builder, lines } = named(name);
    const { readPushed } = await loadBuilder(builder);
    return lines.flatMap(({ raw }) => readPushed?.(raw, PLAN) ?? []);
  };

  it.each([
    ["kaniko-two", ["steps1/kcache@sha256:c3a3edc0", "steps1/kaniko-two@sha256:646301be"]],
    ["kaniko-1.28-two-stages", ["rec/two-stages@sha256:866f5cf0"]],
    ["buildkit-two", ["steps1/buildkit-two:latest@sha256:17bd53ab"]],
    ["buildkit-again", ["steps1/buildkit-again:latest@sha256:17bd53ab"]],
  ])("is read from %s, with the cache's if that has another name", async (name, expected) => {
    const pushed = await pushedIn(name);
    expect(pushed.map((image) => image.replace("10.88.0.1:5000/", "").replace(/(?<=sha256:.{8}).*/, ""))).toEqual(
      expected,
    );
  });

  it.each(["kaniko-fail", "kaniko-1.28-failing-run", "buildkit-fail", "buildah-fail", "img-fail", "makisu-fail"])(
    "is not in %s",
    async (name) => {
      expect(await pushedIn(name)).toEqual([]);
    },
  );

  const image = `registry.example.com/team/app@sha256:${"a".repeat(64)}`;
  it.each<[string, BuilderName, string]>([
    ["a RUN under kaniko, without kaniko's colours", "kaniko", `INFO[0002] Pushed ${image}`],
    ["a RUN under BuildKit", "buildkit", `#7 0.31 pushing manifest for ${image} 0.1s done`],
    ["a RUN that prints BuildKit's whole line", "buildkit", `#7 0.31 #9 pushing manifest for ${image} 0.1s done`],
    ["a push that has only begun", "buildkit", `#9 pushing manifest for ${image}`],
    ["a step's name", "buildkit", `#7 [2/2] RUN echo '#9 pushing manifest for ${image} done'`],
  ])("is not read from %s", async (_, name, line) => {
    expect((await loadBuilder(name)).readPushed?.(line, PLAN)).toBeUndefined();
  });

  it("is not enough with BuildKit if a cache is still to be exported", async () => {
    const { readPushed } = await loadBuilder("buildkit");
    const line = `#9 pushing manifest for ${image} 0.1s done`;
    const cacheTo = [{ type: "registry", attributes: { ref: "registry.example.com/team/cache" } }] as const;
    expect(readPushed?.(line, PLAN)).toBe(image);
    expect(readPushed?.(line, { ...PLAN, cacheTo })).toBeUndefined();
  });
});
