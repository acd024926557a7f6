/**
 * All limits for servers, programs, archives and repositories: how much they may send, and how long they may take.
 * docs/reference/limits.md is generated from this table.
 */
import { InvalidInput } from "../../errors.ts";

type Unit = "bytes" | "ms" | "count";

export interface Limit {
  /** Who sends it and what, as the start of a row of the documentation. */
  readonly what: string;
  readonly value: number;
  readonly unit: Unit;
  /** Whether the environment may set another value: `SLIPWAY_LIMIT_` and the limit's name. */
  readonly adjustable?: true;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;

export const LIMITS = {
  REGISTRY_ANSWER_BYTES: {
    what: "A registry: one manifest, one image configuration, one page of tags, one error",
    value: 16 * MIB,
    unit: "bytes",
    adjustable: true,
  },
  REGISTRY_TAG_PAGES: {
    what: "A registry: pages of a list of tags",
    value: 1000,
    unit: "count",
    adjustable: true,
  },
  REGISTRY_REDIRECTS: { what: "A registry: redirects of one request", value: 5, unit: "count" },
  TOKEN_ANSWER_BYTES: { what: "A registry's token service: one answer", value: MIB, unit: "bytes" },
  VAULT_ANSWER_BYTES: { what: "Vault: one answer", value: 8 * MIB, unit: "bytes", adjustable: true },
  VAULT_REQUEST_MS: { what: "Vault: one request", value: MINUTE_MS, unit: "ms", adjustable: true },
  ENGINE_ANSWER_BYTES: { what: "A container engine: one answer", value: 64 * MIB, unit: "bytes" },
  ENGINE_REGISTRY_MS: {
    what: "A container engine: asking the registry that it is to pull from. After that the image is sent to it",
    value: 10 * SECOND_MS,
    unit: "ms",
  },
  API_ANSWER_BYTES: {
    what: "The API server: one object or one list",
    value: 256 * MIB,
    unit: "bytes",
    adjustable: true,
  },
  NO_NODE_MS: {
    what: "A service that adds nodes: saying that it adds one of the architecture that a build needs",
    value: 15 * SECOND_MS,
    unit: "ms",
    adjustable: true,
  },
  LOG_LINE_BYTES: {
    what: "The API server: one line of a log or of a watch. The rest of a longer line is cut off",
    value: 16 * MIB,
    unit: "bytes",
  },
  DOWNLOAD_BYTES: {
    what: "The server of a context's or a Dockerfile's URL: the whole file, as it is sent",
    value: 16 * GIB,
    unit: "bytes",
    adjustable: true,
  },
  DOWNLOAD_MS: {
    what: "The server of a context's or a Dockerfile's URL: the whole transfer",
    value: 120 * MINUTE_MS,
    unit: "ms",
    adjustable: true,
  },
  DOWNLOAD_SILENCE_MS: {
    what: "The server of a context's or a Dockerfile's URL: the time without a byte",
    value: MINUTE_MS,
    unit: "ms",
    adjustable: true,
  },
  DOWNLOAD_REDIRECTS: {
    what: "The server of a context's or a Dockerfile's URL: redirects",
    value: 10,
    unit: "count",
  },
  SOURCE_BYTES: {
    what: "An archive or a repository as the context: bytes of all files, unpacked. The holes of sparse files count",
    value: 16 * GIB,
    unit: "bytes",
    adjustable: true,
  },
  SOURCE_ENTRIES: {
    what: "An archive or a repository as the context: files, links, directories and parts of sparse files",
    value: 1_000_000,
    unit: "count",
    adjustable: true,
  },
  SOURCE_RATIO: {
    what: "An archive or a repository as the context: times its size as it is sent, from 1 GiB on",
    value: 200,
    unit: "count",
    adjustable: true,
  },
  SOURCE_FILE_BYTES: {
    what: "An archive or a repository as the context: its Dockerfile or ignore file",
    value: 16 * MIB,
    unit: "bytes",
  },
  CLONE_MS: {
    what: "The server of a repository: the whole clone, with submodules",
    value: 60 * MINUTE_MS,
    unit: "ms",
    adjustable: true,
  },
  SUBMODULE_DEPTH: { what: "A repository: submodules in submodules", value: 32, unit: "count" },
  ARCHIVE_PATH_BYTES: {
    what: "An archive: the path of one entry, and the target of one link",
    value: 4 * KIB,
    unit: "bytes",
  },
  ARCHIVE_NAME_BYTES: { what: "An archive: one part of a path", value: 255, unit: "bytes" },
  PROJECT_FILE_BYTES: {
    what: "A project on this machine: its Dockerfile, or a file that bake, compose, Drone or slipway read",
    value: 16 * MIB,
    unit: "bytes",
    adjustable: true,
  },
  BAKE_STEPS: {
    what: "A bake or compose file: the steps that its evaluation takes, about a million each second",
    value: 2_000_000,
    unit: "count",
    adjustable: true,
  },
  HELPER_ANSWER_BYTES: {
    what: "A credential helper, on each of its two outputs",
    value: MIB,
    unit: "bytes",
  },
  HELPER_MS: {
    what: "A credential helper: one answer. A person may have to unlock a keyring or touch a key",
    value: 2 * MINUTE_MS,
    unit: "ms",
    adjustable: true,
  },
  PLUGIN_ANSWER_BYTES: { what: "A kubeconfig's credential plugin: its answer", value: MIB, unit: "bytes" },
  PROXY_ANSWER_BYTES: { what: "A proxy: the head of its answer to CONNECT", value: 64 * KIB, unit: "bytes" },
  DIAL_MS: {
    what: "Any server: the connection, with proxy and TLS",
    value: 15 * SECOND_MS,
    unit: "ms",
    adjustable: true,
  },
} as const satisfies Readonly<Record<string, Limit>>;

export type LimitName = keyof typeof LIMITS;

/** `SLIPWAY_LIMIT_DOWNLOAD_BYTES`. */
export function variableOfLimit(name: LimitName): string {
  return `SLIPWAY_LIMIT_${name}`;
}

/**
 * The limit in its unit: the environment's value where the limit is adjustable, else the table's.
 * @throws InvalidInput for a value that is not a number with one of the limit's units
 */
export function limitOf(name: LimitName, env: Readonly<Record<string, string | undefined>> = process.env): number {
  const { value, unit, adjustable }: Limit = LIMITS[name];
  const text = adjustable === true ? (env[variableOfLimit(name)] ?? "") : "";
  if (text === "") return value;
  const [, digits = "", suffix = ""] = /^(\d{1,15})([a-z]*)$/i.exec(text) ?? [];
  const factor = FACTORS[unit][suffix.toLowerCase()];
  const number = Number(digits) * (factor ?? 0);
  if (digits !== "" && factor !== undefined && number > 0 && Number.isSafeInteger(number)) return number;
  throw new InvalidInput(`${variableOfLimit(name)} is "${text}", which is not a limit`, {
    suggestions: [`Write a number, for example: ${variableOfLimit(name)}=${EXAMPLES[unit]}`],
  });
}

/** The unit without a suffix is the limit's own, but for times: they are in seconds, as flags are. */
const FACTORS: Readonly<Record<Unit, Readonly<Record<string, number>>>> = {
  bytes: { "": 1, b: 1, k: KIB, m: MIB, g: GIB },
  ms: { "": SECOND_MS, ms: 1, s: SECOND_MS, m: MINUTE_MS, h: 60 * MINUTE_MS },
  count: { "": 1 },
};

const EXAMPLES: Readonly<Record<Unit, string>> = { bytes: "32g", ms: "10m", count: "5000" };
