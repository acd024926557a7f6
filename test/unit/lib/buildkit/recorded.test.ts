/** What buildctl and buildkitd v0.34.2 said to each other, as test/buildkit/record.ts heard it: neither side is ours. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import * as messages from "../../../../src/lib/buildkit/messages.ts";
import { Progress } from "../../../../src/lib/buildkit/progress.ts";
import { decode, encode } from "../../../../src/lib/buildkit/protobuf.ts";
import type { Table } from "../../../../src/lib/buildkit/protobuf.ts";

interface Recorded {
  readonly path: string;
  readonly from: "client" | "daemon";
  readonly base64: string;
}

const recorded = JSON.parse(
  readFileSync(new URL("../../../golden/buildkit-protocol/build.json", import.meta.url), "utf8"),
) as Recorded[];

const CONTROL = "/moby.buildkit.v1.Control/";
const TABLES: Readonly<Record<string, { readonly client: Table; readonly daemon: Table }>> = {
  [`${CONTROL}Info`]: { client: messages.EMPTY, daemon: messages.INFO_RESPONSE },
  [`${CONTROL}ListWorkers`]: { client: messages.EMPTY, daemon: messages.LIST_WORKERS_RESPONSE },
  [`${CONTROL}Solve`]: { client: messages.SOLVE_REQUEST, daemon: messages.SOLVE_RESPONSE },
  [`${CONTROL}Status`]: { client: messages.STATUS_REQUEST, daemon: messages.STATUS_RESPONSE },
  [`${CONTROL}DiskUsage`]: { client: messages.DISK_USAGE_REQUEST, daemon: messages.DISK_USAGE_RESPONSE },
  "/moby.filesync.v1.FileSync/DiffCopy": { client: messages.PACKET, daemon: messages.PACKET },
  "/moby.filesync.v1.FileSend/DiffCopy": { client: messages.BYTES_MESSAGE, daemon: messages.BYTES_MESSAGE },
  "/moby.buildkit.secrets.v1.Secrets/GetSecret": {
    client: messages.GET_SECRET_RESPONSE,
    daemon: messages.GET_SECRET_REQUEST,
  },
};

function decodedOf<S extends Table>(path: string, from: Recorded["from"], table: S) {
  return recorded
    .filter((message) => message.path === path && message.from === from)
    .map(({ base64 }) => decode(table, Buffer.from(base64, "base64")));
}

/** Fields that the recorded programs write and our tables leave out: they are not needed. */
const LEFT_OUT = new Set([`${CONTROL}ListWorkers daemon`, `${CONTROL}ListenBuildHistory daemon`]);

describe("recorded messages", () => {
  it.each(Object.keys(TABLES))("are there: %s", (path) => {
    expect(recorded.some((message) => message.path === path)).toBe(true);
  });

  it("recorded messages are decoded, and encode to the same values again", () => {
    const different = recorded.filter(({ path, from, base64 }) => {
      const table = TABLES[path]?.[from] ?? messages.EMPTY;
      const once = decode(table, Buffer.from(base64, "base64"));
      return JSON.stringify(plain(decode(table, encode(table, once)))) !== JSON.stringify(plain(once));
    });
    expect(different).toEqual([]);
  });

  it("a message that is known whole encodes to as many bytes as were recorded", () => {
    const shorter = recorded.filter(({ path, from, base64 }) => {
      const table = TABLES[path]?.[from];
      if (table === undefined || LEFT_OUT.has(`${path} ${from}`)) return false;
      const bytes = Buffer.from(base64, "base64");
      // A warning carries its step's whole definition, which nobody here reads.
      if (table === messages.STATUS_RESPONSE && decode(messages.STATUS_RESPONSE, bytes).warnings.length > 0)
        return false;
      return encode(table, decode(table, bytes)).length !== bytes.length;
    });
    expect(shorter.map(({ path, from }) => `${path} ${from}`)).toEqual([]);
  });

  it("the recorded request has the frontend and options that buildctl sent", () => {
    const [request] = decodedOf(`${CONTROL}Solve`, "client", messages.SOLVE_REQUEST);
    expect(request?.session).toMatch(/^[a-z0-9]{25}$/);
    expect(request?.exporters.map(({ type }) => type)).toEqual(["oci"]);
  });

  it("the recorded files have Go's modes and times", () => {
    const stats = decodedOf("/moby.filesync.v1.FileSync/DiffCopy", "client", messages.PACKET).flatMap(
      ({ stat }) => stat ?? [],
    );
    const names = stats.map(({ path }) => Buffer.from(path, "latin1").toString());
    expect(names).toContain("grüße.txt");
    const busybox = stats.find(({ path }) => path === "busybox");
    expect(busybox?.mode).toBe(0o755);
    expect(Number(busybox?.modTime)).toBeGreaterThan(1e18);
  });

  it("the recorded status has the steps that buildctl printed", () => {
    const progress = new Progress();
    const lines = decodedOf(`${CONTROL}Status`, "daemon", messages.STATUS_RESPONSE).flatMap((status) => [
      ...progress.add(status),
      ...progress.settle(0),
    ]);
    lines.push(...progress.settle(Infinity));
    const text = lines.join("\n");
    expect(text).toContain("#1 [internal] load build definition from Dockerfile\n");
    expect(text).toMatch(/^#\d+ \[stage-1 1\/2\] COPY gr\*\.txt \/$/m);
    expect(text).toMatch(/^#\d+ \d\.\d{3} open sesame$/m);
    expect(text).toMatch(/^#\d+ CACHED$/m);
    // With its time, as buildctl and buildx print it.
    expect(text).toMatch(/^#\d+ transferring dockerfile: \d+B \d+\.\ds done$/m);
    expect(text).not.toMatch(/[^s] done$/m);
    expect(text).toMatch(/^#\d+ DONE \d+\.\ds$/m);
    expect(text).toMatch(/^#\d+ ERROR: process "\/bin\/busybox false" did not complete successfully: exit code: 1$/m);
    expect(progress.warnings.map(({ short, line }) => [short, line])).toContainEqual([
      "MaintainerDeprecated: Maintainer instruction is deprecated in favor of using label (line 2)",
      2,
    ]);
    const steps = progress.steps;
    expect(steps.every(({ completed }) => completed)).toBe(true);
    expect(steps.map(({ number }) => number)).toEqual(steps.map((_, at) => at + 1));
  });
});

/** Maps and big numbers as JSON has no words for them. */
function plain(value: unknown): unknown {
  if (typeof value === "bigint") return `${value}n`;
  if (value instanceof Map) return [...value].map(plain);
  if (Buffer.isBuffer(value)) return value.toString("base64");
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
}
