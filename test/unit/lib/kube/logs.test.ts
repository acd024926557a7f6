import { describe, expect, test } from "vitest";
import type { ServerResponse } from "node:http";
import type { LogLine } from "../../../../src/lib/kube/cluster.ts";
import { Backoff } from "../../../../src/lib/kube/backoff.ts";
import { logs } from "../../../../src/lib/kube/logs.ts";
import { SeenLines } from "../../../../src/lib/kube/log-dedupe.ts";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { reset, sendStatus } from "../../../fakes/api-server.ts";
import type { Handler, SeenRequest } from "../../../fakes/api-server.ts";
import { failureOf, PODS, startHarness, until } from "./harness.ts";
import type { Harness } from "./harness.ts";

const LOG = `GET ${PODS}/p/log`;

/** A log as a node keeps it: lines with stamps, in the order they were written. */
interface Entry {
  readonly stamp: string;
  readonly line: string;
}

const stampAt = (second: number, nanos = 0): string =>
  `${new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString().slice(0, 19)}.${String(nanos).padStart(9, "0")}Z`;

/** The kubelet's answer to a request: all lines from the second of sinceTime. */
function render(entries: readonly Entry[], request: SeenRequest, ending = "\n"): Buffer {
  const since = request.url.searchParams.get("sinceTime") ?? "";
  const kept = entries.filter(({ stamp }) => stamp.slice(0, 19) >= since.slice(0, 19));
  return Buffer.from(kept.map(({ stamp, line }) => `${stamp} ${line}`).join("\n") + (kept.length > 0 ? ending : ""));
}

async function follow(
  { http, location }: Harness,
  ended: () => boolean | Promise<boolean>,
  signal: AbortSignal = new AbortController().signal,
  pod = "p",
): Promise<LogLine[]> {
  const seen: LogLine[] = [];
  const log = { http, location, pod, container: "c" };
  for await (const line of logs(log, ended, signal, new Backoff({ first: 1, limit: 1 }))) seen.push(line);
  return seen;
}

