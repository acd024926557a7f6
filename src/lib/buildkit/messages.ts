/**
 * Tables of BuildKit's messages, with the number of each field. Sources, at v0.34: api/services/control/control.proto,
 * api/types/worker.proto, solver/pb/ops.proto and session/{filesync,auth,secrets,sshforward}/*.proto of github.com/moby/buildkit;
 * types/wire.proto and types/stat.proto of github.com/tonistiigi/fsutil; content.proto of github.com/containerd/containerd;
 * google/rpc/status.proto.
 */
import { bool, byteString, bytes, int, long, message, repeated, text, textMap } from "./fields.ts";
import type { Decoded, Encodable } from "./protobuf.ts";

/** google.protobuf.Timestamp. */
export const TIMESTAMP = { seconds: int(1), nanos: int(2) };

/** Converts a timestamp to milliseconds since 1970, with fractions. */
export function millisecondsOf(time: Decoded<typeof TIMESTAMP> | undefined): number | undefined {
  return time === undefined ? undefined : time.seconds * 1000 + time.nanos / 1e6;
}

/** google.rpc.Status, from `grpc-status-details-bin`. For BuildKit's own types a detail's value is JSON (util/grpcerrors). */
export const STATUS = {
  code: int(1),
  message: text(2),
  details: repeated(message(3, { typeUrl: text(1), value: bytes(2) })),
};

/** The message of every stream of bytes: sessions, exports and SSH agents. BuildKit declares it once for each service. */
export const BYTES_MESSAGE = { data: bytes(1) };

const EXPORTER = { type: text(1), attrs: textMap(2) };
const CACHE_ENTRY = { type: text(1), attrs: textMap(2) };

const MAKE_FILE = { path: text(1), mode: int(2), data: bytes(3), timestamp: int(5) };
const FILE_ACTION = { input: int(1), secondaryInput: int(2), output: int(3), mkfile: message(5, MAKE_FILE) };
/** pb.Op, as far as definition.ts makes it. */
export const OP = {
  inputs: repeated(message(1, { digest: text(1), index: int(2) })),
  file: message(4, { actions: repeated(message(2, FILE_ACTION)) }),
};
/** An entry of a map is a message with a key and a value (protobuf.dev, "Maps"). */
export const DEFINITION = {
  def: repeated(bytes(1)),
  metadata: repeated(message(2, { key: text(1), value: message(2, { description: textMap(2) }) })),
};

export const SOLVE_REQUEST = {
  ref: text(1),
  exporterDeprecated: text(3),
  exporterAttrsDeprecated: textMap(4),
  session: text(5),
  frontend: text(6),
  frontendAttrs: textMap(7),
  cache: message(8, { exports: repeated(message(4, CACHE_ENTRY)), imports: repeated(message(5, CACHE_ENTRY)) }),
  entitlements: repeated(text(9)),
  frontendInputs: repeated(message(10, { key: text(1), value: message(2, DEFINITION) })),
  /** Keeps the build out of the daemon's build history. */
  internal: bool(11),
  exporters: repeated(message(13, EXPORTER)),
  enableSessionExporter: bool(14),
};
export type SolveRequest = Encodable<typeof SOLVE_REQUEST>;

export const SOLVE_RESPONSE = { exporterResponse: textMap(1) };

export const STATUS_REQUEST = { ref: text(1) };

const PROGRESS_GROUP = { id: text(1), name: text(2), weak: bool(3) };
const VERTEX = {
  digest: text(1),
  inputs: repeated(text(2)),
  name: text(3),
  cached: bool(4),
  started: message(5, TIMESTAMP),
  completed: message(6, TIMESTAMP),
  error: text(7),
  progressGroup: message(8, PROGRESS_GROUP),
};
const VERTEX_STATUS = {
  id: text(1),
  vertex: text(2),
  name: text(3),
  current: int(4),
  total: int(5),
  timestamp: message(6, TIMESTAMP),
  started: message(7, TIMESTAMP),
  completed: message(8, TIMESTAMP),
};
const VERTEX_LOG = { vertex: text(1), timestamp: message(2, TIMESTAMP), stream: int(3), msg: bytes(4) };
const POSITION = { line: int(1), character: int(2) };
export const RANGE = { start: message(1, POSITION), end: message(2, POSITION) };
/** pb.SourceInfo, without the field `definition`. */
const SOURCE_INFO = { filename: text(1), data: bytes(2), language: text(4) };
const VERTEX_WARNING = {
  vertex: text(1),
  level: int(2),
  short: bytes(3),
  detail: repeated(bytes(4)),
  url: text(5),
  info: message(6, SOURCE_INFO),
  ranges: repeated(message(7, RANGE)),
};

