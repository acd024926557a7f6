/** `--sign` with the real cosign and a new key: cosign verifies images that were signed, and rejects images that were not. */
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { readImage } from "../e2e/support/registry.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { imageName } from "./look-alike.ts";
import { useCosign } from "./signer.ts";

const namespace = useNamespace();
const DOCKERFILE = `FROM ${BUSYBOX}\nRUN date +%s%N > /built\n`;

const makeSigner = useCosign();

/** A proxy that refuses every connection and records its destination, so that no test writes to a public log. */
async function closedProxy(): Promise<{ readonly env: Readonly<Record<string, string>>; readonly asked: Set<string> }> {
  const asked = new Set<string>();
  const server = createServer();
  server.on("connect", (request, socket) => {
    asked.add(request.url ?? "");
    socket.end("HTTP/1.1 403 Forbidden\r\n\r\n");
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  return { env: { HTTPS_PROXY: `http://127.0.0.1:${port}`, NO_PROXY: REGISTRY.replace(/:\d+$/, "") }, asked };
}

test("--sign-log none: cosign verifies the image by its public key, no log was asked, and an image built without --sign has no signature", async () => {
  const { root, key, env, verify } = await makeSigner({ Dockerfile: DOCKERFILE });
  const proxy = await closedProxy();
  const signed = imageName();
  const flags = [`--sign-key=${key}`, "--sign-log=none", "-t", signed];
  const { stderr } = await mustBuild(namespace, [...flags, root], { env: { ...env, ...proxy.env } });
  expect(stderr).not.toContain("public log");
  expect([...proxy.asked]).toEqual([]);
  const verified = await verify(signed);
  expect(verified).toMatchObject({ code: 0 });
  const { digest } = await readImage(signed);
  expect(JSON.parse(verified.stdout)).toMatchObject([{ critical: { image: { "docker-manifest-digest": digest } } }]);

  const unsigned = imageName();
  await mustBuild(namespace, ["-t", unsigned, root]);
  expect(await verify(unsigned)).not.toMatchObject({ code: 0 });
}, 300_000);

test("a Drone step signs with its own login, which is stored nowhere else", async () => {
  const { root, key, env, verify } = await makeSigner({ Dockerfile: DOCKERFILE });
  const image = uniqueImage(environment("REGISTRY_AUTH"));
  const login = {
    user: environment("REGISTRY_AUTH_USER"),
    password: environment("REGISTRY_AUTH_PASSWORD"),
  };
  await writeFile(join(root, "config.json"), "{}");
  const signed = await slipway(["plugin", "-n", namespace.name, `--sign-key=${key}`, "--sign-log=none"], {
    cwd: root,
    env: {
      ...env,
      KUBECONFIG: namespace.kubeconfig,
      DOCKER_CONFIG: root,
      PLUGIN_REPO: image,
      PLUGIN_INSECURE: "true",
      PLUGIN_USERNAME: login.user,
      PLUGIN_PASSWORD: login.password,
    },
  });
  expect([signed.code, signed.output]).toEqual([0, expect.not.stringContaining(login.password)]);
  const auth = Buffer.from(`${login.user}:${login.password}`).toString("base64");
  await writeFile(join(root, "config.json"), JSON.stringify({ auths: { [environment("REGISTRY_AUTH")]: { auth } } }));
  expect(await verify(image, { DOCKER_CONFIG: root })).toMatchObject({ code: 0 });
}, 300_000);

test("without --sign-log none cosign asks the public log, which slipway announces before the build, and signs nothing if the log fails", async () => {
  const { root, key, env, verify } = await makeSigner({ Dockerfile: DOCKERFILE });
  const proxy = await closedProxy();
  const image = imageName();
  const { code, stderr } = await build(namespace, [`--sign-key=${key}`, "-t", image, root], {
    env: { ...env, ...proxy.env },
  });
  expect([...proxy.asked]).toEqual(["rekor.sigstore.dev:443"]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/^WARNING: the signature will be in sigstore's public log.*--sign-log none/m);
  expect(stderr).toMatch(/^ERROR: the image was built and pushed, but not signed: .*rekor\.sigstore\.dev/m);
  expect(await verify(image)).not.toMatchObject({ code: 0 });
}, 300_000);
