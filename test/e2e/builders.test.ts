/** Every builder on the real cluster, in a namespace that enforces Pod Security's baseline level. */
import { readFile } from "node:fs/promises";
import { createServer } from "node:https";
import type { AddressInfo } from "node:net";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { madeFromNow, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const namespace = useNamespace({ podSecurity: "baseline" });
const TLS = environment("REGISTRY_TLS");
const CA = environment("REGISTRY_CA");
const AUTH = environment("REGISTRY_AUTH");
const USER = environment("REGISTRY_AUTH_USER");

interface Builder {
  readonly name: string;
  readonly base: string;
  readonly registry: string;
  readonly flags: readonly string[];
  /** Makisu replaces variables in a RUN itself, before the shell sees it. */
  readonly greeting: string;
}

const PLAIN = { base: BUSYBOX, registry: REGISTRY, flags: [], greeting: "good 'day' $(HOME)" };
/** img only pulls over verified https. */
const BUILDERS: readonly Builder[] = [
  { name: "buildkit", ...PLAIN },
  { name: "buildah", ...PLAIN },
  { ...PLAIN, name: "img", base: `${TLS}/busybox:1.35`, registry: TLS, flags: ["--registry-ca", CA] },
  { ...PLAIN, name: "makisu", greeting: "good day" },
];

describe.each(BUILDERS)("$name", ({ name, base, registry, flags, greeting }) => {
  const read = (image: string) => readImage(image, { scheme: registry === TLS ? "https" : "http" });

  test("builds from a ConfigMap, pushes every tag, and reports the digest and the image ID", async () => {
    const [image, other] = [uniqueImage(registry), uniqueImage(registry)];
    const root = await project({
      Dockerfile: `FROM ${base} AS tools
RUN mkdir /out && echo made > /out/made && chmod 4755 /out/made
FROM ${base}
ARG GREETING=hello
ENV GREETING=$GREETING
WORKDIR /srv
COPY --chown=1000:1000 app/ ./app/
COPY --from=tools /out/made /usr/local/made
RUN rm /bin/tac && echo "$GREETING" > greeting
USER 1000
CMD ["--serve"]
`,
      "app/run.sh": { content: "#!/bin/sh\n", mode: 0o755 },
      "app/ignored.log": "ignored",
      ".dockerignore": "**/*.log\n",
    });
    const run = await mustBuild(namespace, [
      ...flags,
      `--builder=${name}`,
      "--transport=configmap",
      `--iidfile=${root}/id`,
      `--tag=${image}:1`,
      `--tag=${other}:2`,
      `--build-arg=GREETING=${greeting}`,
      root,
    ]);
    const [built, second] = await Promise.all([read(`${image}:1`), read(`${other}:2`)]);
    expect(run.stdout).toBe("");
    expect(run.stderr).toContain(`=> built digest ${built.digest}\n`);
    const cautioned = /^WARNING: makisu keeps a copied file in the image even if a later RUN removes it$/m.test(
      run.stderr,
    );
    expect(cautioned).toBe(name === "makisu");
    expect(second.configDigest).toBe(built.configDigest);
    expect(await readFile(`${root}/id`, "utf8")).toBe(built.configDigest);
    expect(built.files.get("srv/app/run.sh")).toMatchObject({ mode: 0o755, uid: 1000, gid: 1000 });
    expect(built.files.get("usr/local/made")).toMatchObject({ mode: 0o4755, uid: 0, text: "made\n" });
    expect(built.files.get("srv/greeting")?.text).toBe(`${greeting}\n`);
    expect(built.files.has("bin/tac")).toBe(false);
    expect(built.files.has("srv/app/ignored.log")).toBe(false);
    expect([...built.files.keys()].filter((path) => /slipway|makisu/.test(path))).toEqual([]);
    expect(built.config.config).toMatchObject({ Cmd: ["--serve"], User: "1000", WorkingDir: "/srv" });
  });

  test("failing RUN in a streamed context: exit code 1 and the command", { tags: ["long"] }, async () => {
    const root = await project({
      Dockerfile: `FROM ${base}\nCOPY . /all/\nRUN cd /all && stat -c '%n %a %u:%g' run.sh locked/in && exit 42\n`,
      "locked/in": { content: "in", mode: 0o400 },
      "run.sh": { content: "x", mode: 0o755 },
    });
    const tag = `--tag=${uniqueImage(registry)}`;
    const run = await build(namespace, [...flags, `--builder=${name}`, "--transport=stream", tag, root]);
    expect(run.code).toBe(1);
    expect(run.stdout).toBe("");
    expect(run.stderr).toMatch(/^(?:#\d+ [\d.]+ )?run\.sh 755 0:0$/m);
    expect(run.stderr).toMatch(/^(?:#\d+ [\d.]+ )?locked\/in 400 0:0$/m);
    expect(run.stderr).toMatch(
      /^ERROR: Dockerfile line 3: `RUN cd \/all .* && exit 42` (?:ended with exit code 42|failed)$/m,
    );
  });

  test("a wrong password: exit code 4 and one sentence", { tags: ["long"] }, async () => {
    // img pushes to nothing but https, and no registry of the cluster has both that and a password.
    await using refusing = name === "img" ? await refusingRegistry() : undefined;
    const host = refusing?.host ?? AUTH;
    const auth = Buffer.from(`${USER}:wrong`).toString("base64");
    const root = await project({
      Dockerfile: `FROM ${base}\nENV A=1\n`,
      "docker/config.json": JSON.stringify({ auths: { [host]: { auth } } }),
    });
    const run = await build(namespace, [...flags, `--builder=${name}`, `--tag=${uniqueImage(host)}`, root], {
      env: { DOCKER_CONFIG: `${root}/docker` },
    });
    expect(run.stderr).toMatch(new RegExp(`^ERROR: not authorised to push to ${host}: .+\n  - Log in`, "m"));
    expect(run.code).toBe(4);
  });
});

/** A registry at the cluster's address, with its certificate, that refuses every login. */
async function refusingRegistry(): Promise<AsyncDisposable & { readonly host: string }> {
  const [cert, key] = await Promise.all(["crt", "key"].map((end) => readFile(join(dirname(CA), `registry.${end}`))));
  const server = createServer({ ...(cert && { cert }), ...(key && { key }) }, (_request, response) => {
    response.writeHead(401, { "www-authenticate": 'Basic realm="nobody"' }).end();
  });
  const address = TLS.replace(/:\d+$/, "");
  await new Promise<void>((resolve) => {
    server.listen(0, address, resolve);
  });
  return {
    host: `${address}:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

test("img without an image of it is refused, with the flag to set", async () => {
  const root = await project({ Dockerfile: "FROM scratch\n" });
  const run = await build(namespace, ["--builder", "img", root], { env: { SLIPWAY_IMG_IMAGE: undefined } });
  expect(run.code).toBe(125);
  expect(run.stderr).toMatch(
    /^ERROR: img no longer has a published image\n  - Build your own and name it with --builder-image/,
  );
});

test("a line that the builder would skip is refused before anything is created; auto chooses a builder that supports it", async () => {
  const made = await madeFromNow(namespace.name);
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN --mount=type=tmpfs,target=/t echo t > /t/t\n` });
  const run = await build(namespace, ["--builder=kaniko", root]);
  expect(run.code).toBe(125);
  expect(run.stderr).toBe(
    "ERROR: Dockerfile line 2: kaniko cannot do RUN --mount=type=tmpfs\n  - Use --builder buildkit or --builder buildah.\n  - Or let slipway choose a builder: --builder auto.\n",
  );
  expect(await made()).toEqual([]);
  for (const chosen of [[], ["--builder=auto"]]) {
    const auto = await mustBuild(namespace, [...chosen, root]);
    expect(auto.stderr).toContain("building with buildkit: kaniko cannot do RUN --mount=type=tmpfs (line 2)\n");
  }
});
