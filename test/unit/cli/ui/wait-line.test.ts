/** What takes longer than a second says what it waits for, by a clock of the test's own. */
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { PlainView } from "../../../../src/cli/ui/plain.ts";
import { TtyView } from "../../../../src/cli/ui/tty.ts";
import { WaitLine } from "../../../../src/cli/ui/wait-line.ts";
import type { ViewStream } from "../../../../src/cli/ui/progress.ts";
import { CredentialHelper } from "../../../../src/lib/credentials/credential-helper.ts";
import { EngineClient } from "../../../../src/lib/engine/engine-client.ts";
import { WebClient } from "../../../../src/lib/http/web-client.ts";
import { runPlugin } from "../../../../src/lib/kube/exec-plugin.ts";
import { longWait, onWaits, waitFor } from "../../../../src/lib/waits/waits.ts";
import { runGit } from "../../../../src/plan/source/git-run.ts";
import { SRC, sourceFiles } from "../../imports.ts";
import { Pipe, Screen } from "./screen.ts";

afterEach(() => {
  onWaits(undefined);
  vi.restoreAllMocks();
});

describe("by the clock", () => {
  let written: string;
  let end: (() => void) | undefined;

  beforeEach(() => {
    vi.useFakeTimers();
    written = "";
    vi.spyOn(process.stderr, "write").mockImplementation((text) => {
      written += String(text);
      return true;
    });
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      written += String(text);
      return true;
    });
  });
  afterEach(() => void vi.useRealTimers());

  const stream = (isTTY: boolean): ViewStream => Object.assign(new Pipe(), { isTTY, columns: 80 });
  /** Begins something that waits until `end` is called. */
  function begin(what: string, asks = false): Promise<void> {
    return waitFor(what, () => new Promise<void>((resolve) => (end = resolve)), { asks });
  }
  const after = async (ms: number): Promise<string> => {
    written = "";
    await vi.advanceTimersByTimeAsync(ms);
    return written;
  };

  it("a row on a terminal comes after a second and goes away at the end", async () => {
    void new WaitLine({ stream: stream(true), env: {} });
    const work = begin("registry.example.com");
    expect(await after(950)).toBe("");
    expect(await after(1200)).toContain("waiting for registry.example.com  2.0 s");
    written = "";
    end?.();
    await work;
    expect(written).toBe("\r\u001B[K");
    expect(await after(60_000)).toBe("");
  });

  it("without a terminal it is a line after five seconds, and again every thirty", async () => {
    void new WaitLine({ stream: stream(false), env: {} });
    const work = begin("registry.example.com");
    expect(await after(4900)).toBe("");
    expect(await after(200)).toBe("waiting for registry.example.com (5.0 s)\n");
    expect(await after(29_800)).toBe("");
    expect(await after(300)).toBe("waiting for registry.example.com (35.0 s)\n");
    end?.();
    await work;
  });

  it("nothing is drawn where a program may ask on the terminal: one line says it", async () => {
    void new WaitLine({ stream: stream(true), env: {} });
    const work = begin("docker-credential-pass", true);
    expect(await after(1100)).toBe("waiting for docker-credential-pass (1.0 s)\n");
    expect(await after(10_000)).toBe("");
    end?.();
    await work;
  });

  it("nothing is drawn while slipway itself asks", async () => {
    const line = new WaitLine({ stream: stream(true), env: {} });
    const work = begin("registry.example.com");
    const asking = line.pause(() => new Promise<void>((resolve) => setTimeout(resolve, 5000)));
    expect(await after(4900)).toBe("");
    await vi.advanceTimersByTimeAsync(200);
    await asking;
    end?.();
    await work;
  });

  it("of several waits it names the one that the others wait for", async () => {
    void new WaitLine({ stream: stream(true), env: {} });
    let inner: (() => void) | undefined;
    const work = waitFor("the cluster", () =>
      waitFor("gke-gcloud-auth-plugin", () => new Promise<void>((resolve) => (inner = resolve))),
    );
    expect(await after(1500)).toContain("waiting for gke-gcloud-auth-plugin");
    inner?.();
    await work;
  });

  it("the view of a build says it in its own form", async () => {
    const pipe = new Pipe();
    const line = new WaitLine({ stream: pipe, env: {} });
    line.leaveTo(new PlainView(pipe));
    const work = begin("registry.example.com");
    await after(5100);
    end?.();
    await work;
    expect(pipe.text).toBe("=> waiting for registry.example.com (5.0 s)\n");
  });

  it("the status line of a terminal shows it, also before the first stage", async () => {
    const screen = new Screen();
    const line = new WaitLine({ stream: screen, env: {} });
    using view = new TtyView(screen, {});
    line.leaveTo(view);
    const work = begin("registry.example.com");
    await after(1250);
    expect(screen.text.join("\n")).toMatch(/^. waiting for registry\.example\.com {2}1\.\d s$/);
    view.emit({ type: "stage-started", stage: "create", detail: "slipway-app" });
    await after(200);
    expect(screen.text.join("\n")).toMatch(/^. create {2}waiting for registry\.example\.com {2}/);
    end?.();
    await work;
    await after(200);
    expect(screen.text.join("\n")).toMatch(/^. create {2}slipway-app {2}/);
  });
});

