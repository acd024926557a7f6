/** Contexts kept on a volume: the client against the real command, run by a real shell in a directory that replaces the volume. */
import { spawn } from "node:child_process";
import {
  chmodSync,
  chownSync,
  linkSync,
  lutimesSync,
  readdirSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { mkdir, mkdtemp, readFile, readlink, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { openCacheSource } from "../../../../src/pack/cache-source.ts";
import type { BuildEvent } from "../../../../src/events.ts";
import { openContext } from "../../../../src/pack/open-context.ts";
import { HashStore } from "../../../../src/pack/hash-store.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { deliverByCache } from "../../../../src/ship/cache/ship.ts";
import { claimOf } from "../../../../src/ship/cache/claim.ts";
import { FakeCluster } from "../../../fakes/fake-cluster.ts";
import type { ExecAnswer } from "../../../fakes/fake-cluster.ts";
import { PLAN } from "../../plan/sample.ts";
import { describeTree, TempTree } from "../../pack/trees.ts";

let volume: string;
let events: BuildEvent[];
let tree: TempTree;
let builds: number;

beforeEach(async () => {
  volume = await mkdtemp(join(tmpdir(), "slipway-cache-"));
  tree = new TempTree();
  events = [];
  builds = 0;
});

afterEach(async () => {
  tree[Symbol.dispose]();
  await rm(volume, { recursive: true, force: true });
});

async function everything() {
  return { kind: "everything", because: "the test wants it" } as const;
}

/** A shell in the pod. @param spoil changes the sent data @param as a command that runs the shell as another user */
function inShell(
  spoil: (stdin: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array> = (stdin) => stdin,
  as: readonly string[] = [],
): ExecAnswer {
  return async ([, , script = "", ...words], { stdin, stdout, stderr }) => {
    const here = script
      .replaceAll("/tmp/", `${volume}/tmp-`)
      .replaceAll("cd /slipway", `cd ${volume}`)
      .replace("-ge 100", "-ge 2");
    const [program, ...before] = [...as, "bash"];
    const child = spawn(program, [...before, "-c", here, ...words.map((word) => word.replace(/^\/slipway/, volume))], {
      stdio: "pipe",
    });
    child.stdout.on("data", (chunk: Buffer) => stdout?.(chunk));
    child.stderr.on("data", (chunk: Buffer) => stderr?.(chunk));
    child.stdin.on("error", () => {});
    const ended = new Promise<number | null>((resolve) => {
      child.on("close", resolve);
    });
    if (stdin !== undefined) for await (const chunk of spoil(stdin)) child.stdin.write(chunk);
    child.stdin.end();
    return (await ended) ?? 137;
  };
}

interface Sent {
  readonly bytes: number;
  readonly attempts: number;
  /** Directory of the build's copy. */
  readonly ready: string;
  /** The client's report of what it packed. */
  readonly packed: string;
}

/** Sends the context for one build. @param answers of its pod, by default those of a shell */
async function send(answers: readonly ExecAnswer[] = [], live: readonly string[] = []): Promise<Sent> {
  const build = `build-${++builds}`;
  events = [];
  const cluster = new FakeCluster();
  cluster.stored.set("pods/pod-1", {
    status: { initContainerStatuses: [{ name: "receive-context", state: { running: {} } }] },
  });
  cluster.execs.push(...answers, ...Array.from({ length: 6 }, () => inShell()));
  const plan = { ...PLAN, name: build, context: { root: tree.root, ignoreFile: undefined } };
  const emit = (event: BuildEvent): void => void events.push(event);
  const { signal } = new AbortController();
  const openHashes = (): HashStore => new HashStore(join(volume, "hashes.json"));
  const cached = {
    build,
    claim: claimOf({ name: "project", size: "1Gi" }, 0, "1"),
    source: openCacheSource(plan, everything, openHashes, emit, signal),
    open: openContext(plan, everything, emit, signal),
    live: async () => live,
  };
  const own = join(volume, "builds", build);
  await mkdir(own, { recursive: true });
  for (const directory of [join(volume, "builds"), own]) chmodSync(directory, 0o777);
  const { ship } = deliverByCache(cached, { image: "busybox", user: 0, group: 0 });
  const shipped = await ship?.({ cluster, pod: "pod-1", emit, signal });
  const ready = join(volume, "builds", build, "ready");
  const packed = events.findLast(({ type }) => type === "stage-done");
  return {
    bytes: 0,
    attempts: 0,
    ...shipped,
    ready,
    packed: packed?.type === "stage-done" ? (packed.detail ?? "") : "",
  };
}

const warnings = () => events.flatMap((event) => (event.type === "warning" ? [event.message] : []));

/** The build reads the same files as there are on this disk. */
function expectEqual({ ready }: Sent): void {
  const here = describeTree(tree.root, false);
  const there = describeTree(join(ready, "context"), false);
  // The copies add one name to each file, and hard links stay hard links.
  const names = (facts: string): string => facts.replace(/ \d+ names$/, "");
  const plain = (found: Record<string, string>) =>
    Object.fromEntries(Object.entries(found).map(([path, facts]) => [path, names(facts)]));
  expect(plain(there)).toEqual(plain(here));
}

describe("a kept context", () => {
  it("is sent whole the first time, and then only its changes", async () => {
    for (let number = 0; number < 500; number++) tree.add(`d${number % 7}/f${number}`, `${number} `.repeat(number));
    tree.add("dir/");
    tree.add("link", "-> d1/f1");
    const first = await send();
    expectEqual(first);
    expect(first.packed).toMatch(/^all 509 entries, /);
    expect(await readFile(join(first.ready, "dockerfile/Dockerfile"), "utf8")).toBe(PLAN.dockerfile.text);
    tree.add("d1/f1", "new");
    rmSync(tree.at("d2/f2"));
    const second = await send();
    expectEqual(second);
    expect(second.packed).toMatch(/^1 of 508 entries changed, 3 B, /);
    expect(second.bytes).toBeLessThan(first.bytes / 5);
    expect(warnings()).toEqual([]);
    const third = await send();
    expectEqual(third);
    expect(third.packed).toMatch(/^0 of 508 entries changed, 0 B, /);
  });

  it("follows changes of every kind", async () => {
    tree.add("a/b/c", "1");
    tree.add("file", "1");
    tree.add("gone/x/y", "1");
    tree.add("link", "-> a");
    tree.add("odd % name\nof é", "1");
    tree.add("ab", "1");
    linkSync(tree.at("file"), tree.at("second"));
    expectEqual(await send());
    chmodSync(tree.at("a/b"), 0o700);
    chmodSync(tree.at("ab"), 0o4711);
    rmSync(tree.at("gone"), { recursive: true });
    tree.add("gone", "a file now");
    rmSync(tree.at("link"));
    tree.add("link/is/a directory", "1");
    rmSync(tree.at("a/b/c"));
    symlinkSync("../../file", tree.at("a/b/c"));
    utimesSync(tree.at("odd % name\nof é"), 1, 1);
    linkSync(tree.at("file"), tree.at("third"));
    const after = await send();
    expectEqual(after);
    expect(warnings()).toEqual([]);
    const { ino } = statSync(join(after.ready, "context/file"));
    expect(["second", "third"].map((name) => statSync(join(after.ready, "context", name)).ino)).toEqual([ino, ino]);
    expectEqual(await send());
    expect((await send()).packed).toMatch(/^0 of /);
  });

  it("keeps what its owner may not read or search, for a user who is not root", async () => {
    const user = 54_321;
    const as = process.getuid?.() === 0 ? ["setpriv", `--reuid=${user}`, `--regid=${user}`, "--clear-groups"] : [];
    const asUser = [inShell(undefined, as)];
    if (as.length > 0) chownSync(volume, user, user);
    const modes = [0o000, 0o311, 0o444, 0o555, 0o1777, 0o2755];
    for (const mode of modes) tree.add(`d${mode.toString(8)}/deep/f`, `${mode}`);
    for (const mode of [0o000, 0o111, 0o200, 0o4755]) {
      tree.add(`f${mode.toString(8)}`, `${mode}`);
      chmodSync(tree.at(`f${mode.toString(8)}`), mode);
    }
    for (const mode of modes) chmodSync(tree.at(`d${mode.toString(8)}`), mode);
    expectEqual(await send(asUser));
    expect(warnings()).toEqual([]);
    tree.add("new", "1");
    const second = await send(asUser);
    expectEqual(second);
    // The new file, and the four directories that are closed to their owner.
    expect(second.packed).toMatch(/^5 of /);
    expect(warnings()).toEqual([]);
  });

  it("does not change the files of earlier builds", async () => {
    tree.add("a", "1");
    tree.add("b", "1");
    const first = await send();
    tree.add("a", "2");
    chmodSync(tree.at("b"), 0o600);
    await send();
    expect(await readFile(join(first.ready, "context/a"), "utf8")).toBe("1");
    expect(describeTree(join(first.ready, "context"))["b"]).toMatch(/^100644 /);
  });

  it.each<[what: string, spoil: () => void]>([
    ["a change of a file", () => writeFileSync(join(volume, "cache/tree/context/d/a"), "spoiled")],
    ["a deleted file", () => rmSync(join(volume, "cache/tree/context/d/a"))],
    ["an added file", () => writeFileSync(join(volume, "cache/tree/context/d/new"), "")],
    ["a changed mode", () => chmodSync(join(volume, "cache/tree/context/d"), 0o711)],
    ["a lost manifest", () => rmSync(join(volume, "cache/manifest"), { recursive: true })],
    ["a damaged manifest", spoilManifest],
    ["damaged content, which the daily check finds", rot],
    ["a build that was cut off", () => rmSync(join(volume, "cache/clean"))],
    ["a deleted cache", () => rmSync(join(volume, "cache"), { recursive: true })],
  ])("is sent whole again after %s", async (_, spoil) => {
    tree.add("d/a", "1");
    tree.add("d/b", "1");
    await send();
    spoil();
    tree.add("d/b", "2");
    const healed = await send();
    expectEqual(healed);
    expect(healed.packed).toMatch(/^all 3 entries/);
  });

  /** Changes content, but not size, time and mode. */
  function rot(): void {
    const file = join(volume, "cache/tree/context/d/a");
    const { mtime } = statSync(file);
    writeFileSync(file, "X");
    utimesSync(file, mtime, mtime);
    utimesSync(join(volume, "cache/checked"), 1, 1);
  }

  it("is sent whole again if the connection is cut", async () => {
    tree.add("a", "1".repeat(100_000));
    await send();
    tree.add("b", "2".repeat(100_000));
    const cut = inShell(async function* cutShort(stdin) {
      let chunks = 0;
      for await (const chunk of stdin) {
        if (++chunks === 3) throw new ClusterError("the connection was cut");
        yield chunk;
      }
    });
    const sent = await send([cut]);
    expectEqual(sent);
    expect(sent.attempts).toBe(2);
    expect(warnings()).toEqual([
      "sending the changes of the context failed (the connection was cut); trying again, attempt 2 of 3",
    ]);
  });

  it("is not used if something else arrived", async () => {
    tree.add("a", "1".repeat(100_000));
    const other = inShell(async function* spoiled(stdin) {
      for await (const chunk of stdin) {
        if (chunk.length > 1000) chunk[chunk.length >> 1]! ^= 1;
        yield chunk;
      }
    });
    const sent = await send([other]);
    expectEqual(sent);
    expect(warnings()[0]).toMatch(/^sending the changes of the context failed \(.*sha256 of what arrived is /);
  });

  it("is sent without the cache while another build uses it", async () => {
    tree.add("a", "1");
    await send();
    symlinkSync("build-9", join(volume, "cache/lock"));
    tree.add("a", "2");
    const sent = await send([], ["build-9"]);
    expectEqual(sent);
    expect(warnings()).toEqual(["the cache of the context is in use by the build build-9; sending all of the context"]);
    expect(await readlink(join(volume, "cache/lock"))).toBe("build-9");
    expect(await readFile(join(volume, "cache/tree/context/a"), "utf8")).toBe("1");
  });

  it.each<[what: string, old: boolean, live: string[], taken: boolean]>([
    ["taken from a build without a pod", true, [], true],
    ["left to a build with a pod", true, ["build-9"], false],
    ["left to a build that may be newer than the list of pods", false, [], false],
  ])("has a lock that is %s", async (_, old, live, taken) => {
    tree.add("a", "1");
    await send();
    symlinkSync("build-9", join(volume, "cache/lock"));
    if (old) lutimesSync(join(volume, "cache/lock"), 1, 1);
    expectEqual(await send([], live));
    expect(warnings()).toHaveLength(taken ? 0 : 1);
    expect(readdirSync(join(volume, "cache")).includes("lock")).toBe(!taken);
  });

  it("is changed by one build at a time", async () => {
    for (let number = 0; number < 50; number++) tree.add(`f${number}`, `${number}`);
    const sent = await Promise.all([send([], ["build-2"]), send([], ["build-1"])]);
    for (const one of sent) expectEqual(one);
    const after = await send();
    expectEqual(after);
    expect(after.packed).toMatch(/^0 of 50 /);
  });

  it("removes only the copies of builds that are gone", async () => {
    tree.add("a", "1");
    for (let count = 0; count < 3; count++) await send();
    for (const old of ["build-1", "build-2"]) utimesSync(join(volume, "builds", old), 1, 1);
    await send([], ["build-2"]);
    expect(readdirSync(join(volume, "builds")).sort()).toEqual(["build-2", "build-3", "build-4"]);
  });
});

function spoilManifest(): void {
  const parts = join(volume, "cache/manifest");
  for (const part of readdirSync(parts)) writeFileSync(join(parts, part), "f 644 1 1 - - x\n");
}
