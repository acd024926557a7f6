/**
 * An API server that does what a test tells it to: answers, refuses, stalls, resets, lies. Real HTTP and real
 * websockets on a real port; each route has a script of handlers, one per request, the last of which stays.
 */
import { createServer } from "node:http";
import type { IncomingMessage, Server, ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import { WebSocketServer } from "ws";
import type { WebSocket } from "ws";

export interface SeenRequest {
  readonly method: string;
  readonly url: URL;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

export type Handler = (request: SeenRequest, response: ServerResponse) => unknown;
export type ExecHandler = (ws: WebSocket, request: SeenRequest, socket: Socket) => unknown;

export class FakeApiServer {
  readonly requests: SeenRequest[] = [];
  readonly #server: Server;
  readonly #websockets = new WebSocketServer({ noServer: true, handleProtocols: (offered) => this.#choose(offered) });
  readonly #routes = new Map<string, Handler[]>();
  readonly #sockets = new Set<Socket>();
  readonly #execs: ExecHandler[] = [];
  /** Answers an upgrade with this instead of a websocket, as long as it returns one. */
  refuseUpgrade: (request: SeenRequest) => { code: number; body: string } | undefined = () => undefined;
  /** The protocols it knows. */
  protocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
  readonly #secure: boolean;
  #port = 0;

  private constructor(tls: ServerOptions | undefined) {
    this.#secure = tls !== undefined;
    const listen = (request: IncomingMessage, response: ServerResponse): void => void this.#handle(request, response);
    this.#server = tls === undefined ? createServer(listen) : createSecureServer(tls, listen);
    this.#server.on("connection", (socket: Socket) => {
      this.#sockets.add(socket);
      socket.on("close", () => this.#sockets.delete(socket)).on("error", () => {});
    });
    this.#server.on("upgrade", (request, socket: Socket, head) => this.#upgrade(request, socket, head));
  }

  static async start(tls?: ServerOptions, port = 0): Promise<FakeApiServer> {
    const fake = new FakeApiServer(tls);
    await new Promise<void>((resolve) => {
      fake.#server.listen(port, "127.0.0.1", resolve);
    });
    fake.#port = (fake.#server.address() as AddressInfo).port;
    return fake;
  }

  /** Stays known after it is closed. */
  get port(): number {
    return this.#port;
  }

  get url(): string {
    return `${this.#secure ? "https" : "http"}://127.0.0.1:${this.port}`;
  }

  /** Open connections. */
  get connections(): number {
    return this.#sockets.size;
  }

  /** Sets a route's script, e.g. "GET /api/v1/namespaces/default/pods"; a watch's route begins with WATCH. */
  on(route: string, ...handlers: readonly Handler[]): this {
    this.#routes.set(route, [...handlers]);
    return this;
  }

  onExec(...handlers: readonly ExecHandler[]): this {
    this.#execs.splice(0, Infinity, ...handlers);
    return this;
  }

  /** The requests of one route. */
  seen(route: string): readonly SeenRequest[] {
    return this.requests.filter((request) => routeOf(request) === route);
  }

  /** Cuts every connection, as a restart does. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy();
  }

  async close(): Promise<void> {
    this.cut();
    await new Promise((resolve) => {
      this.#server.close(resolve);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  async #handle(message: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = "";
    for await (const chunk of message.setEncoding("utf8")) body += chunk;
    const request = this.#note(message, body);
    const script = this.#routes.get(routeOf(request));
    const handler = script !== undefined && script.length > 1 ? script.shift() : script?.[0];
    if (handler === undefined) sendStatus(response, 404, "NotFound", `no such route: ${routeOf(request)}`);
    else await handler(request, response);
  }

  #upgrade(message: IncomingMessage, socket: Socket, head: Buffer): void {
    const request = this.#note(message, "");
    const refusal = this.refuseUpgrade(request);
    if (refusal !== undefined) {
      const length = Buffer.byteLength(refusal.body);
      socket.end(
        `HTTP/1.1 ${refusal.code} No\r\nContent-Length: ${length}\r\nConnection: close\r\n\r\n${refusal.body}`,
      );
      return;
    }
    this.#websockets.handleUpgrade(message, socket, head, (ws) => {
      ws.on("error", () => {});
      const handler = this.#execs.length > 1 ? this.#execs.shift() : this.#execs[0];
      void handler?.(ws, request, socket);
    });
  }

  #choose(offered: Set<string>): string | false {
    return this.protocols.find((protocol) => offered.has(protocol)) ?? false;
  }

  #note(message: IncomingMessage, body: string): SeenRequest {
    const request = {
      method: message.method ?? "",
      url: new URL(message.url ?? "/", this.url),
      headers: message.headers,
      body,
    };
    this.requests.push(request);
    return request;
  }
}

function routeOf({ method, url }: SeenRequest): string {
  return `${url.searchParams.get("watch") === "true" ? "WATCH" : method} ${url.pathname}`;
}

export function sendJson(
  response: ServerResponse,
  code: number,
  value: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(code, { "content-type": "application/json", ...headers }).end(JSON.stringify(value));
}

/** A Status object as the API server makes it. */
export function status(code: number, reason: string, message: string, details?: object): Record<string, unknown> {
  return { kind: "Status", apiVersion: "v1", status: "Failure", code, reason, message, details };
}

export function sendStatus(
  response: ServerResponse,
  code: number,
  reason: string,
  message: string,
  details?: object,
): void {
  sendJson(response, code, status(code, reason, message, details));
}

/** Answers with a list at that version. */
export function sendList(response: ServerResponse, resourceVersion: string, items: readonly object[]): void {
  sendJson(response, 200, { kind: "List", metadata: { resourceVersion }, items });
}

/** The real clock, also while a test has set one of its own. */
const { setTimeout } = globalThis;

/** Resets the connection. Bytes written to it may be lost. */
export function reset(response: ServerResponse): void {
  // One turn later, so that what was written before is on its way.
  setTimeout(() => response.socket?.resetAndDestroy(), 5);
}

/** A kubeconfig for it, as JSON, which is YAML too. */
export function kubeconfigFor(server: FakeApiServer, user: object = { token: "t" }, cluster: object = {}): string {
  return JSON.stringify({
    apiVersion: "v1",
    kind: "Config",
    "current-context": "fake",
    contexts: [{ name: "fake", context: { cluster: "fake", user: "fake", namespace: "ns" } }],
    clusters: [{ name: "fake", cluster: { server: server.url, ...cluster } }],
    users: [{ name: "fake", user }],
  });
}