describe("what is waited for", () => {
  /** A server that accepts connections and never answers. */
  async function silentServer(where: string | number): Promise<{ port: number }> {
    const server = createServer(() => {});
    await new Promise<void>((resolve) => void server.listen(where, resolve));
    onTestFinished(() => {
      server.closeAllConnections();
      server.close();
    });
    return { port: (server.address() as AddressInfo).port };
  }

  function directory(): string {
    const path = mkdtempSync(join(tmpdir(), "slipway-"));
    onTestFinished(() => rmSync(path, { recursive: true }));
    return path;
  }

  /** A program that ends when its file `go` exists. */
  function slowProgram(name: string): { bin: string; go: () => void } {
    const bin = directory();
    const path = join(bin, name);
    writeFileSync(path, `#!/bin/sh\nwhile [ ! -e '${bin}/go' ]; do sleep 0.05; done\nexit 1\n`);
    chmodSync(path, 0o755);
    vi.stubEnv("PATH", `${bin}:${process.env["PATH"]}`);
    onTestFinished(() => void vi.unstubAllEnvs());
    return { bin, go: () => writeFileSync(join(bin, "go"), "") };
  }

  const named = (): Promise<string | undefined> => vi.waitUntil(() => longWait(0)?.what, { timeout: 5000 });

  it("is the server of a request", async () => {
    const { port } = await silentServer(0);
    const client = new WebClient({ tls: {}, env: {} });
    const asked = client.send(new URL(`http://127.0.0.1:${port}/v2/`), {}).catch(() => {});
    expect(await named()).toBe(`127.0.0.1:${port}`);
    client.close();
    await asked;
  });

  it("is the container engine", async () => {
    const path = join(directory(), "engine.sock");
    await silentServer(path);
    const stop = new AbortController();
    const asked = new EngineClient({ kind: "socket", path }, stop.signal).image("app").catch(() => {});
    expect(await named()).toBe("the container engine");
    stop.abort();
    await asked;
  });

  it("is a credential helper", async () => {
    const { go } = slowProgram("docker-credential-slow");
    const asked = new CredentialHelper("slow").get("registry.example.com").catch(() => {});
    expect(await named()).toBe("docker-credential-slow");
    go();
    await asked;
  });

  it("is the credential plugin of a kubeconfig", async () => {
    const { bin, go } = slowProgram("slow-plugin");
    const asked = runPlugin({ command: join(bin, "slow-plugin") }).catch(() => {});
    expect(await named()).toBe("slow-plugin");
    go();
    await asked;
  });

  it("is git", async () => {
    const { go } = slowProgram("git");
    const run = { remote: "https://user:secret@example.com/app.git", env: {}, signal: new AbortController().signal };
    const asked = runGit(["fetch"], run).catch(() => {});
    expect(await named()).toBe("git, which reads https://example.com/app.git");
    go();
    await asked;
  });
});

/** Files that start programs or send requests, and why nothing is said there. */
const SILENT: Readonly<Record<string, string>> = {
  "lib/files/find-program.ts": "its callers know what the program is for",
  "plan/source/git.ts": "git-run.ts waits for it",
  "plan/source/unpack.ts": "it reads what arrives, and the fetching is said",
  "lib/buildkit/channel.ts": "a build shows its steps, and kept-builders.ts waits for the rest",
  "lib/engine/dial.ts": "a request to the engine waits for it",
  "lib/http/connections.ts": "the clients wait for it",
  "lib/kube/http-client.ts": "api.ts and websocket.ts wait for it; a watch or a log may be silent for long",
  "cli/start/start.ts": "not a program of the system",
  "cli/start/start-program.ts": "not a program of the system",
};

it("every file that starts a program or sends a request says what it waits for", async () => {
  const files = (await sourceFiles()).filter((file) =>
    /\bstartProgram\(|\.request\(|\bspawn\(|new WebSocket\(/.test(readFileSync(join(SRC, file), "utf8")),
  );
  const silent = files.filter((file) => !readFileSync(join(SRC, file), "utf8").includes("waitFor("));
  expect(silent.toSorted()).toEqual(Object.keys(SILENT).toSorted());
});