/** A small, seeded source of chance, so that a failure can be repeated. */
function chance(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Equal stamps, stamps that go back, empty lines, and characters of several bytes. */
function randomLog(pick: (below: number) => number, count: number, longest = 12): Entry[] {
  let second = 0;
  return Array.from({ length: count }, (_, index) => {
    if (pick(4) === 0) second += 1 + pick(3);
    const back = pick(8) === 0 && second > 0 ? 1 : 0;
    const line = pick(6) === 0 ? "" : `${index}:${["a", "é", "😀"][pick(3)]!.repeat(pick(longest))}`;
    return { stamp: stampAt(second - back, back === 1 ? 999_999_999 : pick(3)), line };
  });
}

describe("a cut at every byte", () => {
  test.each(["reset", "clean end"])("%s", async (how) => {
    await using harness = await startHarness();
    const entries = randomLog(chance(7), 14, 4);
    const whole = render(entries, { url: new URL("http://x") } as SeenRequest);
    const lines = entries.map(({ line }) => line);
    const tryAt = async (at: number): Promise<void> => {
      const cut: Handler = (_, response) => {
        response.writeHead(200).flushHeaders();
        response.write(whole.subarray(0, at));
        if (how === "reset") reset(response);
        else response.end();
      };
      harness.server.on(`GET ${PODS}/p${at}/log`, cut, (request, response) => response.end(render(entries, request)));
      let asked = 0;
      const seen = await follow(harness, () => ++asked > 1, undefined, `p${at}`);
      expect({ at, lines: seen.map(({ line }) => line) }).toEqual({ at, lines });
    };
    const offsets = Array.from({ length: whole.length + 1 }, (_, at) => at);
    while (offsets.length > 0) await Promise.all(offsets.splice(0, 50).map(tryAt));
  });
});

describe("any number of cuts at random bytes, with chunks of any size", () => {
  test.each([1, 2, 3, 4, 5, 6])("seed %i", async (seed) => {
    await using harness = await startHarness();
    const pick = chance(seed);
    const entries = randomLog(pick, 120);
    // One line as long as they come, so that cuts fall into it.
    entries[60] = { stamp: entries[60]!.stamp, line: "long ".repeat(40_000) };
    let cuts = 25;
    harness.server.on(LOG, async (request, response) => {
      const whole = render(entries, request, "");
      const length = cuts-- > 0 ? pick(whole.length) : whole.length;
      response.writeHead(200).flushHeaders();
      for (let sent = 0; sent < length;) {
        const size = 1 + pick(30_000);
        response.write(whole.subarray(sent, Math.min(length, sent + size)));
        sent += size;
        if (pick(3) === 0) await new Promise(setImmediate);
      }
      if (cuts < 0 || pick(2) === 0) response.end();
      else reset(response);
    });
    const seen = await follow(harness, () => cuts < 0);
    expect(seen.map(({ line }) => line)).toEqual(entries.map(({ line }) => line));
    expect(seen.map(({ timestamp }) => timestamp)).toEqual(entries.map(({ stamp }) => stamp));
  });
});

describe("what was seen", () => {
  test("a log that has lost its start to rotation loses nothing more", () => {
    const seen = new SeenLines();
    const [first, second, third] = [stampAt(1, 1), stampAt(1, 2), stampAt(1, 3)];
    expect([first, first, second].map((stamp) => seen.admit(stamp))).toEqual([true, true, true]);
    seen.resume();
    expect([second, second, third].map((stamp) => seen.admit(stamp))).toEqual([false, true, true]);
  });

  test("a server that ignores sinceTime is not believed", () => {
    const seen = new SeenLines();
    const old = [stampAt(1), stampAt(2), stampAt(9)];
    for (const stamp of old) seen.admit(stamp);
    expect(seen.since).toBe("2026-01-01T00:00:08Z");
    seen.resume();
    expect(old.map((stamp) => seen.admit(stamp))).toEqual([false, false, false]);
    expect(seen.admit(stampAt(9))).toBe(true);
  });

  test("it is only remembered as long as it may come again", () => {
    const seen = new SeenLines();
    for (let second = 0; second < 10_000; second += 1) seen.admit(stampAt(second));
    expect(seen.since).toBe(`${stampAt(9998).slice(0, 19)}Z`);
  });
});

describe("a log that was rotated while nobody read it", () => {
  const lost = expect.stringMatching(/^\[slipway: lines are missing here/);
  const line = (second: number, text: string): string => `${stampAt(second)} ${text}\n`;

  async function read(...streams: string[]): Promise<string[]> {
    await using harness = await startHarness();
    const cut =
      (text: string): Handler =>
      (_, response) => {
        response.writeHead(200).flushHeaders();
        response.write(text, () => reset(response));
      };
    const last = streams.at(-1) ?? "";
    harness.server.on(LOG, ...streams.slice(0, -1).map(cut), (_, response) => response.end(last));
    let asked = 0;
    return (await follow(harness, () => ++asked >= streams.length)).map((entry) => entry.line);
  }

  test("missing lines are marked once", async () => {
    const lines = await read(line(1, "a") + line(2, "b"), line(7, "e") + line(8, "f"));
    expect(lines).toEqual(["a", "b", lost, "e", "f"]);
  });

  test("no mark if the last line is still there", async () => {
    expect(await read(line(1, "a") + line(2, "b"), line(2, "b") + line(8, "f"))).toEqual(["a", "b", "f"]);
  });

  test("each gap has its own mark", async () => {
    const lines = await read(line(1, "a"), line(5, "b"), line(9, "c"));
    expect(lines).toEqual(["a", lost, "b", lost, "c"]);
  });
});

const one = `${stampAt(1)} one\n`;
const end =
  (text: string): Handler =>
  (_, response) =>
    response.end(text);

describe("the start and the end", () => {
  test("asks for stamps, and follows", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, end(one));
    await follow(harness, () => true);
    const [first, last] = harness.server.requests.map(({ url }) => Object.fromEntries(url.searchParams));
    expect(first).toEqual({ container: "c", timestamps: "true", follow: "true" });
    expect(last).toEqual({ container: "c", timestamps: "true", sinceTime: "2026-01-01T00:00:00Z" });
  });

  test("the last line needs no line feed", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, end(`${one}${stampAt(1)} two`));
    expect((await follow(harness, () => true)).map(({ line }) => line)).toEqual(["one", "two"]);
  });

  test("lines missing after a clean end are read at the end", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, end(one), end(`${one}${stampAt(2)} two\n`));
    expect((await follow(harness, () => true)).map(({ line }) => line)).toEqual(["one", "two"]);
  });

  test("a container that has not started is waited for", async () => {
    await using harness = await startHarness();
    const waiting: Handler = (_, response) =>
      sendStatus(response, 400, "BadRequest", 'container "c" in pod "p" is waiting to start: ContainerCreating');
    harness.server.on(LOG, waiting, waiting, waiting, end(one));
    let asked = 0;
    expect(await follow(harness, () => ++asked > 3)).toHaveLength(1);
  });

  test("a container that never starts has no log", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, (_, response) =>
      sendStatus(response, 400, "BadRequest", 'container "c" in pod "p" is waiting to start: ErrImagePull'),
    );
    expect(await follow(harness, () => true)).toEqual([]);
  });

  test("a kubelet that is away is waited for", async () => {
    await using harness = await startHarness();
    const away: Handler = (_, response) =>
      sendStatus(response, 500, "InternalError", "dial tcp :10250: connection refused");
    harness.server.on(LOG, away, away, end(one));
    let asked = 0;
    expect(await follow(harness, () => ++asked > 2)).toHaveLength(1);
  });

  test("the kubelet's own words are told once", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, end(`${one}failed to watch the file\n`));
    let asked = 0;
    expect((await follow(harness, () => ++asked > 2)).map(({ line }) => line)).toEqual([
      "one",
      "failed to watch the file",
    ]);
  });
});

