/** The daemon's own service, moby.buildkit.v1.Control: what one asks of it, each as a function. */
import { Channel } from "./channel.ts";
import type { Duplex } from "node:stream";
import {
  BUILD_HISTORY_EVENT,
  BUILD_HISTORY_REQUEST,
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
import type { BuildHistoryRecord, SolveRequest, StatusResponse, UsageRecord } from "./messages.ts";
import type { Decoded, Encodable } from "./protobuf.ts";
import { Session } from "./session.ts";
import type { SessionOptions } from "./session.ts";

const CONTROL = "/moby.buildkit.v1.Control/";

/**
 * A BuildKit daemon at the other end of a stream. Every call throws GrpcError when the daemon refuses or fails, ConnectionLost when
 * the stream ends before its answer, and the signal's reason when aborted.
 */
export class Daemon {
  readonly channel: Channel;

  private constructor(channel: Channel) {
    this.channel = channel;
  }

  /** @param stream bytes to and from the daemon's socket, such as `buildctl dial-stdio` carries them */
  static async over(stream: Duplex): Promise<Daemon> {
    return new Daemon(await Channel.over(stream));
  }

  /** The daemon's version and the like; the cheapest way to learn that it answers. */
  async info(signal?: AbortSignal): Promise<Decoded<typeof INFO_RESPONSE>> {
    return this.channel.unary(`${CONTROL}Info`, { request: EMPTY, response: INFO_RESPONSE }, {}, signal);
  }

  async workers(signal?: AbortSignal): Promise<Decoded<typeof LIST_WORKERS_RESPONSE>["record"]> {
    const tables = { request: EMPTY, response: LIST_WORKERS_RESPONSE };
    return (await this.channel.unary(`${CONTROL}ListWorkers`, tables, {}, signal)).record;
  }

  /** Opens a session; close it when the solve has ended. */
  openSession(options: SessionOptions): Promise<Session> {
    return Session.open(this.channel, options);
  }

  /** Builds. @returns what the exporters tell, such as `containerimage.digest` */
  async solve(request: SolveRequest, signal?: AbortSignal): Promise<ReadonlyMap<string, string>> {
    const tables = { request: SOLVE_REQUEST, response: SOLVE_RESPONSE };
    return (await this.channel.unary(`${CONTROL}Solve`, tables, request, signal)).exporterResponse;
  }

  /** What a solve does, until it has ended. May be asked for before the solve is. */
  status(ref: string, signal?: AbortSignal): AsyncGenerator<StatusResponse, void, undefined> {
    return this.channel.stream(
      `${CONTROL}Status`,
      { request: STATUS_REQUEST, response: STATUS_RESPONSE },
      { ref },
      signal,
    );
  }

  async diskUsage(signal?: AbortSignal): Promise<readonly UsageRecord[]> {
    const tables = { request: DISK_USAGE_REQUEST, response: DISK_USAGE_RESPONSE };
    return (await this.channel.unary(`${CONTROL}DiskUsage`, tables, {}, signal)).record;
  }

  /** Frees what is not in use. @returns what was removed, as it goes */
  prune(options: Encodable<typeof PRUNE_REQUEST>, signal?: AbortSignal): AsyncGenerator<UsageRecord, void, undefined> {
    return this.channel.stream(`${CONTROL}Prune`, { request: PRUNE_REQUEST, response: USAGE_RECORD }, options, signal);
  }

  /** Builds that are under way now, internal ones left out. */
  async activeBuilds(signal?: AbortSignal): Promise<BuildHistoryRecord[]> {
    const tables = { request: BUILD_HISTORY_REQUEST, response: BUILD_HISTORY_EVENT };
    const request = { activeOnly: true, earlyExit: true };
    const records: BuildHistoryRecord[] = [];
    for await (const { record } of this.channel.stream(`${CONTROL}ListenBuildHistory`, tables, request, signal)) {
      if (record !== undefined) records.push(record);
    }
    return records;
  }

  /** Cuts the connection; what is under way is cancelled. */
  close(): void {
    this.channel.close();
  }
}
