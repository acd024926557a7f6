/** Time limits of a registry: for a whole answer, and between two chunks of a stream. */
import { once } from "node:events";
import { createServer } from "node:http";
import type { Server, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Reference } from "../../../../src/lib/image/reference.ts";
import { digestOf } from "../../../../src/lib/registry/digest.ts";
import { RegistryClient } from "../../../../src/lib/registry/registry-client.ts";
import { useFakeClock } from "../../support/fake-clock.ts";

const TIMEOUT_MS = 60_000;
const CONTENT = "x".repeat(8);
const BLOB = `blobs/${digestOf(CONTENT)}`;
const clock = useFakeClock();

let server: Server;
let host: string;
let answered: Promise<ServerResponse>;

beforeEach(async () => {
  server = createServer();
  answered = once(server, "request").then(([, response]) => response as ServerResponse);
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await once(server, "close");
});

function get(how: "stream" | "ask"): Promise<string> {
  const client = new RegistryClient({ insecure: [host], credential: async () => undefined, timeout: TIMEOUT_MS });
  const reference = new Reference({ registry: host, repository: "team/app" });
  return how === "stream"
    ? client.stream(reference, BLOB, ({ body }) => text(body))
    : client.get(reference, BLOB, "*/*");
}

describe("a stream", () => {
  it("a download may take longer than the time limit of a request while bytes arrive", async () => {
    const stream = get("stream");
    const response = await answered;
    for (let piece = 0; piece < 8; piece += 1) {
      await clock.untilReceived(() => response.write("x"));
      await clock.advance(45_000);
    }
    response.end();
    expect(await stream).toBe(CONTENT);
  });

  it("a download that stops is an error", async () => {
    const stream = get("stream");
    const response = await answered;
    await clock.untilReceived(() => response.write("{"));
    await expect(clock.settle(stream)).rejects.toThrow(/did not answer: no data for 60 s$/);
  });

  it("a download without any byte is an error", async () => {
    const stream = get("stream");
    await answered;
    await expect(clock.settle(stream)).rejects.toThrow(/did not answer: no answer for 60 s$/);
  });
});

describe("an answer", () => {
  it("a missing answer is an error", async () => {
    const answer = get("ask");
    await answered;
    await expect(clock.settle(answer)).rejects.toThrow(/did not answer: .*timeout/);
  });

  it("an answer has to be complete within the time limit of a request", async () => {
    const answer = get("ask");
    const response = await answered;
    await clock.untilReceived(() => response.write("{"));
    await clock.advance(45_000);
    await clock.untilReceived(() => response.write("{"));
    await expect(clock.settle(answer)).rejects.toThrow(/did not answer: .*timeout/);
  });
});
