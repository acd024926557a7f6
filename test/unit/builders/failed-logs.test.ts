/** What a person reads at the end of a build that failed: recorded logs of every builder, and the sentence and the Dockerfile's line of each. */
import { describe, expect, it } from "vitest";
import { loadBuilder } from "../../../src/builders/table.ts";
import { CANCELED } from "../../../src/lib/text/canceled.ts";
import { lineOf } from "../../../src/lib/dockerfile/locate.ts";
import { planSteps } from "../../../src/lib/dockerfile/plan-steps.ts";
import { parseDockerfile } from "../../../src/lib/dockerfile/parse.ts";
import { eventsOf, named, readerOf } from "./recordings.ts";

const BUILDERS = ["kaniko", "buildkit", "buildah", "img", "makisu"] as const;
type BuilderName = (typeof BUILDERS)[number];

interface Expected {
  readonly fault?: "registry-auth";
  readonly line: number | undefined;
  readonly message: RegExp;
  /** Of the builders that cannot say the same. */
  readonly others?: Partial<Record<BuilderName, RegExp>>;
}

const CASES: Readonly<Record<string, Expected>> = {
  // img does not report the exit code.
  "fail-noisy": {
    line: 3,
    message: /^`RUN echo .*` ended with exit code 9$/,
    others: { img: /^`RUN echo .*` failed$/ },
  },
  "missing-base": {
    line: 1,
    message: /^failed to resolve source metadata for 10\.88\.0\.1:500[01]\/busybox:9\.99: not found$/,
    // It asks for one form of images only, and gets the same answer for an image of another form.
    others: {
      makisu: /^makisu found no image 10\.88\.0\.1:5000\/busybox:9\.99 with Docker's manifest in its registry$/,
    },
  },
  "missing-copied": { line: 4, message: /^failed to compute cache key: "\/nothere\.txt": not found$/ },
  "refused-push": {
    fault: "registry-auth",
    line: undefined,
    message: /^not authorised to push to 10\.88\.0\.1:\d+: [a-z ]+$/,
  },
};
const ROWS = BUILDERS.flatMap((builder) =>
  Object.entries(CASES).map(([name, expected]) => ({ builder, name, expected })),
);

/** What only builders say: words of their loggers and wrappers, and paths of their own file systems. */
const NOISE =
  /building at STEP|goroutine|level=|execute stage|build node|do execute|checking on sources|\/var\/lib\/|\/makisu-|\/kaniko\/|snapshot|of ref |rpc error|failed to solve/;

async function failureOf(builder: BuilderName, name: string) {
  const recording = named(`${builder}-${name}`);
  // img pulls from the registry with https.
  const text = builder === "img" ? recording.dockerfile.replaceAll(":5000/", ":5001/") : recording.dockerfile;
  const { formatLogLine } = await readerOf(recording);
  const tail = recording.lines.map(({ raw }) => formatLogLine(raw));
  const outcome = (await loadBuilder(builder)).outcome({ exitCode: 1, reason: "Error", message: "", tail });
  if (outcome.kind !== "failed") throw new Error(`it is ${outcome.kind}`);
  const line = outcome.place === undefined ? undefined : lineOf(outcome.place, parseDockerfile(text), new Map());
  return { ...outcome, line };
}

