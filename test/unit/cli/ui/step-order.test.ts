/** Steps that run at the same time, in a log: the order of docker's, held against random builds. */
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { PlainView } from "../../../../src/cli/ui/plain.ts";
import { StepOrder } from "../../../../src/cli/ui/step-order.ts";
import type { LogEvent, StepEvent } from "../../../../src/events.ts";
import { Pipe } from "./screen.ts";

type Event = StepEvent | LogEvent;

const START = Date.parse("2026-01-01T00:00:00Z");
const at = (ms: number): string => new Date(START + ms).toISOString();
const started = (step: string, ms = 0): Event => ({
  type: "step-started",
  step,
  name: `step ${step}`,
  timestamp: at(ms),
});
const log = (step: string, line: string, ms = 0): Event => ({
  type: "log",
  step,
  line,
  container: "build",
  timestamp: at(ms),
});
const done = (step: string, ms = 0, cached = false): Event => ({
  type: "step-done",
  step,
  cached,
  ms,
  timestamp: at(ms),
});

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** What the plain view prints of the events, and of the time between them. */
function printed(...events: readonly (Event | { readonly wait: number })[]): string[] {
  const pipe = new Pipe();
  let now = 0;
  using view = new PlainView(pipe, () => now);
  for (const event of events) {
    if ("wait" in event) {
      now += event.wait;
      vi.advanceTimersByTime(event.wait);
    } else view.emit(event);
  }
  view[Symbol.dispose]();
  return pipe.text.trimEnd().split("\n");
}

it("a step that another one interrupts keeps its turn, and what ends meanwhile is told whole", () => {
  expect(
    printed(
      started("a"),
      log("a", "one"),
      started("b"),
      log("b", "two"),
      log("a", "three"),
      started("c"),
      done("c", 0, true),
      log("a", "four"),
      done("a", 1000),
      done("b", 2000),
    ),
  ).toEqual([
    ..."#1 step a|#1 0.000 one|#1 0.000 three|#1 ...||#2 step c|#2 CACHED|".split("|"),
    // Between c and the next line of a, the one that waited has its turn.
    ..."#3 step b|#3 0.000 two|#3 ...||#1 step a|#1 0.000 four|#1 DONE 1.0s||#3 step b|#3 DONE 2.0s".split("|"),
  ]);
});

it("cached steps that start together are told one after the other", () => {
  expect(
    printed(started("a"), started("b"), started("c"), done("c", 0, true), done("a", 0, true), done("b", 0, true)),
  ).toEqual(
    "#1 step a|#1 ...||#2 step c|#2 CACHED||#3 step b|#3 ...||#1 step a|#1 CACHED||#3 step b|#3 CACHED".split("|"),
  );
});

it("a step waits five seconds for its turn, and a quiet stream does not hold it back", () => {
  expect(printed(started("a"), started("b"), log("b", "two"), { wait: 4000 }, log("a", "one", 4000))).toEqual([
    "#1 step a",
    "#1 4.000 one",
    "#1 ...",
    "",
    "#2 step b",
    "#2 0.000 two",
  ]);
  expect(
    printed(started("a"), started("b"), log("b", "two"), { wait: 6000 }, log("a", "one", 6000), { wait: 6000 }),
  ).toEqual("#1 step a|#1 ...||#2 step b|#2 0.000 two|#2 ...||#1 step a|#1 6.000 one".split("|"));
});

it("what a builder does beside its instructions holds none of them back", () => {
  const own: Event = {
    type: "step-started",
    step: "own",
    name: "[internal] kaniko",
    timestamp: at(0),
    background: true,
  };
  expect(printed(own, log("own", "x"), started("a"), log("a", "one"), done("a", 100), log("own", "y"))).toEqual(
    "#1 [internal] kaniko|#1 0.000 x|#1 ...||#2 step a|#2 0.000 one|#2 DONE 0.1s||#1 [internal] kaniko|#1 0.000 y".split(
      "|",
    ),
  );
});

