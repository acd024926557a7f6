/** A client for the daemon's control service, moby.buildkit.v1.Control. */
import { Channel } from "./channel.ts";
import type { PreparedTls } from "./channel.ts";
import type { Duplex } from "node:stream";
import {
  DISK_USAGE_REQUEST,
  DISK_USAGE_RESPONSE,
  EMPTY,
  INFO_RESPONSE,
  LIST_WORKERS_RESPONSE,
  PRUNE_REQUEST,
  SOLVE_REQUEST,
  SOLVE_RESPONSE,
  STATUS_REQUEST,
  STATUS_RESPONSE,
  USAGE_RECORD,
} from "./messages.ts";
import type { SolveRequest, StatusResponse, UsageRecord } from "./messages.ts";
import type { Decoded, Encodable } from "./protobuf.ts";
import { Session } from "./session.ts";
import type { SessionOptions } from "./session.ts";

const CONTROL = "/moby.buildkit.v1.Control/";

/**
 * A BuildKit daemon at the other end of a stream. Each method throws GrpcError if the daemon refuses or fails, ConnectionLost if
 * the stream ends before the answer, and the signal's reason if it is aborted.
 */
export class Daemon {
  readonly channel: Channel;

  private constructor(channel: Channel) {
    this.channel = channel;
  }

  /** Connects to a daemon. @param stream bytes to and from the daemon's socket, for example through `buildctl dial-stdio` */
  static async over(stream: Duplex, tls?: PreparedTls): Promise<Daemon> {
    return new Daemon(await Channel.over(stream, tls));
  }

  /** Returns the daemon's version. This is the cheapest way to check that the daemon answers. */
  async info(signal?: AbortSignal): Promise<Decoded<typeof INFO_RESPONSE>> {
    return this.channel.unary(`${CONTROL}Info`, { request: EMPTY, response: INFO_RESPONSE }, {}, signal);
  }

  /** Lists the daemon's workers with their platforms. */
  async workers(signal?: AbortSignal): Promise<Decoded<typeof LIST_WORKERS_RESPONSE>["record"]> {
    const tables = { request: EMPTY, response: LIST_WORKERS_RESPONSE };
    return (await this.channel.unary(`${CONTROL}ListWorkers`, tables, {}, signal)).record;
  }

  /** Opens a session. Close it when the solve has ended. */
  openSession(options: SessionOptions): Session {
    return Session.open(this.channel, options);
  }

  /** Runs a build. @returns the exporters' results, for example `containerimage.digest` */
  async solve(request: SolveRequest, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const tables = { request: SOLVE_REQUEST, response: SOLVE_RESPONSE };
    return (await this.channel.unary(`${CONTROL}Solve`, tables, request, signal)).exporterResponse;
  }

  /** Yields the progress of a solve until the solve ends. It may be called before `solve`. @param ref the solve's `ref` */
  status(ref: string, signal?: AbortSignal): AsyncGenerator<StatusResponse, void, undefined> {
    return this.channel.stream(
      `${CONTROL}Status`,
      { request: STATUS_REQUEST, response: STATUS_RESPONSE },
      { ref },
      signal,
    );
  }

  /** Lists the records of the daemon's build cache. */
  async diskUsage(signal?: AbortSignal): Promise<readonly UsageRecord[]> {
    const tables = { request: DISK_USAGE_REQUEST, response: DISK_USAGE_RESPONSE };
    return (await this.channel.unary(`${CONTROL}DiskUsage`, tables, {}, signal)).record;
  }

  /** Removes cache records that are not in use. @returns each removed record, as soon as the daemon reports it */
  prune(options: Encodable<typeof PRUNE_REQUEST>, signal?: AbortSignal): AsyncGenerator<UsageRecord, void, undefined> {
    return this.channel.stream(`${CONTROL}Prune`, { request: PRUNE_REQUEST, response: USAGE_RECORD }, options, signal);
  }

  /** Closes the connection at once. Calls that are running are cancelled. */
  close(): void {
    this.channel.close();
  }
}