describe.each(ROWS)("$builder: $name", ({ builder, name, expected }) => {
  it("has one sentence and the line of the Dockerfile", async () => {
    const { message, line, fault } = await failureOf(builder, name);
    expect({ line, fault }).toEqual({ line: expected.line, fault: expected.fault ?? "build" });
    expect(message).toMatch(expected.others?.[builder] ?? expected.message);
    expect(message.replace(/`RUN [^`]*`/, "")).not.toMatch(NOISE);
  });

  it("fails a step, and prints nothing more of the builder's own on a terminal", async () => {
    const events = await eventsOf(named(`${builder}-${name}`));
    expect(events.some(({ type }) => type === "step-failed")).toBe(true);
    const printed = events.flatMap((event) =>
      event.type === "log" && event.step === undefined && event.from !== "repeat" && event.from !== "excerpt"
        ? [event.line]
        : [],
    );
    expect(printed).toEqual([]);
    const output = events.flatMap((event) => (event.type === "log" && event.from === undefined ? [event.line] : []));
    expect(output.some((line) => line !== "")).toBe(name === "fail-noisy");
  });
});

it.each(BUILDERS)(
  "%s: what a failing command prints is its output, even if it looks like a builder's line",
  async (builder) => {
    const events = await eventsOf(named(`${builder}-fail-noisy`));
    const failed = events.find(({ type }) => type === "step-failed")?.step;
    const lines = events.flatMap((event) =>
      event.type === "log" && event.from === undefined && event.step === failed && event.line !== ""
        ? [event.line]
        : [],
    );
    expect(lines.toSorted()).toEqual([
      "* Starting server",
      "ERROR: failed to solve",
      "Error: Cannot find module x",
      "Failed to connect to bus",
      "WARN: careful",
      "subprocess exited with status 3",
      'time="2026-01-01T00:00:00Z" level=warning msg="of the command"',
    ]);
  },
);

it.each(["buildah", "makisu"] as const)("%s: a command that a signal has ended", async (builder) => {
  expect(await failureOf(builder, "fail-killed")).toMatchObject({
    message: "`RUN echo before && kill -9 $$` was ended by a signal: killed",
    line: 2,
  });
  const events = await eventsOf(named(`${builder}-fail-killed`));
  const output = events.flatMap((event) => (event.type === "log" && event.from === undefined ? [event.line] : []));
  expect(output.filter((line) => line !== "")).toEqual(["before"]);
});

it.each([
  [
    "kaniko",
    "error building image: unable to complete operation after 3 attempts, last error: GET http://10.88.0.1:5002/v2/team/base/manifests/1: UNAUTHORIZED: authentication required; [map[Action:pull Class: Name:team/base Type:repository]]",
  ],
  [
    "buildah",
    "Error: creating build container: unable to copy from source docker://10.88.0.1:5002/team/base:1: initializing source docker://10.88.0.1:5002/team/base:1: reading manifest 1 in 10.88.0.1:5002/team/base: authentication required",
  ],
] as const)("%s: a base image that may not be pulled has the line that names it", async (name, line) => {
  const outcome = (await loadBuilder(name)).outcome({ exitCode: 1, reason: "Error", message: "", tail: [line] });
  const dockerfile = parseDockerfile("FROM busybox\nRUN true\nFROM 10.88.0.1:5002/team/base:1\n");
  const place = outcome.kind === "failed" ? outcome.place : undefined;
  expect(outcome).toMatchObject({ kind: "failed", fault: "registry-auth" });
  expect(place === undefined ? undefined : lineOf(place, dockerfile, new Map())).toBe(3);
});

it("img: a base image that may not be pulled has the line that names it, though the error does not", async () => {
  expect(await failureOf("img", "refused-pull")).toMatchObject({
    fault: "registry-auth",
    message: "not authorised to pull from 10.88.0.1:5998: it refused the credentials",
    line: 1,
  });
});

it.each(["buildkit", "img"] as const)("%s: an ADD of a URL that cannot be read has its line", async (name) => {
  const error =
    'failed to solve: failed to load cache key: Get "http://10.88.0.1:1/x": dial tcp 10.88.0.1:1: connect: connection refused';
  const tail = [`${name === "img" ? "Error" : "error"}: ${error}`];
  const outcome = (await loadBuilder(name)).outcome({ exitCode: 1, reason: "Error", message: "", tail });
  const place = outcome.kind === "failed" ? outcome.place : undefined;
  const dockerfile = parseDockerfile("FROM busybox\nADD http://10.88.0.1:1/x /x\n");
  expect(place === undefined ? undefined : lineOf(place, dockerfile, new Map())).toBe(2);
});

it("buildah's COPY of a pattern without a match names no directory of the builder", async () => {
  expect(await failureOf("buildah", "missing-glob")).toMatchObject({
    message: "`COPY *.nope /` failed: globs [/*.nope] matched nothing",
    line: 2,
  });
});

it("makisu's COPY of a pattern without a match names no directory of the builder", async () => {
  expect(await failureOf("makisu", "missing-glob")).toMatchObject({
    message: 'failed to compute cache key: "/*.nope": not found',
    line: 2,
  });
});

describe.each(BUILDERS)("a build of %s that was stopped", (builder) => {
  it("has the step that was running as canceled, and no other", async () => {
    const recording = named(`${builder}-fail`);
    const { steps } = await readerOf(recording);
    // Up to what the failing command prints.
    const stop = recording.lines.findIndex(({ raw }) => raw.endsWith("to-stdout"));
    const events = recording.lines.slice(0, stop + 1).flatMap(({ raw, timestamp }) => steps.read(raw, timestamp));
    const names = new Map(
      events.flatMap(
        (event) => (event.type === "step-started" ? [[event.step, event.name]] : []) as [string, string][],
      ),
    );
    const ended = steps.end(CANCELED);
    const failed = ended.flatMap((event) => (event.type === "step-failed" ? [event] : []));
    expect(failed.map(({ step, error }) => [names.get(step)?.slice(0, 9), error])).toEqual([["[3/4] RUN", CANCELED]]);
  });
});

it.each(["kaniko", "buildah", "makisu"] as const)(
  "%s: the step of the instruction that failed has failed, even if another one ran last",
  async (builder) => {
    const recording = named(`${builder}-missing-copied`);
    const { steps } = await readerOf(recording);
    const read = recording.lines.flatMap(({ raw, timestamp }) => steps.read(raw, timestamp));
    const events = [...read, ...steps.end("it failed", "COPY --from=one /nothere.txt /")];
    const failed = events.flatMap((event) => (event.type === "step-failed" ? [event.step] : []));
    const started = events.flatMap((event) =>
      event.type === "step-started" && failed.includes(event.step) ? [event.name] : [],
    );
    expect(started).toEqual(["[stage-1 2/2] COPY --from=one /nothere.txt /"]);
  },
);

it("kaniko's error is its own line, even if the command's output, with an error of its own, comes below it", async () => {
  const { lines, dockerfile } = named("kaniko-fail-noisy");
  const kaniko = await loadBuilder("kaniko");
  const formatted = lines.map(({ raw }) => kaniko.formatLogLine(raw));
  const at = formatted.findIndex((line) => line.startsWith("error building image: "));
  const tail = [...formatted.filter((_, index) => index !== at), formatted[at] ?? "", "Error: Cannot find module x"];
  const outcome = kaniko.outcome({ exitCode: 1, reason: "Error", message: "", tail });
  const place = outcome.kind === "failed" ? outcome.place : undefined;
  expect(outcome).toMatchObject({ message: expect.stringMatching(/ended with exit code 9$/) as string });
  expect(place === undefined ? undefined : lineOf(place, parseDockerfile(dockerfile), new Map())).toBe(3);
});

it("buildah's last lines are its own, even if the command's output comes between and below them", async () => {
  const { lines, dockerfile } = named("buildah-fail-noisy");
  const raw = lines.map((line) => line.raw);
  const late = raw.filter((line) => line === "WARN: careful" || line.startsWith("Error: Cannot"));
  const [before, end] = [raw.slice(0, -2).filter((line) => !late.includes(line)), raw.slice(-2)];
  const mixed = [...before, "WARN: careful", ...end, "Error: Cannot find module x"];
  const buildah = await loadBuilder("buildah");
  const outcome = buildah.outcome({ exitCode: 1, reason: "Error", message: "", tail: mixed });
  expect(outcome).toMatchObject({ message: expect.stringMatching(/ended with exit code 9$/) as string });
  const steps = buildah.steps(planSteps(parseDockerfile(dockerfile)));
  const events = mixed.flatMap((line) => steps.read(line, "2026-01-01T00:00:00Z"));
  const output = events.flatMap((event) => (event.type === "log" && event.from === undefined ? [event.line] : []));
  expect(output.filter((line) => line.startsWith("subprocess"))).toEqual(["subprocess exited with status 3"]);
  expect(output).toEqual(expect.arrayContaining(["WARN: careful", "Error: Cannot find module x"]));
});