it("a step that runs again is told again only if it prints, fails or takes a second", () => {
  const first = [started("a"), done("a", 300)];
  const told = "#1 step a|#1 DONE 0.3s";
  expect(printed(...first, started("a"), done("a", 900))).toEqual(told.split("|"));
  expect(printed(...first, started("a"), done("a", 1400))).toEqual(`${told}||#1 step a|#1 DONE 1.4s`.split("|"));
  expect(printed(...first, started("a"), log("a", "x"), done("a", 400))).toEqual(
    `${told}||#1 step a|#1 0.000 x|#1 DONE 0.4s`.split("|"),
  );
});

/** A generator of numbers below a bound, the same for the same seed. */
function randomOf(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7f_ff_ff_ff;
    return (state >>> 8) % below;
  };
}

/** A build of several steps, each begun, logged and ended, with those of other steps between; some are still running at its end. */
function randomBuild(seed: number): (Event | { readonly wait: number })[] {
  const random = randomOf(seed);
  const open = new Map<string, number>();
  const events: (Event | { readonly wait: number })[] = [];
  let ms = 0;
  for (let count = 0, steps = 0; count < 120; count++) {
    const names = [...open.keys()];
    const step = names[random(Math.max(1, names.length))];
    const choice = random(10);
    if (choice < 2 || step === undefined) {
      const name = String(++steps);
      open.set(name, ms);
      events.push(started(name, ms));
    } else if (choice < 7) events.push(log(step, `line ${count}`, ms));
    else if (choice < 9) {
      events.push(done(step, ms - (open.get(step) ?? 0), random(3) === 0));
      open.delete(step);
    } else {
      const wait = random(4000);
      ms += wait;
      events.push({ wait });
    }
  }
  return events;
}

/** What is wrong in a log of docker's form, line by line. */
function faultsIn(lines: readonly string[], names: ReadonlySet<string>): string[] {
  const faults: string[] = [];
  const ended = new Set<string>();
  let turn: string | undefined;
  let before = "";
  for (const line of lines) {
    const [, number = "", text = ""] = /^#(\d+) (.*)$/.exec(line) ?? [];
    if (line !== "") {
      if (ended.has(number)) faults.push(`after its end: ${line}`);
      if (number === turn) {
        if (names.has(text)) faults.push(`a heading within its own turn: ${line}`);
      } else if (turn !== undefined) faults.push(`no "#${turn} ..." before ${line}`);
      else if (!names.has(text)) faults.push(`no heading before ${line}`);
      else if (before !== "") faults.push(`no empty line before ${line}`);
      turn = text === "..." ? undefined : number;
      if (/^(?:DONE|CACHED)/.test(text)) {
        ended.add(number);
        turn = undefined;
      }
    } else if (turn !== undefined) faults.push(`an empty line in the turn of #${turn}`);
    before = line;
  }
  return faults;
}

describe("over random builds", () => {
  const seeds = Array.from({ length: 300 }, (_, seed) => seed + 1);

  it("each step has its heading before its lines, its end after them, and a new heading after an interruption", () => {
    const wrong = seeds.flatMap((seed) => {
      const events = randomBuild(seed);
      const names = new Set(
        events.flatMap((event) => ("wait" in event || event.type !== "step-started" ? [] : [event.name])),
      );
      return faultsIn(printed(...events), names).map((fault) => `seed ${seed}: ${fault}`);
    });
    expect(wrong).toEqual([]);
  });

  it("nothing is lost or doubled, and a step's own events keep their order", () => {
    const wrong = seeds.filter((seed) => {
      let now = 0;
      const order = new StepOrder(() => now);
      const events: Event[] = [];
      const told: Event[] = [];
      for (const event of randomBuild(seed)) {
        if ("wait" in event) {
          now += event.wait;
          told.push(...order.due());
        } else {
          events.push(event);
          told.push(...order.add(event));
        }
      }
      told.push(...order.flush());
      const steps = [...new Set(events.map(({ step }) => step))];
      const same = steps.every((step) => {
        const own = (list: readonly Event[]): string => JSON.stringify(list.filter((event) => event.step === step));
        return own(events) === own(told);
      });
      return !same || order.waits || told.length !== events.length;
    });
    expect(wrong).toEqual([]);
  });
});
