/** The HTTP API of a container engine: Docker's, which podman has too (docs.docker.com/reference/api/engine, version 1.41). */
// The bundle loads this module on first use, which a named import would not find.
import http from "node:http";
import type { IncomingMessage, RequestOptions } from "node:http";
import { Readable } from "node:stream";
import type { Duplex } from "node:stream";
import { dialEngine } from "./dial.ts";
import { exchange } from "./engine-exec.ts";
import type { ExecOutput } from "./engine-exec.ts";
import type { EngineAddress } from "./find-engine.ts";
import { readText, upTo } from "../http/read-body.ts";
import { LIMITS } from "../limits/limits.ts";
import { omitUndefined } from "../text/omit-undefined.ts";
import { waitFor } from "../waits/waits.ts";

/** The engine answered, and refused. */
export class EngineRefusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = "EngineRefusal";
    this.status = status;
  }
}

export interface EngineRequest {
  readonly method?: "GET" | "POST" | "DELETE";
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Readable | Buffer;
}

/** The login that an engine sends to a registry (docs.docker.com/reference/api/engine, "Authentication"). */
export interface RegistryLogin {
  readonly username?: string;
  readonly password?: string;
  readonly identitytoken?: string;
  readonly registrytoken?: string;
  readonly serveraddress: string;
}

export interface EngineInfo {
  /** `Docker 20.10.24`, `Podman Engine 4.3.1`. */
  readonly name: string;
  readonly isPodman: boolean;
  /** Docker's engine keeps images in containerd's store, and not in its own. */
  readonly usesContainerd: boolean;
}

export interface EngineContainer {
  readonly id: string;
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
}

export interface EngineImage {
  readonly id: string;
  /** Digests of the uncompressed layers, from the bottom. */
  readonly layers: readonly string[];
}

/** One object of the stream with which an engine reports progress (moby pkg/jsonmessage). */
export interface EngineMessage {
  readonly stream?: string;
  readonly status?: string;
  readonly error?: string;
  readonly errorDetail?: { readonly message?: string };
}

export class EngineClient {
  readonly #address: EngineAddress;
  readonly #signal: AbortSignal;

  constructor(address: EngineAddress, signal: AbortSignal) {
    this.#address = address;
    this.#signal = signal;
  }

  /** The same engine, whose requests end with this signal too. */
  until(signal: AbortSignal): EngineClient {
    return new EngineClient(this.#address, AbortSignal.any([this.#signal, signal]));
  }

  /** @throws EngineRefusal; Error if the engine cannot be reached */
  async info(): Promise<EngineInfo> {
    const [version, info] = await Promise.all([
      this.#json<{ Version?: string; Components?: readonly { Name?: string; Version?: string }[] }>("/version"),
      this.#json<{ DriverStatus?: readonly (readonly string[])[] | null }>("/info"),
    ]);
    const component = version.Components?.[0]?.Name ?? "Engine";
    const name = component === "Engine" ? "Docker" : component;
    return {
      name: `${name} ${version.Version ?? ""}`.trim(),
      isPodman: /podman/i.test(component),
      usesContainerd: (info.DriverStatus ?? []).some(
        ([key, value]) => key === "driver-type" && value === "io.containerd.snapshotter.v1",
      ),
    };
  }

  /** @param name a reference or an ID. @returns undefined if the engine has no such image */
  async image(name: string): Promise<EngineImage | undefined> {
    try {
      const found = await this.#json<{ Id: string; RootFS?: { Layers?: readonly string[] } }>(
        `/images/${encodeURI(name)}/json`,
      );
      return { id: found.Id, layers: found.RootFS?.Layers ?? [] };
    } catch (error) {
      if (error instanceof EngineRefusal && error.status === 404) return undefined;
      throw error;
    }
  }

