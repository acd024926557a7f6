/** Which processes of a kept builder are leftovers of a RUN, from what its sweep reads. */
import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { LEFTOVERS } from "../../../../src/builders/buildkit/daemon.ts";

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  /** Undefined: it cannot be read. */
  readonly space?: string;
  readonly state?: string;
}

const DAEMON = 40;
const RUNC: Process = { pid: 50, parent: DAEMON, name: "buildkit-runc", space: "daemon" };
const POD: readonly Process[] = [
  { pid: 1, parent: 0, name: "sh", space: "pod" },
  { pid: 10, parent: 1, name: "rootlesskit" },
  { pid: 20, parent: 10, name: "exe", space: "daemon" },
  { pid: DAEMON, parent: 20, name: "buildkitd", space: "daemon" },
  { pid: 41, parent: DAEMON, name: "sh", space: "daemon" },
];

const startOf = (pid: number): number => pid * 100;

/** @param runs what runc has written down: the first process of each RUN, and when it started */
function leftovers(processes: readonly Process[], runs: readonly (readonly [pid: number, start: number])[]): number[] {
  const all = [...POD, ...processes];
  const input = [
    ...all.flatMap(({ pid, space }) =>
      space === undefined ? [] : [`lrwxrwxrwx 1 user user 0 Nov 29 06:38 /proc/${pid}/ns/mnt -> mnt:[${space}]`],
    ),
    ...runs.map(([pid, start]) => `run ${pid} ${start}`),
    "",
    ...all.map(
      ({ pid, parent, name, state = "S" }) =>
        `${pid} (${name}) ${state} ${parent} ${"0 ".repeat(17)}${startOf(pid)} 0 0`,
    ),
  ].join("\n");
  const printed = execFileSync("awk", ["-v", `daemon=${DAEMON}`, LEFTOVERS], { input, encoding: "utf8" });
  return printed
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => {
      const [pid, start] = line.split(":").map(Number);
      expect(start).toBe(startOf(pid ?? 0));
      return pid ?? 0;
    })
    .sort((a, b) => a - b);
}

test("the pod's and the daemon's own processes are not leftovers", () => {
  expect(leftovers([], [])).toEqual([]);
});

test("what a living RUN has started is its own: children, orphans that its runc took over, other mount namespaces", () => {
  const started: readonly Process[] = [
    RUNC,
    { pid: 60, parent: 50, name: "sh", space: "run" },
    { pid: 61, parent: 60, name: "a ) b", space: "run" },
    { pid: 62, parent: 50, name: "orphan", space: "nested" },
    { pid: 63, parent: 1, name: "far", space: "run" },
    { pid: 64, parent: 61, name: "sleep", space: "nested" },
  ];
  expect(leftovers(started, [[60, startOf(60)]])).toEqual([]);
});

test("what is left when a RUN's first process has ended is found, and a RUN that lives beside it is not", () => {
  const other: readonly Process[] = [
    { ...RUNC, pid: 70 },
    { pid: 71, parent: 70, name: "sh", space: "other" },
  ];
  const left: readonly Process[] = [
    RUNC,
    { pid: 61, parent: 50, name: "sleep", space: "run" },
    { pid: 62, parent: 61, name: "sleep", space: "run" },
    { pid: 63, parent: 1, name: "daemon", space: "run" },
  ];
  const runs = [
    [60, startOf(60)],
    [71, startOf(71)],
  ] as const;
  expect(leftovers([...left, ...other], runs)).toEqual([61, 62, 63]);
  const zombie: Process = { pid: 60, parent: 50, name: "sh", space: "run", state: "Z" };
  expect(leftovers([...left, ...other, zombie], runs)).toEqual([61, 62, 63]);
});

test("a process that was given the number of a RUN's first process does not make that RUN live", () => {
  const left: Process = { pid: 60, parent: 1, name: "sleep", space: "run" };
  expect(leftovers([RUNC, left], [[60, startOf(60) - 1]])).toEqual([60]);
});

test("a RUN that runc is just starting is not a leftover", () => {
  expect(leftovers([RUNC, { pid: 60, parent: 50, name: "runc:[2:INIT]", space: "run" }], [[59, 1]])).toEqual([]);
});

test("nothing is a leftover where a runc runs and nothing of its state is understood", () => {
  expect(leftovers([RUNC, { pid: 60, parent: 50, name: "sh", space: "run" }], [])).toEqual([]);
});