export const STATUS_RESPONSE = {
  vertexes: repeated(message(1, VERTEX)),
  statuses: repeated(message(2, VERTEX_STATUS)),
  logs: repeated(message(3, VERTEX_LOG)),
  warnings: repeated(message(4, VERTEX_WARNING)),
};
export type StatusResponse = Decoded<typeof STATUS_RESPONSE>;

export const INFO_RESPONSE = {
  buildkitVersion: message(1, { package: text(1), version: text(2), revision: text(3), dockerfileVersion: text(4) }),
};

const PLATFORM = { architecture: text(1), os: text(2), variant: text(3) };
export const LIST_WORKERS_RESPONSE = {
  record: repeated(message(1, { id: text(1), labels: textMap(2), platforms: repeated(message(3, PLATFORM)) })),
};

export const DISK_USAGE_REQUEST = { filter: repeated(text(1)), ageLimit: long(2) };
const USAGE_RECORD = {
  id: text(1),
  mutable: bool(2),
  inUse: bool(3),
  size: int(4),
  createdAt: message(6, TIMESTAMP),
  lastUsedAt: message(7, TIMESTAMP),
  usageCount: int(8),
  description: text(9),
  recordType: text(10),
  shared: bool(11),
  parents: repeated(text(12)),
};
export type UsageRecord = Decoded<typeof USAGE_RECORD>;
export const DISK_USAGE_RESPONSE = { record: repeated(message(1, USAGE_RECORD)) };
/** The daemon answers with a stream of USAGE_RECORDs. */
export const PRUNE_REQUEST = {
  filter: repeated(text(1)),
  all: bool(2),
  /** Nanoseconds, like Go's time.Duration. */
  keepDuration: long(3),
  reservedSpace: int(4),
  maxUsedSpace: int(5),
  minFreeSpace: int(6),
};
export { USAGE_RECORD };

/** grpc.health.v1. The status 1 is SERVING. */
export const HEALTH_CHECK_RESPONSE = { status: int(1) };

/** fsutil's Stat: one entry of a tree. */
export const STAT = {
  path: byteString(1),
  mode: int(2),
  uid: int(3),
  gid: int(4),
  size: int(5),
  /** Nanoseconds since 1970. */
  modTime: long(6),
  linkname: byteString(7),
  devmajor: int(8),
  devminor: int(9),
};
/** fsutil's Packet. Values of `type`: 0 STAT, 1 REQ, 2 DATA, 3 FIN, 4 ERR. */
export const PACKET = { type: int(1), stat: message(2, STAT), id: int(3), data: bytes(4) };

export const CREDENTIALS_REQUEST = { host: text(1) };
export const CREDENTIALS_RESPONSE = { username: text(1), secret: text(2) };
export const FETCH_TOKEN_REQUEST = {
  clientId: text(1),
  host: text(2),
  realm: text(3),
  service: text(4),
  scopes: repeated(text(5)),
};
export type FetchTokenRequest = Decoded<typeof FETCH_TOKEN_REQUEST>;
/** `expiresIn` is a lifetime in seconds, `issuedAt` a time in seconds since 1970. */
export const FETCH_TOKEN_RESPONSE = { token: text(1), expiresIn: int(2), issuedAt: int(3) };
export const GET_TOKEN_AUTHORITY_REQUEST = { host: text(1), salt: bytes(2) };
export const GET_TOKEN_AUTHORITY_RESPONSE = { publicKey: bytes(1) };
export const VERIFY_TOKEN_AUTHORITY_REQUEST = { host: text(1), payload: bytes(2), salt: bytes(3) };
export const VERIFY_TOKEN_AUTHORITY_RESPONSE = { signed: bytes(1) };

export const GET_SECRET_REQUEST = { id: text(1) };
export const GET_SECRET_RESPONSE = { data: bytes(1) };

export const CHECK_AGENT_REQUEST = { id: text(1) };

/** The read half of containerd.services.content.v1. */
export const CONTENT_INFO_REQUEST = { digest: text(1) };
export const CONTENT_INFO_RESPONSE = {
  info: message(1, {
    digest: text(1),
    size: int(2),
    createdAt: message(3, TIMESTAMP),
    updatedAt: message(4, TIMESTAMP),
  }),
};
export const CONTENT_READ_REQUEST = { digest: text(1), offset: int(2), size: int(3) };
export const CONTENT_READ_RESPONSE = { offset: int(1), data: bytes(2) };

export const EMPTY = {};