  /**
   * Sends an archive, as `docker load` does.
   * @returns names and IDs of the images in it, as the engine reports them
   * @throws EngineRefusal also for a failure that is reported in the stream of an answer with status 200
   */
  async load(archive: Readable): Promise<readonly string[]> {
    const answer = await this.#send("/images/load?quiet=1", {
      method: "POST",
      headers: { "content-type": "application/x-tar" },
      body: archive,
    });
    const loaded: string[] = [];
    for await (const { stream = "" } of messages(answer)) {
      // Podman reports all names in one line, separated by commas.
      const [, names] = /^Loaded image(?: ID)?(?:\(s\))?: (\S+)/.exec(stream) ?? [];
      if (names !== undefined) loaded.push(...names.split(","));
      // The containerd store reports this, and succeeds (moby daemon/containerd/image_exporter.go).
      if (stream.startsWith("Error unpacking image")) throw new EngineRefusal(500, stream.trim());
    }
    return loaded;
  }

  /**
   * Whether the engine itself reaches a registry and may read there. The image need not exist. Podman cannot be asked this.
   * @param name with its tag
   */
  async reachesRegistry(name: string, login?: RegistryLogin): Promise<boolean> {
    try {
      await drain(await this.#send(`/distribution/${encodeURI(name)}/json`, { headers: loginHeader(login) }));
      return true;
    } catch (error) {
      // The registry's own answer: it has no such image.
      if (error instanceof EngineRefusal) return error.status === 404;
      throw error;
    }
  }

  /**
   * Pulls an image, as `docker pull` does.
   * @param name with its tag or digest
   * @throws EngineRefusal also for a failure that is reported in the stream of an answer with status 200
   */
  async pull(name: string, login?: RegistryLogin): Promise<void> {
    const query = new URLSearchParams({ fromImage: name }).toString();
    const answer = await this.#send(`/images/create?${query}`, { method: "POST", headers: loginHeader(login) });
    for await (const message of messages(answer)) void message;
  }

  /** Names of the running containers that have a label. @param label `NAME=VALUE` */
  async containersWith(label: string): Promise<readonly EngineContainer[]> {
    const query = new URLSearchParams({ filters: JSON.stringify({ label: [label], status: ["running"] }) }).toString();
    const found = await this.#json<readonly { Id: string; Names: readonly string[]; Labels: Record<string, string> }[]>(
      `/containers/json?${query}`,
    );
    return found.map(({ Id: id, Names: [name = id], Labels: labels }) => ({
      id,
      name: name.replace(/^\//, ""),
      labels,
    }));
  }

  /**
   * Runs a command in a container, as `docker exec -i` does.
   * @param input its standard input; absent: empty
   * @throws EngineRefusal if it cannot be started. An exit code other than 0 does not count as a failure here.
   */
  async exec(container: string, command: readonly string[], input?: Readable): Promise<ExecOutput & { code: number }> {
    const created = await this.#json<{ Id: string }>(`/containers/${container}/exec`, {
      Cmd: command,
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    });
    const { connection, head } = await this.#upgrade(`/exec/${created.Id}/start`, { Detach: false, Tty: false });
    const output = await exchange(connection, head, input);
    const { ExitCode: code } = await this.#json<{ ExitCode: number | null }>(`/exec/${created.Id}/json`);
    return { ...output, code: code ?? -1 };
  }

  /** Gives an image one more name. @param repository with its registry. @throws EngineRefusal */
  async tag(image: string, repository: string, tag: string): Promise<void> {
    const query = new URLSearchParams({ repo: repository, tag }).toString();
    await drain(await this.#send(`/images/${encodeURI(image)}/tag?${query}`, { method: "POST" }));
  }

  /** @param body sent with POST. Without one it is a GET. */
  async #json<T>(path: string, body?: object): Promise<T> {
    const answer = await this.#send(path, body === undefined ? {} : jsonRequest(body));
    return JSON.parse(await readText(answer, LIMITS.ENGINE_ANSWER_BYTES.value)) as T;
  }

  /** Makes the connection of a request a stream of both sides. @throws EngineRefusal if the engine does not */
  async #upgrade(path: string, body: object): Promise<{ readonly connection: Duplex; readonly head: Buffer }> {
    const { headers, body: text } = jsonRequest(body);
    return new Promise((resolve, reject) => {
      http
        .request(this.#options("POST", path, { connection: "Upgrade", upgrade: "tcp", ...headers }))
        .on("upgrade", (_, connection, head) => resolve({ connection, head }))
        .on("response", (answer) => void refusalOf(answer).then(reject, reject))
        .on("error", reject)
        .end(text);
    });
  }

  /** @returns the answer's body. @throws EngineRefusal for a status that is not a success */
  async #send(path: string, { method = "GET", headers = {}, body }: EngineRequest): Promise<IncomingMessage> {
    const ask = (): Promise<IncomingMessage> => this.#ask(path, { method, headers, ...omitUndefined({ body }) });
    // Sending an image takes its time, and says so itself.
    const answer = await (body instanceof Readable ? ask() : waitFor("the container engine", ask));
    const status = answer.statusCode ?? 0;
    if (status >= 200 && status < 300) return answer;
    throw await refusalOf(answer);
  }

  #ask(path: string, { method = "GET", headers = {}, body }: EngineRequest): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = http.request(this.#options(method, path, headers), resolve);
      outgoing.on("error", reject);
      if (!(body instanceof Readable)) {
        outgoing.end(body);
        return;
      }
      body.on("error", (error) => outgoing.destroy(error));
      // An engine that refuses stops reading, and its answer says why.
      outgoing.on("close", () => body.destroy());
      body.pipe(outgoing);
    });
  }

  #options(method: string, path: string, headers: Readonly<Record<string, string>>): RequestOptions {
    return {
      method,
      path,
      // A name that every engine accepts; the address is the connection's.
      headers: { host: "docker", ...headers },
      createConnection: () => dialEngine(this.#address),
      signal: this.#signal,
    };
  }
}

