import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { EngineClient, EngineRefusal } from "../../../../src/lib/engine/engine-client.ts";

let directory = "";
let server: Server;
let answer: (request: IncomingMessage, response: ServerResponse) => void;
const client = (): EngineClient =>
  new EngineClient({ kind: "socket", path: join(directory, "s") }, AbortSignal.timeout(30_000));

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "slipway-engine-"));
  server = createServer((request, response) => answer(request, response));
  await new Promise<void>((resolve) => {
    server.listen(join(directory, "s"), resolve);
  });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(directory, { recursive: true });
});

describe("loading an archive", () => {
  it.each([
    ["a name", '{"stream":"Loaded image: a:1\\n"}\n{"stream":"Loaded image: b:2\\n"}\n', ["a:1", "b:2"]],
    ["an ID", '{"stream":"Loaded image ID: sha256:ab\\n"}', ["sha256:ab"]],
    ["podman's form", '{"stream":"Loaded image(s): localhost/a:latest\\n"}', ["localhost/a:latest"]],
  ])("tells what was loaded (%s)", async (_, text, loaded) => {
    let received = "";
    answer = (request, response) => {
      request.setEncoding("utf8").on("data", (chunk: string) => void (received += chunk));
      request.on("end", () => response.end(text));
    };
    expect(await client().load(Readable.from([Buffer.from("tar")]))).toEqual(loaded);
    expect(received).toBe("tar");
  });

  it.each([
    ["in the stream of an answer with status 200", 200, '{"errorDetail":{"message":"open x: no such file"}}'],
    ["as a status", 500, '{"message":"open x: no such file"}'],
    ["while the archive is still being sent", 500, '{"message":"open x: no such file"}'],
  ])("reports the engine's refusal (%s)", async (title, status, text) => {
    answer = (request, response) => {
      if (!title.startsWith("while")) request.resume();
      response.statusCode = status;
      response.end(text);
    };
    const endless = Readable.from(
      (async function* () {
        for (let count = 0; count < 1000; count++) yield Buffer.alloc(10_000);
      })(),
    );
    const error = await client()
      .load(endless)
      .catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EngineRefusal);
    expect((error as EngineRefusal).message).toBe("open x: no such file");
  });

  it("fails for an unpacked image that the containerd store could not unpack", async () => {
    answer = (request, response) => {
      request.resume();
      response.end('{"stream":"Error unpacking image a: no space"}\n');
    };
    await expect(client().load(Readable.from([]))).rejects.toThrow("Error unpacking image a: no space");
  });
});

describe("asking for an image", () => {
  it("gives undefined for one that the engine does not have", async () => {
    answer = (_, response) => {
      response.statusCode = 404;
      response.end('{"message":"No such image"}');
    };
    expect(await client().image("a:1")).toBeUndefined();
  });

  it("passes on that the socket does not exist", async () => {
    const nowhere = new EngineClient({ kind: "socket", path: join(directory, "no") }, AbortSignal.timeout(30_000));
    await expect(nowhere.info()).rejects.toMatchObject({ code: "ENOENT" });
  });
});

describe("a command in a container", () => {
  const frame = (output: number, text: string): Buffer => {
    const header = Buffer.alloc(8);
    header.writeUInt8(output);
    header.writeUInt32BE(text.length, 4);
    return Buffer.concat([header, Buffer.from(text)]);
  };

  /** Answers as an engine does: the command's two outputs, and how it ended. */
  function serveExec(frames: (input: string) => Buffer): void {
    answer = (request, response) => {
      request.resume();
      response.end(JSON.stringify(request.url === "/exec/e/json" ? { ExitCode: 3 } : { Id: "e" }));
    };
    server.on("upgrade", (_, connection) => {
      connection.write("HTTP/1.1 101 UPGRADED\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n\r\n");
      let input = "";
      connection.on("data", (chunk) => (input += String(chunk)));
      connection.on("end", () => connection.end(frames(input)));
    });
  }

  it("gets its input, and its outputs and its exit code come back", async () => {
    serveExec((input) => Buffer.concat([frame(1, `got ${input}, `), frame(2, "a fault"), frame(1, "done")]));
    const done = await client().exec("c", ["cat"], Readable.from([Buffer.from("text")]));
    expect(done).toEqual({ stdout: "got text, done", stderr: "a fault", code: 3 });
  });

  it("fails if its output is cut off", async () => {
    serveExec(() => frame(1, "whole").subarray(0, 10));
    await expect(client().exec("c", ["cat"])).rejects.toThrow("the output of a command in a container was cut off");
  });

  it("is not run if the engine refuses it", async () => {
    answer = (request, response) => {
      request.resume();
      response.statusCode = request.url === "/containers/c/exec" ? 201 : 409;
      response.end(response.statusCode === 201 ? '{"Id":"e"}' : '{"message":"container c is paused"}');
    };
    await expect(client().exec("c", ["cat"])).rejects.toThrow("container c is paused");
  });
});

describe("a registry that the engine is to pull from", () => {
  const LOGIN = { username: "jane", password: "hush?>", serveraddress: "r.example" };

  it.each([
    ["it has the image", 200, true],
    ["it does not have the image yet", 404, true],
    ["it refuses the login", 401, false],
    ["the engine does not reach it", 500, false],
  ])("counts as reached if %s: %s, %s", async (_, status, reached) => {
    let asked: IncomingMessage | undefined;
    answer = (request, response) => {
      asked = request;
      response.statusCode = status;
      response.end("{}");
    };
    expect(await client().reachesRegistry("r.example/a:1", LOGIN)).toBe(reached);
    expect(asked?.url).toBe("/distribution/r.example/a:1/json");
    const header = String(asked?.headers["x-registry-auth"]);
    expect(header).toMatch(/^[\w-]+=*$/);
    expect(JSON.parse(Buffer.from(header, "base64url").toString())).toEqual(LOGIN);
  });

  it("is shown no login if there is none", async () => {
    let header: unknown = "not asked";
    answer = (request, response) => {
      header = request.headers["x-registry-auth"];
      response.end();
    };
    await client().pull("r.example/a@sha256:0");
    expect(header).toBeUndefined();
  });

  it("may fail in the midst of a pull, which is reported", async () => {
    answer = (_, response) => response.end('{"status":"Pulling"}\n{"error":"manifest unknown"}\n');
    await expect(client().pull("r.example/a:1")).rejects.toThrow("manifest unknown");
  });
});

describe("what kind of engine it is", () => {
  it.each([
    [
      "Docker with its classic store",
      { Version: "20.10", Components: [{ Name: "Engine" }] },
      { DriverStatus: [["Backing Filesystem", "extfs"]] },
      { name: "Docker 20.10", isPodman: false, usesContainerd: false },
    ],
    [
      "Docker with the containerd store",
      { Version: "29.0", Components: [{ Name: "Engine" }] },
      { DriverStatus: [["driver-type", "io.containerd.snapshotter.v1"]] },
      { name: "Docker 29.0", isPodman: false, usesContainerd: true },
    ],
    [
      "Podman",
      { Version: "4.3.1", Components: [{ Name: "Podman Engine" }] },
      { DriverStatus: null },
      { name: "Podman Engine 4.3.1", isPodman: true, usesContainerd: false },
    ],
  ])("%s", async (_, version, info, expected) => {
    answer = (request, response) => response.end(JSON.stringify(request.url === "/version" ? version : info));
    expect(await client().info()).toEqual(expected);
  });
});
