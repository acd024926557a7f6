/**
 * Records how docker reads each archive of archive-cases.ts: with the classic builder of an engine (DOCKER_HOST; Debian's docker.io
 * 20.10 works), and with BuildKit in the buildx builder of BUILDX_BUILDER. Both copy the whole context into an image from scratch.
 */
import { execFileSync, spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { ARCHIVE_CASES, archiveCase } from "./archive-cases.ts";
import { listArchive } from "./list-archive.ts";

const DIRECTORY = "ctx/";
const DOCKERFILE = `FROM scratch\nCOPY . /${DIRECTORY}\nCMD ["/none"]\n`;
const MAX_OUTPUT_BYTES = 1024 ** 3;

interface Answer {
  readonly files?: readonly string[];
  /** Docker's message. */
  readonly refused?: string;
}

const docker = (args: readonly string[], input?: Buffer, env: NodeJS.ProcessEnv = {}) =>
  spawnSync("docker", args, { input, maxBuffer: MAX_OUTPUT_BYTES, env: { ...process.env, ...env } });

function withClassic(archive: Buffer): Answer {
  const built = docker(["build", "-q", "-"], archive, { DOCKER_BUILDKIT: "0" });
  if (built.status !== 0) return { refused: lastLine(built.stderr) };
  const container = docker(["create", String(built.stdout).trim()])
    .stdout.toString()
    .trim();
  const files = listArchive(docker(["export", container]).stdout, DIRECTORY);
  docker(["rm", container]);
  return { files };
}

function withBuildKit(archive: Buffer): Answer {
  const built = docker(["buildx", "build", "-o", "type=tar", "-"], archive);
  return built.status === 0 ? { files: listArchive(built.stdout, DIRECTORY) } : { refused: lastLine(built.stderr) };
}

function lastLine(stderr: Buffer): string {
  const lines = stderr.toString().trim().split("\n");
  return (lines.findLast((line) => /error/i.test(line)) ?? "").replace(/^.*(?:exit status 1\)|read dockerfile): /, "");
}

const versions = {
  docker: execFileSync("docker", ["version", "--format", "{{.Server.Version}}"], { encoding: "utf8" }).trim(),
  buildkit: /^BuildKit version:\s*v?(\S+)/m.exec(String(docker(["buildx", "inspect"]).stdout))?.[1],
};
const cases = Object.fromEntries(
  Object.keys(ARCHIVE_CASES).map((name) => {
    const archive = archiveCase(name, DOCKERFILE);
    return [name, { classic: withClassic(archive), buildkit: withBuildKit(archive) }];
  }),
);
writeFileSync(
  new URL("recorded/archives.json", import.meta.url),
  `${JSON.stringify({ of: versions, cases }, null, 2)}\n`,
);
