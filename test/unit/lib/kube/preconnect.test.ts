/** Connections that are opened, and credentials that are asked for, before the first request. */
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { AuthError } from "../../../../src/errors.ts";
import { drain } from "../../../../src/lib/http/read-body.ts";
import { sendList } from "../../../fakes/api-server.ts";
import { failureOf, PODS, startHarness, temporaryDirectory, until } from "./harness.ts";

const LIST = { method: "GET", path: PODS } as const;

test("the first requests find connections open, and close leaves none", async () => {
  await using harness = await startHarness();
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  await harness.http.preconnect(2);
  await until(() => harness.server.connections === 2);
  const answers = await Promise.all([harness.http.send(LIST), harness.http.send(LIST)]);
  for (const { body } of answers) await drain(body);
  expect(harness.server.connections).toBe(2);
  harness.http.close();
  await until(() => harness.server.connections === 0);
});

test("a preopened connection that is not used is closed", async () => {
  await using harness = await startHarness();
  await harness.http.preconnect(2);
  await until(() => harness.server.connections === 2);
  harness.http.close();
  await until(() => harness.server.connections === 0);
  expect(harness.server.requests).toEqual([]);
});

test("builds that share a client open their connections once, and close leaves none", async () => {
  await using harness = await startHarness();
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  await Promise.all([harness.http.preconnect(2), harness.http.preconnect(2)]);
  await drain((await harness.http.send(LIST)).body);
  await harness.http.preconnect(2);
  expect(harness.server.connections).toBe(2);
  harness.http.close();
  await until(() => harness.server.connections === 0);
});

test("a preopened connection that the server has closed is opened again", async () => {
  await using harness = await startHarness();
  harness.server.on(`GET ${PODS}`, (_, response) => sendList(response, "1", []));
  await harness.http.preconnect(1);
  await until(() => harness.server.connections === 1);
  harness.server.cut();
  // Until the news is here, too.
  await sleep(50);
  const answer = await harness.http.send(LIST);
  await drain(answer.body);
  expect(answer.statusCode).toBe(200);
});

test("a credential plugin that fails is run once, and the first request says so", async () => {
  const directory = await temporaryDirectory();
  const runs = join(directory, "runs");
  await writeFile(runs, "");
  const exec = {
    apiVersion: "client.authentication.k8s.io/v1",
    command: "sh",
    args: ["-c", `echo run >> ${runs}; exit 1`],
    interactiveMode: "Never",
  };
  await using harness = await startHarness({ user: { exec } });
  await harness.http.preconnect(2);
  expect(await failureOf(harness.http.send(LIST))).toBeInstanceOf(AuthError);
  expect(await readFile(runs, "utf8")).toBe("run\n");
  expect(harness.server.connections).toBe(0);
});
