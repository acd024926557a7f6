import { describe, expect, onTestFinished, test, vi } from "vitest";
import { connect } from "../../../../src/lib/kube/connect.ts";
import { refusalOf } from "../../../../src/lib/kube/refusal.ts";
import { ClusterError } from "../../../../src/errors.ts";
import { FakeApiServer, reset, sendJson, sendList, sendStatus } from "../../../fakes/api-server.ts";
import { connectTo, failureOf, PODS, startHarness, temporaryDirectory, until } from "./harness.ts";

const pod = { metadata: { name: "p" } };
const busy = (_: unknown, response: Parameters<typeof sendJson>[0]) =>
  sendJson(response, 429, { message: "too many" }, { "retry-after": "0.05" });

describe("the verbs", () => {
  test("each verb sends the method, path and body that the API expects", async () => {
    await using harness = await startHarness();
    const { server, cluster } = harness;
    server
      .on(`POST ${PODS}`, (request, response) => sendJson(response, 201, JSON.parse(request.body)))
      .on(`GET ${PODS}`, (_, response) => sendList(response, "1", [pod]))
      .on(`PATCH /apis/batch/v1/namespaces/ns/jobs/j`, (_, response) => sendJson(response, 200, pod))
      .on(`DELETE ${PODS}/p`, (_, response) => sendJson(response, 200, {}))
      .on("GET /api/v1/namespaces/team", (_, response) => sendJson(response, 200, pod));

    expect(await cluster.create("pods", pod)).toEqual({ apiVersion: "v1", kind: "Pod", ...pod });
    await cluster.create("pods", pod, undefined, { dryRun: true });
    expect(await cluster.list("pods", { labelSelector: "a=b,c", fieldSelector: "metadata.name=p" })).toEqual([pod]);
    await cluster.patch("jobs", { name: "j", uid: "1" }, { spec: { suspend: false } });
    await cluster.remove("pods", { name: "p", uid: "2" });
    await cluster.remove("pods", { name: "gone", uid: "3" });
    await cluster.removeNamed("pods", "p");
    await cluster.read("namespaces", "team");

    const [created, dry, listed, patched, removed, , removedByName] = server.requests;
    expect(created?.headers).toMatchObject({ authorization: "Bearer t", "content-type": "application/json" });
    expect(dry?.url.search).toBe("?dryRun=All");
    expect(listed?.url.searchParams.get("labelSelector")).toBe("a=b,c");
    expect(patched?.headers["content-type"]).toBe("application/merge-patch+json");
    expect(patched?.body).toBe('{"spec":{"suspend":false},"metadata":{"uid":"1"}}');
    expect(JSON.parse(removed!.body)).toMatchObject({ propagationPolicy: "Background", preconditions: { uid: "2" } });
    expect(JSON.parse(removedByName!.body)).not.toHaveProperty("preconditions");
  });

  test("a call under way when the client is closed fails, and is not sent again", async () => {
    await using harness = await startHarness();
    let asked = 0;
    harness.server
      .on(`GET ${PODS}`, (_, response) => sendList(response, "1", []))
      .on(`GET ${PODS}/slow`, () => void (asked += 1));
    await harness.cluster.list("pods", {});
    const failed = failureOf(harness.cluster.read("pods", "slow"));
    await until(() => asked === 1);
    await harness.cluster.close();
    expect((await failed).message).toContain("the connection was closed");
    await until(() => harness.server.connections === 0);
    expect(asked).toBe(1);
  });

  test("share connections", async () => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
    for (let count = 0; count < 20; count += 1) await harness.cluster.list("pods", {});
    expect(harness.server.connections).toBe(1);
  });

  test("go below the server's own path", async () => {
    await using harness = await startHarness();
    const fields = { server: `${harness.server.url}/k8s/clusters/c-1/` };
    const cluster = await connectTo(harness.server, harness.directory, undefined, fields);
    harness.server.on(`GET /k8s/clusters/c-1${PODS}`, (_, response) => sendList(response, "1", [pod]));
    expect(await cluster.list("pods", {})).toHaveLength(1);
    await cluster.close();
  });

  test("connecting makes no request", async () => {
    await using harness = await startHarness();
    expect(harness.cluster).toMatchObject({ namespace: "ns", context: "fake", server: harness.server.url });
    expect(harness.server.connections).toBe(0);
  });
});