function jsonRequest(body: object): { method: "POST"; headers: Readonly<Record<string, string>>; body: Buffer } {
  const text = Buffer.from(JSON.stringify(body));
  return {
    method: "POST",
    headers: { "content-type": "application/json", "content-length": `${text.length}` },
    body: text,
  };
}

async function refusalOf(answer: IncomingMessage): Promise<EngineRefusal> {
  const status = answer.statusCode ?? 0;
  return new EngineRefusal(status, messageIn(await readText(answer, LIMITS.ENGINE_ANSWER_BYTES.value), status));
}

/** URL-safe base64 with its padding, which older engines need. */
function loginHeader(login: RegistryLogin | undefined): Readonly<Record<string, string>> {
  if (login === undefined) return {};
  const text = Buffer.from(JSON.stringify(login)).toString("base64");
  return { "x-registry-auth": text.replaceAll("+", "-").replaceAll("/", "_") };
}

function messageIn(text: string, status: number): string {
  try {
    const { message } = JSON.parse(text) as { readonly message?: unknown };
    if (typeof message === "string" && message !== "") return message;
  } catch {
    // Not every answer is JSON.
  }
  return text.trim() || `status ${status}`;
}

/** The objects of a stream. @throws EngineRefusal for one that reports an error */
async function* messages(answer: IncomingMessage): AsyncGenerator<EngineMessage> {
  let rest = "";
  const decoder = new TextDecoder();
  for await (const chunk of upTo(LIMITS.ENGINE_ANSWER_BYTES.value, answer)) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) yield* messageOf(line);
  }
  yield* messageOf(rest);
}

function* messageOf(line: string): Generator<EngineMessage> {
  if (line.trim() === "") return;
  let message: EngineMessage;
  try {
    message = JSON.parse(line) as EngineMessage;
  } catch {
    // An answer that is not JSON is text for people.
    message = { stream: line };
  }
  const fault = message.errorDetail?.message ?? message.error;
  if (fault !== undefined) throw new EngineRefusal(500, fault);
  yield message;
}

async function drain(answer: IncomingMessage): Promise<void> {
  for await (const chunk of upTo(LIMITS.ENGINE_ANSWER_BYTES.value, answer)) void chunk;
}