describe("a pod that is gone", () => {
  const gone: Handler = (_, response) => sendStatus(response, 404, "NotFound", 'pods "p" not found', { name: "p" });

  test("an error after a clean end loses no line", async () => {
    await using harness = await startHarness();
    harness.server.on(LOG, end(`${one}${stampAt(2)} rest`), gone);
    expect((await follow(harness, () => true)).map(({ line }) => line)).toEqual(["one", "rest"]);
  });

  test("a pod that is gone after a cut is reported", async () => {
    await using harness = await startHarness();
    const cut: Handler = (_, response) => {
      response.write(one);
      reset(response);
    };
    harness.server.on(LOG, cut, gone);
    const error = await failureOf(follow(harness, () => true));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toMatch('the pod "p" in the namespace "ns" does not exist');
  });
});

test("a stream that breaks every time fails in the end", async () => {
  await using harness = await startHarness();
  harness.server.on(LOG, (_, response) => {
    response.writeHead(200).flushHeaders();
    setTimeout(() => response.socket?.destroy(), 1);
  });
  const error = await failureOf(follow(harness, () => false));
  expect(error).toBeInstanceOf(ClusterError);
  expect(error.message).toMatch("breaks every time");
  expect(error.cause).toBeInstanceOf(Error);
});

test("a right that is missing is not waited for", async () => {
  await using harness = await startHarness();
  harness.server.on(LOG, (_, response) => sendStatus(response, 403, "Forbidden", ""));
  expect(await failureOf(follow(harness, () => false))).toBeInstanceOf(AuthError);
});

test("a slow reader slows the server down", async () => {
  await using harness = await startHarness();
  const { server, cluster } = harness;
  let sent = 0;
  const line = Buffer.from(`${stampAt(1)} ${"x".repeat(100_000)}\n`);
  const pour = (response: ServerResponse): void => {
    while (!response.destroyed && sent < 200 << 20) {
      sent += line.length;
      if (!response.write(line)) {
        response.once("drain", () => pour(response));
        return;
      }
    }
  };
  server.on(LOG, (_, response) => pour(response));
  const stop = new AbortController();
  const lines = cluster.logs("p", "c", () => false, stop.signal)[Symbol.asyncIterator]();
  await lines.next();
  await new Promise((resolve) => {
    setTimeout(resolve, 500);
  });
  // Only what the socket buffers of both ends hold.
  expect(sent).toBeLessThan(30 << 20);
  stop.abort();
  await lines.return?.();
});

test("the signal ends it at once", async () => {
  await using harness = await startHarness();
  harness.server.on(LOG, (_, response) => response.write(one));
  const stop = new AbortController();
  const seen = follow(harness, () => false, stop.signal);
  await until(() => harness.server.requests.length === 1);
  setTimeout(() => stop.abort(), 50);
  expect(await seen).toHaveLength(1);
  await until(() => harness.server.connections === 0);
});
