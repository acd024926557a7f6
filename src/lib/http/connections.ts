/** Requests over HTTP/1.1 by Node's own client. The caller's function opens the connections, which are kept for further requests. */
import http from "node:http";
import type { Agent, AgentOptions, ClientRequest, ClientRequestArgs, IncomingMessage } from "node:http";
import { finished } from "node:stream";
import type { Duplex, Readable } from "node:stream";
import { KEEP_ALIVE_DELAY_MS } from "./dial.ts";

export interface ConnectionsOptions {
  /** Opens a connection that is ready for HTTP/1.1. What it throws is the request's error. */
  readonly open: (server: URL) => Promise<Duplex>;
  /** How long an unused connection is kept, unless the server says that it keeps it for less. */
  readonly idleTimeoutMs?: number;
}

export interface Question {
  readonly method: string;
  readonly server: URL;
  /** What follows the method: a path with its query, or a whole URL for a proxy. */
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: Uint8Array | string | Readable | undefined;
  /** Its reason is the error of the request, or of the body of its answer. */
  readonly signal?: AbortSignal | undefined;
  /** Limit for the time from the last piece of the request to the head of its answer; 0: no limit. A body in one piece has to be sent within it. */
  readonly headersTimeout?: number | undefined;
  /** Limit for the time without a byte of the body while it is waited for; 0: no limit. */
  readonly bodyTimeout?: number | undefined;
}

export interface Answer {
  readonly statusCode: number;
  /** By names in lower case. One that was sent several times has a list. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Must be read, drained or abandoned. */
  readonly body: Readable;
}

/** The server sent nothing for as long as a limit allows. The message is a clause: `no data for 60 s`. */
export class Silence extends Error {
  readonly code = "ERR_SILENCE";

  constructor(what: "answer" | "data", ms: number) {
    super(`no ${what} for ${ms / 1000} s`);
    this.name = "Silence";
  }
}

/** The connections were closed by this side: another attempt would not be wanted. */
class Closed extends Error {
  readonly code = "ERR_CLOSED";

  constructor() {
    super("the connection was closed");
    this.name = "Closed";
  }
}

/** The default of either limit for silence. */
export const SILENCE_TIMEOUT_MS = 300_000;

/** Shorter than the 5 s after which Node's and other servers close an unused connection. */
const IDLE_TIMEOUT_MS = 4000;

/** By this name the agent's methods get the server that a request is for. */
type Addressed = ClientRequestArgs & { readonly server: URL };

/** An agent whose connections come from `open`. Made of methods, as the class of an agent is not there yet when a snapshot is made. */
function agentOf(options: AgentOptions, open: ConnectionsOptions["open"]): Agent {
  const methods: Pick<Agent, "getName" | "createConnection"> = {
    getName: (request) => (request as Addressed).server.origin,
    createConnection(request, callback) {
      const opened = (async () => open((request as Addressed).server))();
      // Outside of the promise, which would catch what the callback throws.
      const pass = (error: Error | null, connection?: Duplex): void =>
        queueMicrotask(() => callback?.(error, connection as Duplex));
      opened.then((connection) => pass(null, connection), pass);
      return undefined;
    },
  };
  return Object.assign(new http.Agent(options), methods);
}

export class Connections {
  readonly #agent: Agent;
  /** Ends each of the requests under way with an error. */
  readonly #underWay = new Set<(error: Error) => void>();

  constructor({ open, idleTimeoutMs = IDLE_TIMEOUT_MS }: ConnectionsOptions) {
    // Node sets the delay anew whenever a connection becomes idle.
    const kept = { keepAlive: true, keepAliveMsecs: KEEP_ALIVE_DELAY_MS, timeout: idleTimeoutMs };
    this.#agent = agentOf(kept, open);
  }

  /**
   * Sends a request and returns the answer, of any status.
   * @throws errors of the network, with `code` ECONNRESET if the server closed the connection, and ERR_CLOSED if `destroy` did; what
   *   `open` throws; Silence; the signal's reason when aborted
   */
  async request(question: Question): Promise<Answer> {
    const { body, signal } = question;
    try {
      signal?.throwIfAborted();
      const response = await this.#answerTo(http.request(this.#optionsOf(question)), question);
      return { statusCode: response.statusCode ?? 0, headers: headersOf(response), body: response };
    } catch (error) {
      if (isStream(body)) body.destroy();
      throw error;
    }
  }

