import { describe, expect, onTestFinished, test, vi } from "vitest";
import type { V1Pod } from "@kubernetes/client-node";
import type { WatchEvent } from "../../../../src/lib/kube/cluster.ts";
import { AuthError, ClusterError } from "../../../../src/errors.ts";
import { reset, sendList, sendStatus, status } from "../../../fakes/api-server.ts";
import type { Handler } from "../../../fakes/api-server.ts";
import { failureOf, PODS, startHarness, until } from "./harness.ts";

const object = (name: string, resourceVersion: string) => ({ metadata: { name, resourceVersion } });
const line = (type: string, value: object) => `${JSON.stringify({ type, object: value })}\n`;

/** Answers a watch with these lines, and then ends, resets or stays open. */
function stream(end: "stay" | "end" | "reset", ...lines: readonly string[]): Handler {
  return (_, response) => {
    response.writeHead(200).flushHeaders();
    for (const text of lines) response.write(text);
    if (end === "end") response.end();
    if (end === "reset") reset(response);
  };
}

/** The first events, as short text. */
async function collect(events: AsyncIterable<WatchEvent<V1Pod>>, count: number): Promise<string[]> {
  const seen: string[] = [];
  for await (const event of events) {
    seen.push(
      event.type === "listed" ? `listed ${event.objects.length}` : `${event.type} ${event.object.metadata?.name}`,
    );
    if (seen.length === count) break;
  }
  return seen;
}

const never = () => new AbortController().signal;

test("a watch continues from the last version it saw, after any kind of cut", async () => {
  await using harness = await startHarness();
  const { server, cluster } = harness;
  server.on(`GET ${PODS}`, (_, response) => sendList(response, "10", [object("a", "9")]));
  server.on(
    `WATCH ${PODS}`,
    stream("reset", line("ADDED", object("b", "11"))),
    stream("reset", line("MODIFIED", object("b", "12")), '{"type":"MODIFIED","object":{"metada'),
    stream("end", line("BOOKMARK", object("", "20"))),
    stream("end", "not JSON at all\n", line("ADDED", object("never", "21"))),
    (_, response) => sendStatus(response, 503, "ServiceUnavailable", "restarting"),
    stream("stay", line("DELETED", object("b", "22"))),
  );
  const seen = await collect(cluster.watch("pods", { labelSelector: "x=y" }, never()), 4);
  expect(seen).toEqual(["listed 1", "added b", "modified b", "deleted b"]);
  const watches = server.seen(`WATCH ${PODS}`);
  expect(watches.map(({ url }) => url.searchParams.get("resourceVersion"))).toEqual([
    "10",
    "11",
    "12",
    "20",
    "20",
    "20",
  ]);
  expect(watches[0]?.url.searchParams.get("allowWatchBookmarks")).toBe("true");
  expect(watches[0]?.url.searchParams.get("labelSelector")).toBe("x=y");
  expect(Number(watches[0]?.url.searchParams.get("timeoutSeconds"))).toBeGreaterThan(60);
  expect(server.seen(`GET ${PODS}`)).toHaveLength(1);
});

test.each<[string, Handler]>([
  ["as an event", stream("stay", line("ERROR", status(410, "Expired", "too old resource version")))],
  ["as an answer", (_, response) => sendStatus(response, 410, "Expired", "too old resource version")],
])("lists anew when its version is too old, %s", async (_, expired) => {
  await using harness = await startHarness();
  const { server, cluster } = harness;
  server.on(
    `GET ${PODS}`,
    (_, response) => sendList(response, "10", []),
    (_, response) => sendList(response, "50", [object("a", "49"), object("b", "50")]),
  );
  server.on(`WATCH ${PODS}`, expired, stream("stay", line("ADDED", object("c", "51"))));
  expect(await collect(cluster.watch("pods", {}, never()), 3)).toEqual(["listed 0", "listed 2", "added c"]);
  expect(server.seen(`WATCH ${PODS}`).at(-1)?.url.searchParams.get("resourceVersion")).toBe("50");
});

