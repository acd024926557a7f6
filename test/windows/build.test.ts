/** The client on Windows builds real images on the test cluster. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, it } from "vitest";
import { project } from "../e2e/support/project.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { onDrive, slipway } from "./support/wine.ts";

const namespace = useNamespace();
const REGISTRY = process.env["REGISTRY"] ?? "";
const DEEP = Array.from({ length: 5 }, () => "d".repeat(60)).join("/");

/** A Windows user's home directory with kubectl's and docker's files, and variables that name it. */
async function home(files: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> {
  const kubeconfig = await readFile(namespace.kubeconfig);
  const directory = await project({ ".kube/config": kubeconfig, ...files });
  return {
    USERPROFILE: onDrive(directory),
    HOMEDRIVE: "",
    HOMEPATH: "",
    APPDATA: onDrive(join(directory, "AppData/Roaming")),
    LOCALAPPDATA: onDrive(join(directory, "AppData/Local")),
    SLIPWAY_KANIKO_IMAGE: process.env["SLIPWAY_KANIKO_IMAGE"] ?? "",
    SLIPWAY_BUILDKIT_IMAGE: process.env["SLIPWAY_BUILDKIT_IMAGE"] ?? "",
    SLIPWAY_HELPER_IMAGE: process.env["SLIPWAY_HELPER_IMAGE"] ?? "",
  };
}

it("a Windows project with backslashes, line ends, a read-only file and long paths is the image that docker builds", async () => {
  const directory = await project({
    "docker/Dockerfile.win": `FROM ${REGISTRY}/busybox:1.35\r\nCOPY . /x\r\nRUN /x/src/tool.sh > /ran\r\n`,
    ".dockerignore": "out\\*\r\n!out\\keep.txt\r\nsrc\\skip.txt\r\n",
    "src/tool.sh": "#!/bin/sh\necho tool ran\n",
    "src/crlf.txt": "a\r\nb\r\n",
    "src/skip.txt": "s",
    "src/read-only.txt": { content: "r", mode: 0o444 },
    "src/ünïcödé.txt": "u",
    "sp ace/a.txt": "a",
    "out/o.txt": "o",
    "out/keep.txt": "k",
    [`${DEEP}/é.txt`]: "deep",
  });
  const image = `${REGISTRY}/windows/kinds-${namespace.name}:1`;
  const args = ["build", "-n", namespace.name, "-f", "docker\\Dockerfile.win", "-t", image, onDrive(directory)];
  const run = await slipway(args, { cwd: onDrive(directory), env: await home() });
  expect([run.code, run.output]).toEqual([0, expect.anything()]);
  const { files } = await readImage(image);
  const modes = Object.fromEntries(
    [...files].filter(([path]) => path.startsWith("x/")).map(([path, { mode }]) => [path, (mode & 0o777).toString(8)]),
  );
  expect(modes).toMatchObject({
    "x/src/tool.sh": "755",
    "x/src/crlf.txt": "755",
    "x/src/read-only.txt": "555",
    "x/src/ünïcödé.txt": "755",
    "x/sp ace/a.txt": "755",
    "x/out/keep.txt": "755",
    [`x/${DEEP}/é.txt`]: "755",
  });
  expect(Object.keys(modes)).not.toEqual(expect.arrayContaining(["x/src/skip.txt"]));
  expect(Object.keys(modes)).not.toEqual(expect.arrayContaining(["x/out/o.txt"]));
  expect(files.get("x/src/crlf.txt")?.text).toBe("a\r\nb\r\n");
  expect(files.get("ran")?.text).toBe("tool ran\n");
});

it("a share of the network is a context, with a Dockerfile on another drive", async () => {
  const directory = await project({ "src/a.txt": "a", ".dockerignore": "src\\b\n", "src/b": "b" });
  const dockerfile = await project({ Dockerfile: "FROM scratch\nCOPY src /src\n" });
  const share = `\\\\slipway\\root${directory.replaceAll("/", "\\")}`;
  const run = await slipway(["context", share, "-f", join(onDrive(dockerfile), "Dockerfile").replaceAll("/", "\\")]);
  expect([run.code, run.output]).toEqual([0, expect.anything()]);
  expect(run.stdout).toContain(share);
  expect(run.stdout).toContain("src/");
  expect(run.stdout).toMatch(/sent +3 entries, 7 B/);
});

it("docker's own credential helper of Windows takes a login, and a build pushes with one from a batch file", async () => {
  const registry = process.env["REGISTRY_AUTH"] ?? "";
  const user = process.env["REGISTRY_AUTH_USER"] ?? "";
  const password = process.env["REGISTRY_AUTH_PASSWORD"] ?? "";
  const own = await home({ ".docker/config.json": JSON.stringify({ credsStore: "wincred" }) });
  const login = await slipway(["login", "-u", user, "--password-stdin", registry], { env: own, stdin: password });
  expect([login.code, login.stderr]).toEqual([0, "stored in docker-credential-wincred\n"]);
  // Wine keeps no attributes of an entry, without which wincred does not find it again.
  const helpers = await project({
    "docker-credential-batch.cmd": `@echo off\r\necho {"Username":"${user}","Secret":"${password}"}\r\n`,
  });
  const config = JSON.stringify({ credHelpers: { [registry]: "batch" } });
  const env = { ...(await home({ ".docker/config.json": config })), PATH: onDrive(helpers) };
  const directory = await project({ Dockerfile: "FROM scratch\nCOPY a /a\n", a: "a" });
  const image = `${registry}/windows/login-${namespace.name}:1`;
  const run = await slipway(["build", "-n", namespace.name, "-t", image, "."], { cwd: onDrive(directory), env });
  expect([run.code, run.output]).toEqual([0, expect.anything()]);
  const { files } = await readImage(image, { login: `${user}:${password}` });
  expect(files.get("a")?.text).toBe("a");
});

it("BuildKit is reached through a named pipe, and its result is written to a directory of Windows", async () => {
  const directory = await project({ Dockerfile: "FROM scratch\nCOPY a /dir/a\n", a: "a\r\n" });
  const args = ["build", "--builder", "buildkit", "-n", namespace.name, "-o", "result\\files", "."];
  const run = await slipway(args, { cwd: onDrive(directory), env: await home() });
  expect([run.code, run.output]).toEqual([0, expect.anything()]);
  expect(await readFile(join(directory, "result/files/dir/a"), "utf8")).toBe("a\r\n");
});
