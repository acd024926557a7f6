import { describe, expect, it } from "vitest";
import { factsOfSteps, rerunReason, sourcesOf } from "../../../../src/app/build/rerun-reason.ts";
import type { BuildMemory, RerunFacts } from "../../../../src/app/build/rerun-reason.ts";
import type { Step } from "../../../../src/lib/buildkit/progress.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const OTHER = `sha256:${"b".repeat(64)}`;

function step(name: string, inputs: readonly string[] = [], cached = false): Step {
  return { number: 1, digest: name, name, cached, error: "", ms: 1, completed: true, inputs };
}

const FROM = step(`[1/4] FROM docker.io/library/alpine:3@${DIGEST}`);
const CONTEXT = step("[internal] load build context");
const RUN = "[2/4] RUN echo 1";
const COPY = "[3/4] COPY src/ lib/*.ts /app/";
const LAST_RUN = "[4/4] RUN make";

/** @param ran the steps that were not cached */
function steps(ran: readonly string[], from: Step = FROM): Step[] {
  const cached = (name: string): boolean => !ran.includes(name);
  return [
    step("[internal] load build definition from Dockerfile"),
    CONTEXT,
    from,
    step(RUN, [from.digest], cached(RUN)),
    step(COPY, [RUN, CONTEXT.digest], cached(COPY)),
    step(LAST_RUN, [COPY], cached(LAST_RUN)),
    step("exporting to image"),
  ];
}

const LAST: BuildMemory = {
  builder: "k",
  dockerfile: "d",
  buildArgs: { V: "1" },
  files: 9,
  ...factsOfSteps(steps([])),
};

function reason(ran: readonly Step[], changed: Partial<Omit<RerunFacts, "now">> & { now?: Partial<BuildMemory> } = {}) {
  const { now, ...rest } = changed;
  return rerunReason({
    steps: ran,
    declared: new Set(["V"]),
    last: LAST,
    sentFor: () => [],
    ...rest,
    now: { ...LAST, ...now },
  });
}

const sent = (paths: readonly string[]) => ({ sentFor: () => paths });

describe("the reason why a step ran again", () => {
  it("names the file that changed, of the step that uses it", () => {
    expect(reason(steps([COPY, LAST_RUN]), sent(["src/app.ts"]))).toBe(
      `${COPY} ran again: 1 file changed (src/app.ts)`,
    );
  });

  it("counts the files beyond three", () => {
    expect(reason(steps([COPY, LAST_RUN]), sent(["a", "b", "c", "d", "e"]))).toContain(
      "5 files changed (a, b, c and 2 more)",
    );
    expect(
      reason(steps([COPY, LAST_RUN]), {
        ...sent(["a", "b", "c", "d"]),
        now: { files: 4 },
      }),
    ).toContain("all 4 files changed");
  });

  it("is a removed file if the builder has all the others", () => {
    expect(reason(steps([COPY, LAST_RUN]), { now: { files: 8 } })).toBe(`${COPY} ran again: 1 file was removed`);
    expect(reason(steps([COPY, LAST_RUN]), { now: { files: 7 } })).toBe(`${COPY} ran again: 2 files were removed`);
  });

  it("is a directory or a symlink if no file is new and none is gone", () => {
    expect(reason(steps([COPY, LAST_RUN]))).toBe(`${COPY} ran again: directories or symlinks changed`);
  });

  it("is the argument before the COPY if no file changed", () => {
    const told = reason(steps([COPY, LAST_RUN]), { now: { buildArgs: {} } });
    expect(told).toBe(`${COPY} ran again: ARG V changed`);
  });

  it("is asked for by the sources of the COPY", () => {
    let asked: readonly string[] | undefined;
    const sentFor: RerunFacts["sentFor"] = (sources) => {
      asked = sources;
      return [];
    };
    reason(steps([COPY]), { sentFor });
    expect(asked).toEqual(["src/", "lib/*.ts"]);
  });

  it("is the argument that has another value, and never the value", () => {
    const told = reason(steps([RUN, COPY, LAST_RUN]), { now: { buildArgs: { V: "2" } } });
    expect(told).toBe(`${RUN} ran again: ARG V changed`);
    expect(reason(steps([RUN]), { now: { buildArgs: { V: "1", UNUSED: "2" } } })).toBeUndefined();
  });

  it("is the base image if its tag has another digest now", () => {
    const moved = step(`[1/4] FROM docker.io/library/alpine:3@${OTHER}`);
    expect(reason(steps([RUN, COPY, LAST_RUN], moved))).toBe(
      `${RUN} ran again: the base image docker.io/library/alpine:3 moved`,
    );
  });

  it("is the instruction if the last build did not have it", () => {
    const changed = steps([LAST_RUN]).map((one) => (one.name === LAST_RUN ? step("[4/4] RUN make all", [COPY]) : one));
    expect(reason(changed, { now: { dockerfile: "e" } })).toBe(
      "[4/4] RUN make all ran again: the instruction is new or was changed",
    );
  });

  it("is the Dockerfile if an instruction without a step, as ENV, was changed", () => {
    expect(reason(steps([LAST_RUN]), { now: { dockerfile: "e" } })).toBe(
      `${LAST_RUN} ran again: the Dockerfile was changed before it`,
    );
  });

  it.each([
    ["everything was cached", steps([]), {}],
    ["nothing is known of the last build", steps([RUN]), { last: undefined }],
    ["the last build was in another builder", steps([RUN]), { last: { ...LAST, builder: "other" } }],
    ["nothing changed that is known", steps([RUN]), {}],
  ] as const)("is not told if %s", (_, ran, facts) => {
    expect(reason(ran, facts)).toBeUndefined();
  });
});

describe("the sources of a COPY", () => {
  it.each([
    ["COPY . /app/", ["."]],
    ["COPY --from=x --chown=1:1 a b /c", ["a", "b"]],
    ['ADD ["a b", "/c"]', ["a b"]],
    ["COPY [a-z]* /c", ["[a-z]*"]],
    ["RUN make", undefined],
  ])("of %s", (text, sources) => {
    expect(sourcesOf(text)).toEqual(sources);
  });
});