test("an error event of the server's is a cut", async () => {
  await using harness = await startHarness();
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  const failing = stream("stay", line("ERROR", status(500, "InternalError", "etcd leader changed")));
  harness.server.on(`WATCH ${PODS}`, failing, stream("stay", line("ADDED", object("a", "2"))));
  expect(await collect(harness.cluster.watch("pods", {}, never()), 2)).toEqual(["listed 0", "added a"]);
});

test("survives a server that goes away and comes back", async () => {
  await using harness = await startHarness();
  const { server, cluster } = harness;
  server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  server.on(`WATCH ${PODS}`, stream("stay"), stream("stay", line("ADDED", object("a", "2"))));
  const seen = collect(cluster.watch("pods", {}, never()), 2);
  await until(() => server.seen(`WATCH ${PODS}`).length === 1);
  server.cut();
  expect(await seen).toEqual(["listed 0", "added a"]);
});

test("events that arrive in pieces are joined", async () => {
  await using harness = await startHarness();
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  const bytes = Buffer.from(line("ADDED", object("é😀", "2")) + line("ADDED", object("b", "3")));
  harness.server.on(`WATCH ${PODS}`, async (_, response) => {
    for (const byte of bytes) {
      response.write(Buffer.from([byte]));
      await new Promise(setImmediate);
    }
  });
  expect(await collect(harness.cluster.watch("pods", {}, never()), 3)).toEqual(["listed 0", "added é😀", "added b"]);
});

describe("what will not pass is thrown", () => {
  test("a first list from a server that is not there", async () => {
    await using harness = await startHarness();
    await harness.server.close();
    const error = await failureOf(collect(harness.cluster.watch("pods", {}, never()), 1));
    expect(error).toBeInstanceOf(ClusterError);
  });

  test.each([
    ["GET", AuthError],
    ["WATCH", AuthError],
  ])("a right that is missing to %s", async (method, type) => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
    harness.server.on(`${method} ${PODS}`, (_, response) => sendStatus(response, 403, "Forbidden", ""));
    const error = await failureOf(collect(harness.cluster.watch("pods", {}, never()), 2));
    expect(error).toBeInstanceOf(type);
  });
});

describe("the signal", () => {
  test.each<[string, Handler, boolean]>([
    ["a quiet watch", stream("stay"), false],
    ["the wait before the next try", stream("reset"), true],
    ["a watch that has not answered", () => {}, false],
  ])("ends %s, which no time would end, and leaves no connection behind", async (_, handler, cutOff) => {
    await using harness = await startHarness();
    const { server, cluster } = harness;
    server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
    server.on(`WATCH ${PODS}`, handler);
    // The client's waits have no end of their own.
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    onTestFinished(() => void vi.useRealTimers());
    const stop = new AbortController();
    const seen = collect(cluster.watch("pods", {}, stop.signal), 99);
    await until(() => server.seen(`WATCH ${PODS}`).length > 0);
    if (cutOff) await until(() => server.connections === 0);
    stop.abort();
    expect(await seen).toEqual(["listed 0"]);
    await cluster.close();
    await until(() => server.connections === 0);
  });

  test("a watch with an aborted signal yields nothing", async () => {
    await using harness = await startHarness();
    expect(await collect(harness.cluster.watch("pods", {}, AbortSignal.abort()), 1)).toEqual([]);
    expect(harness.server.requests).toHaveLength(0);
  });

  test("leaving the loop ends the request, without the signal", async () => {
    await using harness = await startHarness();
    const { server, cluster } = harness;
    server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
    let closed = false;
    server.on(`WATCH ${PODS}`, (_, response) => {
      response.on("close", () => {
        closed = true;
      });
      response.write(line("ADDED", object("a", "2")));
    });
    await collect(cluster.watch("pods", {}, never()), 2);
    await until(() => closed);
    expect(closed).toBe(true);
  });
});
