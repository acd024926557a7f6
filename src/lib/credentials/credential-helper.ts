/**
 * A docker credential helper: a program `docker-credential-NAME` that takes a command as its argument and data on standard input, and
 * answers on standard output (github.com/docker/docker-credential-helpers, README "Development").
 */
import type { ChildProcessByStdio } from "node:child_process";
import type { Readable, Writable } from "node:stream";
import { LIMITS, limitOf } from "../limits/limits.ts";
import { formatBytes } from "../text/measures.ts";
import { waitFor } from "../waits/waits.ts";
import { ProgramNotFound, startProgram } from "../files/find-program.ts";
import { type Credential, DOCKER_HUB_KEY, registryOf } from "./credentials.ts";

/** Output of a helper without an entry, with exit code 1 (credentials.errCredentialsNotFoundMessage). */
const NOT_FOUND = /credentials not found in native keychain/i;
/** User name that marks the secret as an identity token (docker/cli, cli/config/credentials: tokenUsername). */
const TOKEN_USER = "<token>";
const MAX_ANSWER_BYTES = LIMITS.HELPER_ANSWER_BYTES.value;

/** A helper cannot be run, or failed. The message is a clause: `docker-credential-x is not on the PATH`. */
export class HelperError extends Error {}

export class CredentialHelper {
  readonly program: string;

  /** @throws HelperError for a name that cannot be part of a file name */
  constructor(name: string) {
    if (!/^[\w.-]+$/.test(name)) throw new HelperError(`"${name}" is not a name of a credential helper`);
    this.program = `docker-credential-${name}`;
  }

  /** Undefined if the helper has no entry. @throws HelperError */
  async get(registry: string): Promise<Credential | undefined> {
    const { code, stdout, stderr } = await this.#run("get", serverOf(registry));
    if (code !== 0) {
      if (NOT_FOUND.test(stdout)) return undefined;
      throw this.#failure("get", stdout, stderr);
    }
    return credentialIn(stdout, this.program);
  }

  /** @throws HelperError */
  async store(registry: string, { username, password, identityToken }: Credential): Promise<void> {
    const entry = {
      ServerURL: serverOf(registry),
      Username: identityToken === undefined ? username : TOKEN_USER,
      Secret: identityToken ?? password,
    };
    const { code, stdout, stderr } = await this.#run("store", JSON.stringify(entry));
    if (code !== 0) throw this.#failure("store", stdout, stderr);
  }

  /** Whether there was an entry. @throws HelperError */
  async erase(registry: string): Promise<boolean> {
    const { code, stdout, stderr } = await this.#run("erase", serverOf(registry));
    if (code === 0) return true;
    if (NOT_FOUND.test(stdout)) return false;
    throw this.#failure("erase", stdout, stderr);
  }

  /** User names by the server's address as it was stored. @throws HelperError */
  async list(): Promise<ReadonlyMap<string, string>> {
    const { code, stdout, stderr } = await this.#run("list", "");
    if (code !== 0) throw this.#failure("list", stdout, stderr);
    return new Map(Object.entries(parseAnswer(stdout, this.program)).map(([server, user]) => [server, String(user)]));
  }

  #failure(verb: string, stdout: string, stderr: string): HelperError {
    // A helper's error is plain text on standard output; what looks like an answer may hold a secret.
    const reported = [stdout, stderr].map(firstLine).find((line) => line !== "" && !line.startsWith("{"));
    return new HelperError(`${this.program} ${verb} failed${reported === undefined ? "" : `: ${reported}`}`);
  }

  /** A helper may ask for a passphrase on the terminal. */
  #run(verb: string, input: string): Promise<{ code: number; stdout: string; stderr: string }> {
    return waitFor(this.program, () => this.#runOnce(verb, input), { asks: true });
  }

  #runOnce(verb: string, input: string): Promise<{ code: number; stdout: string; stderr: string }> {
    return new Promise((resolve, reject) => {
      const limitMs = limitOf("HELPER_MS");
      const child = this.#start(verb, limitMs);
      let tooMuch = false;
      const stop = (): void => {
        tooMuch = true;
        child.kill("SIGKILL");
      };
      const stdout = collect(child.stdout, stop);
      const stderr = collect(child.stderr, stop);
      // A helper that does not read its input reports the reason in its output.
      child.stdin.on("error", () => {});
      child.stdin.end(`${input}\n`);
      child.on("error", (error: NodeJS.ErrnoException) =>
        reject(new HelperError(`${this.program} cannot be run: ${error.code ?? error.message}`)),
      );
      child.on("close", (code, signal) => {
        if (tooMuch) reject(new HelperError(`${this.program} printed more than ${formatBytes(MAX_ANSWER_BYTES)}`));
        else if (code !== null) resolve({ code, stdout: stdout(), stderr: stderr() });
        else if (child.killed) reject(new HelperError(`${this.program} did not answer in ${limitMs / 1000} seconds`));
        else reject(new HelperError(`${this.program} was killed by ${signal}`));
      });
    });
  }

  #start(verb: string, timeout: number): ChildProcessByStdio<Writable, Readable, Readable> {
    try {
      return startProgram(this.program, [verb], { stdio: ["pipe", "pipe", "pipe"], timeout });
    } catch (error) {
      if (error instanceof ProgramNotFound) throw new HelperError(error.message);
      throw error;
    }
  }
}

/** The credential in a helper's answer to `get`; undefined for an empty one. @throws HelperError that quotes nothing of it */
export function credentialIn(stdout: string, program: string): Credential | undefined {
  const { Username: username, Secret: secret } = parseAnswer(stdout, program);
  if (typeof username !== "string" || typeof secret !== "string" || secret === "") return undefined;
  return username === TOKEN_USER ? { identityToken: secret } : { username, password: secret };
}

function parseAnswer(stdout: string, program: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(stdout);
    if (typeof value === "object" && value !== null) return value as Record<string, unknown>;
  } catch {
    // Not quoted: it may hold a secret.
  }
  throw new HelperError(`${program} answered something that is not JSON`);
}

/** How docker names a registry to a helper: Docker Hub by its old address, all others by host and port. */
function serverOf(registry: string): string {
  const host = registryOf(registry);
  return host === "docker.io" ? DOCKER_HUB_KEY : host;
}

function firstLine(text: string): string {
  // oxlint-disable-next-line no-control-regex -- the output of a helper must not move the terminal's cursor
  return (text.trim().split("\n", 1)[0] ?? "").replaceAll(/[\u0000-\u001F\u007F]/g, "");
}

/** Collects an output, and calls `stop` once if it is too long. Returns a function for the text so far. */
function collect(output: Readable, stop: () => void): () => string {
  const chunks: Buffer[] = [];
  let bytes = 0;
  output.on("data", (chunk: Buffer) => {
    bytes += chunk.length;
    if (bytes <= MAX_ANSWER_BYTES) chunks.push(chunk);
    else if (bytes - chunk.length <= MAX_ANSWER_BYTES) stop();
  });
  return () => Buffer.concat(chunks).toString("utf8");
}
