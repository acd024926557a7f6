/** Provenance, SBOM, signatures and pinned bases: what hangs on an image in a real registry, and what is refused. */
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage, readText, sha256 } from "./support/registry.ts";

const namespace = useNamespace();
const AUTH = environment("REGISTRY_AUTH");
const LOGIN = `${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`;
const basic = Buffer.from(LOGIN).toString("base64");

interface Manifest {
  readonly mediaType?: string;
  readonly artifactType?: string;
  readonly subject?: { readonly mediaType: string; readonly digest: string; readonly size: number };
  readonly layers?: readonly { readonly mediaType: string; readonly digest: string }[];
  readonly manifests?: readonly {
    readonly digest: string;
    readonly artifactType?: string;
    readonly annotations?: Readonly<Record<string, string>>;
  }[];
}

const manifestOf = async (image: string, name: string): Promise<Manifest> =>
  JSON.parse(await readText(image, `manifests/${name}`, { login: LOGIN })) as Manifest;

/** The statements attached to an image, by the tag that a registry without a list of referrers is given. */
async function attached(image: string, digest: string): Promise<{ manifest: Manifest; statement: unknown }[]> {
  const { manifests = [] } = await manifestOf(image, digest.replace(":", "-"));
  return Promise.all(
    manifests.map(async (entry) => {
      expect(entry.artifactType).toBe("application/vnd.in-toto+json");
      const manifest = await manifestOf(image, entry.digest);
      const content = await readText(image, `blobs/${manifest.layers?.[0]?.digest}`, { login: LOGIN });
      expect(`sha256:${sha256(content)}`).toBe(manifest.layers?.[0]?.digest);
      return { manifest, statement: JSON.parse(content) as unknown };
    }),
  );
}

test("kaniko: the client attaches provenance, and has cosign sign the digest", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nARG V\nRUN echo $V\n` });
  // A fake cosign that records its arguments. Nothing is signed.
  await mkdir(join(root, "bin"));
  await writeFile(join(root, "bin/cosign"), `#!/bin/sh\necho "$@" >> ${root}/asked\n`);
  await chmod(join(root, "bin/cosign"), 0o755);
  const flags = ["--provenance=mode=max", "--build-arg=V=1", "--sign-key=cosign.key"];
  await mustBuild(namespace, [...flags, "-t", image, "-t", `${image}:two`, root], {
    env: { PATH: `${root}/bin:${process.env["PATH"]}` },
  });
  const { digest } = await readImage(image);
  const [first, ...others] = await attached(image, digest);
  expect(others).toEqual([]);
  expect(first?.manifest.subject).toEqual({
    mediaType: expect.stringMatching(/manifest\.v[12]\+json$/),
    digest,
    size: expect.any(Number),
  });
  expect(first?.statement).toMatchObject({
    subject: [
      { name: `${image}:latest`, digest: { sha256: digest.slice(7) } },
      { name: `${image}:two`, digest: { sha256: digest.slice(7) } },
    ],
    predicateType: "https://slsa.dev/provenance/v1",
    predicate: { buildDefinition: { externalParameters: { buildArgs: { V: "1" } } } },
  });
  expect(await readFile(join(root, "asked"), "utf8")).toBe(`sign --yes --key cosign.key ${image}@${digest}\n`);
});

test("buildah: provenance is attached in a registry with a password", { tags: ["long"] }, async () => {
  const image = uniqueImage(AUTH);
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN true\n`,
    "config.json": JSON.stringify({ auths: { [AUTH]: { auth: basic } } }),
  });
  await mustBuild(namespace, ["--builder=buildah", "--provenance=true", "-t", image, root], {
    env: { DOCKER_CONFIG: root },
  });
  const { digest } = await readImage(image, { login: LOGIN });
  expect((await attached(image, digest)).map(({ manifest }) => manifest.subject?.digest)).toEqual([digest]);
});

test("buildkit makes its own provenance, and an SBOM with the given generator", { tags: ["long"] }, async () => {
  const generator = uniqueImage();
  // BuildKit's protocol for generators (docs/attestations/sbom-protocol.md): a file for each document, in a directory it names.
  const scan = `#!/bin/sh
echo '{"_type":"https://in-toto.io/Statement/v0.1","predicateType":"https://spdx.dev/Document","predicate":{"name":"scanned"}}' \\
  > "$BUILDKIT_SCAN_DESTINATION/sbom.spdx.json"
`;
  const root = await project({
    "generator/Dockerfile": `FROM ${BUSYBOX}\nCOPY --chmod=755 scan /scan\nENTRYPOINT ["/scan"]\n`,
    "generator/scan": scan,
    "app/Dockerfile": `FROM ${BUSYBOX}\nRUN true\n`,
  });
  await mustBuild(namespace, ["-t", generator, `${root}/generator`]);
  const image = uniqueImage();
  const flags = ["--builder=buildkit", "--provenance=mode=max", `--sbom=generator=${generator}`];
  await mustBuild(namespace, [...flags, "-t", image, `${root}/app`]);
  const index = await manifestOf(image, "latest");
  const attestation = index.manifests?.find(
    ({ annotations }) => annotations?.["vnd.docker.reference.type"] === "attestation-manifest",
  );
  const { layers = [] } = await manifestOf(image, attestation?.digest ?? "");
  const statements = await Promise.all(
    layers.map(
      async ({ digest }) =>
        JSON.parse(await readText(image, `blobs/${digest}`, { login: LOGIN })) as { predicateType: string },
    ),
  );
  expect(statements.map(({ predicateType }) => predicateType).sort()).toEqual([
    expect.stringMatching(/^https:\/\/slsa\.dev\/provenance\//),
    "https://spdx.dev/Document",
  ]);
});

test.each([
  [["--sign"], /^ERROR: --sign runs cosign, which is not on the PATH\n {2}- /],
  [["--verify-base"], /^ERROR: Dockerfile line 1: FROM \S+ has no digest, and --verify-base requires one\n {2}- /],
  [
    ["--sbom=generator=r.io/scan", "--builder=kaniko"],
    /^ERROR: kaniko cannot do --sbom generator=r\.io\/scan\n {2}- Use --builder buildkit\.\n {2}- Or let slipway choose a builder: --builder auto\.\n$/,
  ],
  [
    ["--attest=type=sbom,generator=r.io/scan", "--builder=buildah"],
    /^ERROR: buildah cannot do --sbom generator=r\.io\/scan\n {2}- Use --builder buildkit\.\n {2}- Or let slipway choose a builder: --builder auto\.\n$/,
  ],
  [
    ["--sbom=true", "--output=type=docker,dest=x.tar"],
    /^ERROR: attestations and signatures are attached to an image in a/,
  ],
  [["--detach", "--sbom=true"], /^ERROR: --detach cannot go with provenance, an SBOM or a signature: /],
  [["--detach", "--provenance=true"], /^ERROR: --detach cannot go with provenance, an SBOM or a signature: /],
])("what cannot be had is refused before anything is made: %j", async (flags, message) => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const run = await build(namespace, [...flags, "-t", `${REGISTRY}/x`, root], { env: { PATH: "/usr/bin:/bin" } });
  expect([run.code, run.stdout]).toEqual([125, ""]);
  expect(run.stderr).toMatch(message);
});
