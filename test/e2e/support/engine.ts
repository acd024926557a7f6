/** A container engine of a test file's own, which starts before its tests and ends after them. */
import { once } from "node:events";
import { connect, createServer } from "node:net";
import { afterAll, beforeAll } from "vitest";
import { startDocker, startDockerWithContainerd, startPodman } from "./start-engine.ts";
import type { RunningEngine } from "./start-engine.ts";
import { WAIT } from "./wait.ts";

export type TestEngine = Pick<RunningEngine, "socket" | "host" | "docker">;

/** @param more further args of dockerd, of the engine's directory */
export function useDocker(more?: (directory: string) => Promise<readonly string[]>): TestEngine {
  return useEngine(() => startDocker(more));
}

/** Docker with containerd's store. The time is for compiling it. */
export function useDockerWithContainerd(): TestEngine {
  return useEngine(startDockerWithContainerd, COMPILE_TIMEOUT_MS);
}

export function usePodman(): TestEngine {
  return useEngine(startPodman);
}

const COMPILE_TIMEOUT_MS = 3_600_000;

function useEngine(start: () => Promise<RunningEngine>, timeout: number = WAIT.timeout): TestEngine {
  let running: RunningEngine | undefined;
  const engine = (): RunningEngine => {
    if (running === undefined) throw new Error("the engine runs only while the file's tests do");
    return running;
  };
  beforeAll(async () => {
    running = await start();
  }, timeout);
  afterAll(() => running?.[Symbol.asyncDispose]());
  return {
    get socket() {
      return engine().socket;
    },
    get host() {
      return engine().host;
    },
    docker: (...args) => engine().docker(...args),
  };
}

export interface Counting extends AsyncDisposable {
  /** For DOCKER_HOST. */
  readonly host: string;
  /** What has been sent to the engine so far. */
  bytes(): number;
}

/** Puts a socket before an engine's, which counts what is sent to the engine. */
export async function countSent(engine: string, path: string): Promise<Counting> {
  let bytes = 0;
  const server = createServer((client) => {
    const to = connect(engine);
    client
      .on("data", (chunk) => (bytes += chunk.length))
      .pipe(to)
      .pipe(client);
    for (const [one, other] of [
      [client, to],
      [to, client],
    ] as const)
      one.on("error", () => other.destroy());
  }).listen(path);
  await once(server, "listening");
  return {
    host: `unix://${path}`,
    bytes: () => bytes,
    async [Symbol.asyncDispose]() {
      server.close();
      await once(server, "close");
    },
  };
}
