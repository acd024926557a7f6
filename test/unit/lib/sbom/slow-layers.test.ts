/** A layer that comes slowly, and one that stops coming. */
import type { ServerResponse } from "node:http";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { ClusterError } from "../../../../src/errors.ts";
import { useFakeClock } from "../../support/fake-clock.ts";
import { ImageServer, archive } from "./layers.ts";
import { scan } from "./scan.ts";

const TIMEOUT_MS = 60_000;
const clock = useFakeClock();
const layer = gzipSync(archive([{ name: "node_modules/a/package.json", content: '{"name":"a","version":"1"}' }]));

describe("a layer", () => {
  it("a slow layer has no time limit while bytes arrive", async () => {
    const image = await ImageServer.start([layer]);
    const asked = Promise.withResolvers<ServerResponse>();
    image.send = asked.resolve;
    const scanned = scan(image, TIMEOUT_MS);
    const response = await asked.promise;
    for (let at = 0; at < layer.length; at += 12) {
      await clock.untilReceived(() => response.write(layer.subarray(at, at + 12)));
      await clock.advance(45_000);
    }
    response.end();
    expect((await scanned).files).toHaveLength(1);
  });

  it("a layer that stays silent is given up", async () => {
    const image = await ImageServer.start([layer]);
    image.send = (response) => void response.write(layer.subarray(0, 50));
    const error = await clock.settle(scan(image, TIMEOUT_MS)).catch((found: unknown) => found);
    expect(error).toBeInstanceOf(ClusterError);
    expect((error as Error).message).toMatch(/^registry 127\.0\.0\.1:\d+ did not answer: no data for 60 s$/);
    expect(image.asked).toHaveLength(3);
  });
});
