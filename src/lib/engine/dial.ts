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

/** Of what ssh reports, so much is kept from its end. */
const MAX_REPORT_CHARACTERS = 4096;

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
  const duplex = new Duplex({
    read: () => void child.stdout.resume(),
    write: (chunk: Buffer, _encoding, done) => {
      if (child.stdin.writable) child.stdin.write(chunk, () => done());
      else done();
    },
    final: (done) => void child.stdin.end(() => done()),
    destroy: (error, done) => {
      child.kill();
      done(error);
    },
  });
  child.stdout.on("data", (chunk: Buffer) => {
    if (!duplex.push(chunk)) child.stdout.pause();
  });
  // ssh has a better reason than a broken pipe, and gives it when it ends.
  child.stdin.on("error", () => {});
  let reported = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    reported = (reported + text).slice(-MAX_REPORT_CHARACTERS);
  });
  child.on("error", (error) => duplex.destroy(error));
  child.on("close", (code) => {
    if (code === 0) duplex.push(null);
    else duplex.destroy(new Error(reported.trim().split("\n").at(-1) || `ssh ended with exit code ${code}`));
  });
  return duplex;
}