  #optionsOf({ method, server, target, headers, body }: Question): Addressed {
    return {
      agent: this.#agent,
      server,
      host: server.hostname,
      method,
      path: target,
      headers: { host: server.host, ...lengthOf(body), ...headers },
    };
  }

  /** Closes each connection when it is no longer used. Requests under way are not disturbed. */
  close(): void {
    this.#agent.maxFreeSockets = 0;
    for (const unused of Object.values(this.#agent.freeSockets).flat()) unused?.destroy();
  }

  /** Closes every connection. Requests under way fail. */
  destroy(): void {
    this.close();
    for (const end of this.#underWay) end(new Closed());
    this.#agent.destroy();
  }

  #answerTo(asked: ClientRequest, question: Question): Promise<IncomingMessage> {
    const { body, signal, headersTimeout = SILENCE_TIMEOUT_MS, bodyTimeout = SILENCE_TIMEOUT_MS } = question;
    return new Promise((resolve, reject) => {
      let answer: IncomingMessage | undefined;
      const end = (error: Error): void => {
        reject(error);
        answer?.destroy(error);
        asked.destroy();
      };
      const abort = (): void => end(signal?.reason as Error);
      const wait = new Wait(end);
      signal?.addEventListener("abort", abort, { once: true });
      this.#underWay.add(end);
      asked.once("socket", (socket) => {
        // Its end was told before anybody listened.
        if (socket.destroyed) {
          end(socket.errored ?? lost());
          return;
        }
        wait.watch(socket, body);
        wait.expect("answer", headersTimeout);
      });
      asked.once("response", (response) => {
        answer = response;
        // Some servers send a body after all, which would be taken for the next answer.
        if (question.method === "HEAD") asked.shouldKeepAlive = false;
        wait.expect("data", bodyTimeout, response);
        resolve(response);
      });
      asked.once("upgrade", (_, socket) => {
        end(lost("the server switched to another protocol"));
        socket.destroy();
      });
      asked.once("close", () => {
        wait.end();
        signal?.removeEventListener("abort", abort);
        this.#underWay.delete(end);
      });
      asked.on("error", (error: Error & { code?: unknown }) => {
        if (String(error.code).startsWith("HPE_") && answer?.complete !== true) end(error);
        // After the answer, it is what was left of the request's body and could not be sent, or what nobody asked for.
        else reject(explain(error));
      });
      sendBody(asked, body, end);
    });
  }
}

/** Watches a connection during one request: for silence, and for its loss. */
class Wait {
  readonly #end: (error: Error) => void;
  #socket: Duplex | undefined;
  #error: Error | undefined;
  #timer: NodeJS.Timeout | undefined;
  #answer: IncomingMessage | undefined;
  /** The answer's reader is waited for, and not the server. */
  #full = false;
  readonly #hear = (): void => {
    this.#full = this.#answer !== undefined && this.#answer.readableLength >= this.#answer.readableHighWaterMark;
    this.#timer?.refresh();
  };
  readonly #fail = (error: Error): void => {
    this.#error = error;
  };
  readonly #close = (): void => {
    if (this.#answer?.complete === false) this.#end(this.#error ?? lost());
  };

  /** @param end ends the request with an error */
  constructor(end: (error: Error) => void) {
    this.#end = end;
  }

  /** @param body what is sent: it counts, too, as an upload may take long */
  watch(socket: Duplex, body: Question["body"]): void {
    this.#socket = socket;
    socket.on("data", this.#hear).on("drain", this.#hear).on("error", this.#fail);
    // Before Node's own listener, whose error for it says only "aborted".
    socket.prependListener("close", this.#close);
    if (isStream(body)) body.on("data", this.#hear);
  }

  /** @param limitMs 0: none */
  expect(what: "answer" | "data", limitMs: number, answer?: IncomingMessage): void {
    clearTimeout(this.#timer);
    this.#answer = answer;
    this.#full = false;
    if (limitMs === 0) return;
    this.#timer = setTimeout(() => {
      if (this.#full || (answer !== undefined && answer.readableLength > 0)) this.#hear();
      else this.#end(new Silence(what, limitMs));
    }, limitMs);
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const socket = this.#socket?.off("data", this.#hear).off("drain", this.#hear);
    socket?.off("error", this.#fail).off("close", this.#close);
  }
}

/** Node leaves it out of a DELETE. */
function lengthOf(body: Question["body"]): { readonly "content-length"?: string } {
  if (typeof body === "string") return { "content-length": String(Buffer.byteLength(body)) };
  return body instanceof Uint8Array ? { "content-length": String(body.length) } : {};
}

function isStream(body: Question["body"]): body is Readable {
  return body !== undefined && typeof body !== "string" && !(body instanceof Uint8Array);
}

function sendBody(asked: ClientRequest, body: Question["body"], fail: (error: Error) => void): void {
  if (!isStream(body)) {
    asked.end(body);
    return;
  }
  finished(body, { writable: false }, (error) => {
    if (error && !asked.destroyed) fail(error);
  });
  asked.once("close", () => body.destroy());
  body.pipe(asked);
}

function headersOf({ headersDistinct }: IncomingMessage): Answer["headers"] {
  const headers: Record<string, string | string[] | undefined> = {};
  for (const [name, values] of Object.entries(headersDistinct))
    headers[name] = values?.length === 1 ? values[0] : values;
  return headers;
}

/** Node's "socket hang up" is the server that closed the connection before it answered. */
function explain(error: Error & { code?: unknown }): Error {
  return error.code === "ECONNRESET" && error.message === "socket hang up" ? lost() : error;
}

function lost(message = "the server closed the connection"): Error {
  return Object.assign(new Error(message), { code: "ECONNRESET" });
}
