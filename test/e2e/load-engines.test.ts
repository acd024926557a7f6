/** `--load` into other engines than the local Docker's: Podman, and Docker behind TLS and behind ssh. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUSYBOX, build, mustBuild } from "./support/build.ts";
import { testBuilder } from "./support/builders.ts";
import type { BuilderName } from "./support/builders.ts";
import { useDocker, usePodman } from "./support/engine.ts";
import { freePort } from "./support/free-port.ts";
import { useSshServer } from "./support/ssh-server.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";

const namespace = useNamespace({ rbac: ["--keep"] });

describe("Podman", () => {
  const engine = usePodman();
  const LOADING: readonly (readonly [title: string, builder: BuilderName, flags: readonly string[]])[] = [
    ["kaniko", "kaniko", []],
    ["buildkit", "buildkit", []],
    ["buildah", "buildah", []],
    ["img", "img", []],
    ["a kept builder", "buildkit", ["--keep=5m"]],
  ];

  test.each(LOADING)(
    "gets an image from %s under every name, with the ID that is reported",
    { tags: ["long"] },
    async (_, name, flags) => {
      const { base, flags: own } = testBuilder(name);
      const root = await project({ Dockerfile: `FROM ${base}\nRUN echo made > /made\nCMD ["cat", "/made"]\n` });
      const names = [`of-${name}${flags.length}`, `other-of-${name}${flags.length}:v2`];
      const tags = names.flatMap((tag) => ["-t", tag]);
      const { stdout, stderr } = await mustBuild(namespace, [...own, ...flags, "--load", "-q", ...tags, "."], {
        cwd: root,
        env: { DOCKER_HOST: engine.host },
      });
      expect(stderr).toBe("");
      for (const tag of names)
        expect(await engine.docker("image", "inspect", "--format={{.Id}}", tag)).toBe(stdout.trim());
      expect(await engine.docker("run", "--rm", "--network=host", names[0] ?? "")).toBe("made");
    },
  );
});

describe("Docker behind TLS", () => {
  const tls = { directory: "", port: 0 };
  const engine = useDocker(async (directory) => {
    tls.directory = directory;
    tls.port = await freePort();
    makeCertificates(directory);
    return [
      `--host=tcp://127.0.0.1:${tls.port}`,
      "--tlsverify",
      ...["ca", "cert", "key"].map(
        (name) => `--tls${name === "ca" ? "cacert" : name}=${join(directory, `${name}.pem`)}`,
      ),
    ];
  });
  const address = (): string => `tcp://127.0.0.1:${tls.port}`;
  const files = { Dockerfile: `FROM ${BUSYBOX}\nLABEL a=b\n` };

  test("gets an image with the certificates of DOCKER_CERT_PATH", async () => {
    const env = { DOCKER_HOST: address(), DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: tls.directory };
    await mustBuild(namespace, ["--keep=5m", "--load", "-t", "by-variables", "."], { cwd: await project(files), env });
    expect(await engine.docker("image", "inspect", "--format={{.Config.Labels.a}}", "by-variables")).toBe("b");
  });

  test("gets an image through a context that docker has made", { tags: ["long"] }, async () => {
    const root = await project(files);
    const config = join(root, "docker");
    const [ca, cert, key] = ["ca", "cert", "key"].map((name) => `${name}=${join(tls.directory, `${name}.pem`)}`);
    await engine.docker(
      "--config",
      config,
      "context",
      "create",
      "lab",
      "--docker",
      `host=${address()},${ca},${cert},${key}`,
    );
    const env = { DOCKER_HOST: "", DOCKER_CONFIG: config, DOCKER_CONTEXT: "lab" };
    await mustBuild(namespace, ["--keep=5m", "--load", "-t", "by-context", "."], { cwd: root, env });
    expect(await engine.docker("image", "inspect", "--format={{.Config.Labels.a}}", "by-context")).toBe("b");
  });

  test.each([
    ["without TLS", {}, "If it expects TLS: export DOCKER_TLS_VERIFY=1"],
    [
      "with certificates that do not exist",
      { DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: "/nowhere" },
      "its certificate is not signed by a CA",
    ],
  ])("%s it is refused in one sentence, before anything is created", async (_, env, reason) => {
    const done = await build(namespace, ["--load", "-t", "refused", "."], {
      cwd: await project(files),
      env: { DOCKER_HOST: address(), ...env },
    });
    expect(done.code).toBe(1);
    expect(done.stderr).toContain(`ERROR: --load cannot use the container engine at ${address()} (DOCKER_HOST): `);
    expect(done.stderr).toContain(reason);
    expect(done.stderr).not.toContain("create");
  });
});

describe("Docker behind ssh", () => {
  const engine = useDocker();
  const server = useSshServer(() => ({ DOCKER_HOST: engine.host }));
  const files = { Dockerfile: `FROM ${BUSYBOX}\nLABEL a=b\n` };

  test.each([
    ["the engine that docker finds there", () => ""],
    ["the engine at a path there", () => engine.socket],
  ])("%s gets an image through ssh://", { tags: ["long"] }, async (what, path) => {
    const tag = `by-ssh-${what.replaceAll(" ", "-")}`;
    await mustBuild(namespace, ["--keep=5m", "--load", "-t", tag, "."], {
      cwd: await project(files),
      env: { PATH: server.path, DOCKER_HOST: `ssh://root@127.0.0.1:${server.port}${path()}` },
    });
    expect(await engine.docker("image", "inspect", "--format={{.Config.Labels.a}}", tag)).toBe("b");
  });

  test.each([
    ["a port without a server", () => `ssh://root@127.0.0.1:${server.closedPort}`, "Connection refused"],
    ["a user without a key there", () => `ssh://nobody@127.0.0.1:${server.port}`, "Permission denied"],
    ["a path without an engine there", () => `ssh://root@127.0.0.1:${server.port}/nowhere.sock`, "/nowhere.sock"],
  ])(
    "%s is refused in one sentence with ssh's or docker's reason, before anything is created",
    async (_, host, reason) => {
      const done = await build(namespace, ["--load", "-t", "refused", "."], {
        cwd: await project(files),
        env: { PATH: server.path, DOCKER_HOST: host() },
      });
      expect(done.code).toBe(1);
      expect(done.stderr).toContain(`ERROR: --load cannot use the container engine at ${host()} (DOCKER_HOST): `);
      expect(done.stderr).toContain(reason);
      expect(done.stderr).not.toContain("create");
    },
  );
});

/** A CA, and one certificate that serves the engine and its client. */
function makeCertificates(directory: string): void {
  const openssl = (...args: readonly string[]): void => {
    const key = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"];
    execFileSync("openssl", [...key, ...args], { cwd: directory, stdio: "ignore" });
  };
  const extensions = [
    "basicConstraints=critical,CA:false",
    "extendedKeyUsage=clientAuth,serverAuth",
    "subjectAltName=IP:127.0.0.1",
  ].flatMap((text) => ["-addext", text]);
  openssl("-subj", "/CN=engine-ca", "-keyout", "ca.key", "-out", "ca.pem");
  openssl(
    "-subj",
    "/CN=engine",
    "-CA",
    "ca.pem",
    "-CAkey",
    "ca.key",
    ...extensions,
    "-keyout",
    "key.pem",
    "-out",
    "cert.pem",
  );
}
