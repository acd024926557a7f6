/** What a program connects to, as the kernel is asked for it: strace shows the calls of the program and of all that it starts. */
import { spawn } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { text } from "node:stream/consumers";

/** The calls that open a connection or send to an address. A question to a name server is one of them: it goes to that server's port 53. */
const CALLS = "connect,sendto,sendmsg,sendmmsg";

/** As strace writes addresses (strace 6.1). */
const IPV4 = /sin_port=htons\((\d+)\), sin_addr=inet_addr\("([^"]+)"\)/g;
const IPV6 = /sin6_port=htons\((\d+)\),[^}]*inet_pton\(AF_INET6, "([^"]+)"/g;
const LOCAL = /sun_path=@?"([^"]+)"/g;

/** glibc asks it who a user is, before it reads /etc/passwd. What it looks up of hosts, the program would connect to. */
const USER_DATABASE = "/var/run/nscd/socket";

export interface Traced {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Addresses in a network, each once, sorted: `10.0.0.1:443`, `[::1]:53`. */
  readonly connections: readonly string[];
  /** Paths of sockets on this machine, each once, sorted. */
  readonly sockets: readonly string[];
}

export interface TraceOptions {
  readonly cwd?: string;
  /** The whole environment. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Runs a program to its end, with nothing to read. @throws Error if strace is not there or cannot trace it */
export async function traced(program: string, args: readonly string[], { cwd, env }: TraceOptions): Promise<Traced> {
  const directory = await mkdtemp(join(tmpdir(), "slipway-trace-"));
  try {
    const trace = join(directory, "trace");
    const options = ["--follow-forks", "--seccomp-bpf", "--signal=none", `--trace=${CALLS}`, `--output=${trace}`];
    const child = spawn("strace", [...options, program, ...args], { cwd, env, stdio: ["ignore", "pipe", "pipe"] });
    const ended = new Promise<number | null>((resolve, reject) => {
      child.once("error", reject).once("close", resolve);
    });
    const [code, stdout, stderr] = await Promise.all([ended, text(child.stdout), text(child.stderr)]);
    const seen = await readFile(trace, "utf8");
    // What it writes when the program and all that it started have ended.
    if (!/\+\+\+ (?:exited|killed) /.test(seen)) throw new Error(`strace did not follow ${program}: ${stderr}`);
    return { code, stdout, stderr, connections: addressesIn(seen), sockets: socketsIn(seen) };
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function addressesIn(trace: string): readonly string[] {
  return sorted([
    ...[...trace.matchAll(IPV4)].map(([, port, address]) => `${address}:${port}`),
    ...[...trace.matchAll(IPV6)].map(([, port, address]) => `[${address}]:${port}`),
  ]);
}

function socketsIn(trace: string): readonly string[] {
  return sorted([...trace.matchAll(LOCAL)].map(([, path = ""]) => path).filter((path) => path !== USER_DATABASE));
}

function sorted(found: readonly string[]): readonly string[] {
  return [...new Set(found)].toSorted();
}