describe("what passes is tried again", () => {
  test.each([
    ["a reset", (_: unknown, response: Parameters<typeof reset>[0]) => reset(response)],
    [
      "a reset in the middle of the answer",
      (_: unknown, response: Parameters<typeof reset>[0]) => {
        response.writeHead(200, { "content-length": "100" }).write('{"items":[');
        reset(response);
      },
    ],
    ["half a JSON", (_: unknown, response: Parameters<typeof reset>[0]) => response.end('{"items":[{"a"')],
    [
      "a 503",
      (_: unknown, response: Parameters<typeof reset>[0]) =>
        sendStatus(response, 503, "ServiceUnavailable", "starting"),
    ],
    ["a 429", busy],
  ])("%s", async (_, fault) => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}`, fault, fault, (_, response) => sendList(response, "1", [pod]));
    expect(await harness.cluster.list("pods", {})).toHaveLength(1);
    expect(harness.server.requests).toHaveLength(3);
  });

  test("as often while the clock is changed: the time limit does not depend on the time of day", async () => {
    await using harness = await startHarness();
    vi.useFakeTimers({ toFake: ["Date"] });
    onTestFinished(() => void vi.useRealTimers());
    const away = (_: unknown, response: Parameters<typeof reset>[0]): void => {
      vi.setSystemTime(Date.now() + 3_600_000);
      reset(response);
    };
    const list = (_: unknown, response: Parameters<typeof sendJson>[0]): void => sendList(response, "1", []);
    harness.server.on(`GET ${PODS}`, list, away, away, list);
    await harness.cluster.list("pods", {});
    expect(await harness.cluster.list("pods", {})).toEqual([]);
    expect(harness.server.requests).toHaveLength(4);
  });

  test("but not for ever", async () => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}`, busy);
    const error = await failureOf(harness.cluster.list("pods", {}));
    expect(error.message).toMatch("too busy");
    expect(harness.server.requests).toHaveLength(5);
  });

  test("a 500 is not: it is an answer", async () => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}/p`, (_, response) => sendStatus(response, 500, "InternalError", "etcd is sad"));
    const error = await failureOf(harness.cluster.read("pods", "p"));
    expect(error.message).toMatch("etcd is sad");
    expect(harness.server.requests).toHaveLength(1);
  });

  test("a web page is not a Kubernetes API", async () => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}/p`, (_, response) => response.end("<html>Log in</html>"));
    const error = await failureOf(harness.cluster.read("pods", "p"));
    expect(error.message).toMatch("is not a Kubernetes API");
  });

  test("nobody there is an error that names the server", async () => {
    await using harness = await startHarness();
    await harness.server.close();
    const error = await failureOf(harness.cluster.list("pods", {}));
    expect(error).toBeInstanceOf(ClusterError);
    expect(error.message).toBe(`the cluster at ${harness.server.url} cannot be reached: connection refused`);
  });

  test("a server that comes back in time is not noticed", async () => {
    await using harness = await startHarness();
    const { port } = harness.server;
    await harness.server.close();
    const listing = harness.cluster.list("pods", {});
    await new Promise((resolve) => {
      setTimeout(resolve, 300);
    });
    await using again = await FakeApiServer.start(undefined, port);
    again.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
    expect(await listing).toEqual([]);
  });
});

describe("creating twice", () => {
  test("after a lost answer, an object with our name counts as created", async () => {
    await using harness = await startHarness();
    harness.server
      .on(
        `POST ${PODS}`,
        (_, response) => reset(response),
        (_, response) => sendStatus(response, 409, "AlreadyExists", 'pods "p" already exists', { name: "p" }),
      )
      .on(`GET ${PODS}/p`, (_, response) => sendJson(response, 200, { ...pod, spec: {} }));
    expect(await harness.cluster.create("pods", pod)).toEqual({ ...pod, spec: {} });
  });

  test("otherwise it is somebody else's", async () => {
    await using harness = await startHarness();
    harness.server.on(`POST ${PODS}`, (_, response) => sendStatus(response, 409, "AlreadyExists", "exists"));
    const error = await failureOf(harness.cluster.create("pods", pod));
    expect(refusalOf(error)).toMatchObject({ code: 409, reason: "AlreadyExists" });
    expect(harness.server.requests).toHaveLength(1);
  });

  test("nor is it ours after a 429, which did nothing", async () => {
    await using harness = await startHarness();
    harness.server.on(`POST ${PODS}`, busy, (_, response) => sendStatus(response, 409, "AlreadyExists", "exists"));
    expect(refusalOf(await failureOf(harness.cluster.create("pods", pod)))?.reason).toBe("AlreadyExists");
  });

  test("an object whose name the server generates is not sent twice", async () => {
    await using harness = await startHarness();
    harness.server.on(`POST ${PODS}`, (_, response) => reset(response));
    const error = await failureOf(harness.cluster.create("pods", { metadata: { generateName: "p-" } }));
    expect(error.message).toMatch("was lost");
    expect(harness.server.requests).toHaveLength(1);
  });
});

describe("stopping", () => {
  test("a request under way ends with the signal's reason", async () => {
    await using harness = await startHarness();
    harness.server.on(`GET ${PODS}`, () => {});
    const stop = new AbortController();
    const listing = failureOf(harness.cluster.list("pods", {}, stop.signal));
    await until(() => harness.server.requests.length === 1);
    const reason = new Error("enough");
    stop.abort(reason);
    expect(await listing).toBe(reason);
  });

  test("a request that waits for its retry stops too", async () => {
    await using harness = await startHarness();
    const later = (_: unknown, response: Parameters<typeof sendJson>[0]) =>
      sendJson(response, 429, { message: "later" }, { "retry-after": "600" });
    harness.server.on(`GET ${PODS}`, later);
    const stop = new AbortController();
    const listing = failureOf(harness.cluster.list("pods", {}, stop.signal));
    await until(() => harness.server.requests.length === 1);
    setTimeout(() => stop.abort(new Error("enough")), 50);
    expect((await listing).message).toBe("enough");
  });
});

test("a kubeconfig that names no cluster is the user's to mend", async () => {
  const directory = await temporaryDirectory();
  const error = await failureOf(connect({ kubeconfig: `${directory}/missing` }));
  expect(error.name).toBe("InvalidInput");
});
