/**
 * Runs a kubeconfig's credential plugin, as client-go does (plugin/pkg/client/auth/exec): what it prints to standard error is seen at once, as
 * it may be the code of a login that a person has to enter somewhere, and its answer is checked.
 */
import type { ChildProcess, StdioOptions } from "node:child_process";
import { isatty } from "node:tty";
import { LIMITS } from "../limits/limits.ts";
import { formatBytes } from "../text/measures.ts";
import { startProgram } from "../files/find-program.ts";
import { waitFor } from "../waits/waits.ts";
import type { ExecPlugin } from "./target.ts";

/** `status` of the plugin's answer (client.authentication.k8s.io/v1, ExecCredentialStatus). */
export interface PluginCredential {
  readonly status: {
    readonly expirationTimestamp?: string;
    readonly token?: string;
    readonly clientCertificateData?: string;
    readonly clientKeyData?: string;
  };
}

/** A plugin failed, or its answer cannot be used. The message is the rest of a sentence that begins with the plugin: `failed: expired`. */
export class PluginFailed extends Error {}

const MAX_ANSWER_BYTES = LIMITS.PLUGIN_ANSWER_BYTES.value;

/** The end of standard error that an error quotes: the reason usually comes last. */
const MAX_REASON_BYTES = 4096;

/** @throws ProgramNotFound, PluginFailed, or Node's error for a program that cannot be started */
export async function runPlugin(plugin: ExecPlugin): Promise<PluginCredential> {
  const interactive = isInteractive(plugin);
  if (plugin.interactiveMode === "Always" && !interactive) {
    throw new PluginFailed("needs a terminal on standard input, and there is none");
  }
  // A plugin that sees a terminal may ask there. Else its lines are passed on, and the last ones are kept for the error.
  const shown = isatty(2);
  const stdio: StdioOptions = [interactive ? "inherit" : "ignore", "pipe", shown ? "inherit" : "pipe"];
  const env = { ...process.env, ...Object.fromEntries((plugin.env ?? []).map(({ name, value }) => [name, value])) };
  const child = startProgram(plugin.command, plugin.args ?? [], { env, stdio });
  const name = plugin.command.split(/[/\\]/).at(-1) ?? "";
  return parseCredential(await waitFor(name, () => answerOf(child), { asks: interactive || shown }));
}

/** Whether a plugin may ask the user. */
export function isInteractive({ interactiveMode }: ExecPlugin): boolean {
  return interactiveMode !== "Never" && isatty(0);
}

function answerOf(child: ChildProcess): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  let reason = Buffer.alloc(0);
  child.stdout?.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
    else child.kill("SIGKILL");
  });
  child.stderr?.on("data", (chunk: Buffer) => {
    // oxlint-disable-next-line slipway-source/one-exit -- a program of the user's own, which kubectl connects to the terminal as well
    process.stderr.write(chunk);
    reason = Buffer.concat([reason, chunk]).subarray(-MAX_REASON_BYTES);
  });
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code, signal) => {
      if (bytes > MAX_ANSWER_BYTES) reject(new PluginFailed(`printed more than ${formatBytes(MAX_ANSWER_BYTES)}`));
      else if (code === 0) resolve(Buffer.concat(chunks).toString("utf8"));
      else {
        const ended = code === null ? `was killed by ${signal}` : `exit code ${code}`;
        reject(new PluginFailed(`failed: ${reason.toString("utf8").trim() || ended}`));
      }
    });
  });
}

/** Nothing of the answer is quoted in an error: it may hold a token. @throws PluginFailed */
export function parseCredential(text: string): PluginCredential {
  const broken = (why: string): PluginFailed => new PluginFailed(`gave no usable answer: ${why}`);
  if (text.trim() === "") throw broken("it printed nothing");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw broken("it is not JSON");
  }
  if (!isObject(value)) throw broken("it is not an ExecCredential");
  const { kind, status } = value;
  if (kind !== undefined && kind !== "ExecCredential") throw broken("it is not an ExecCredential");
  if (!isObject(status)) throw broken("it has no status");
  const { token, clientCertificateData, clientKeyData, expirationTimestamp } = status;
  for (const [name, field] of Object.entries({ token, clientCertificateData, clientKeyData, expirationTimestamp })) {
    if (field !== undefined && field !== null && typeof field !== "string") throw broken(`its ${name} is not text`);
  }
  if (Boolean(clientCertificateData) !== Boolean(clientKeyData)) {
    throw broken("it has a certificate without a key, or a key without a certificate");
  }
  if (!token && !clientCertificateData) throw broken("it has neither a token nor a certificate");
  // A header can carry no other characters (RFC 9110, 5.5).
  if (typeof token === "string" && !/^[\u0020-\u007E]*$/.test(token.trim())) {
    throw broken("its token has characters that no header can carry");
  }
  return value as unknown as PluginCredential;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
