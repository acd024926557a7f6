/** Opens a connection to an engine. */
import { connect, isIP } from "node:net";
import { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import { startProgram } from "../files/find-program.ts";
import type { EngineAddress } from "./find-engine.ts";

/** @throws ProgramNotFound if ssh is needed and is not on the PATH */
export function dialEngine(address: EngineAddress): Duplex {
  if (address.kind === "socket") return connect(address.path);
  if (address.kind === "ssh") return dialOverSsh(address);
  const { host, port, tls } = address;
  if (tls === undefined) return connect(port, host);
  const { verify, ...files } = tls;
  // An address is not a name, and TLS takes only names here.
  const servername = isIP(host) === 0 ? { servername: host } : {};
  return connectTls({ host, port, ...files, ...servername, rejectUnauthorized: verify });
}

const SSH_CONNECT_TIMEOUT_SECONDS = 30;

/** The same command as docker's (docker/cli cli/connhelper): the other machine needs docker's client. */
export function sshArguments({ host, user, port, path }: Extract<EngineAddress, { kind: "ssh" }>): readonly string[] {
  return [
    ...(user === undefined ? [] : ["-l", user]),
    ...(port === undefined ? [] : ["-p", port]),
    "-o",
    `ConnectTimeout=${SSH_CONNECT_TIMEOUT_SECONDS}`,
    "-T",
    "--",
    host,
    "docker",
    ...(path === undefined ? [] : ["--host", `unix://${path}`]),
    "system",
    "dial-stdio",
  ];
}

function dialOverSsh(address: Extract<EngineAddress, { kind: "ssh" }>): Duplex {
  const child = startProgram("ssh", sshArguments(address), { stdio: ["pipe", "pipe", "pipe"] });
  const duplex = Duplex.from({ readable: child.stdout, writable: child.stdin });
  let reported = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (reported += text));
  child.on("error", (error) => duplex.destroy(error));
  child.on("close", (code) => {
    if (code !== 0) duplex.destroy(new Error(reported.trim().split("\n").at(-1) || `ssh ended with exit code ${code}`));
  });
  duplex.on("close", () => child.kill());
  return duplex;
}
