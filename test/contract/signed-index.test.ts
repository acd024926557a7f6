/** `--sign` of an image of two platforms with the real cosign: it accepts the index that was pushed, and nothing else under its name. */
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY, mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { useNodes } from "../e2e/support/nodes.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { useCosign } from "./signer.ts";
import type { Run } from "./look-alike.ts";

useNodes();
const makeSigner = useCosign();
const namespace = useNamespace({ nodes: "all", podSecurity: "privileged" });
const BOTH = "--platform=linux/amd64,linux/arm64";
const RUNS = `FROM ${BUSYBOX}\nRUN uname -m > /arch\n`;
const CROSS = `FROM --platform=$BUILDPLATFORM ${BUSYBOX} AS build
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM scratch
COPY --from=build /arch /arch
`;

interface Child {
  readonly digest: string;
  readonly platform: { readonly os: string; readonly architecture: string };
}

async function inspected(image: string, ...flags: readonly string[]): Promise<string> {
  const { code, stdout, output } = await slipway(["imagetools", "inspect", ...flags, image]);
  if (code !== 0) throw new Error(output);
  return stdout.trim();
}

const digestOf = (image: string): Promise<string> => inspected(image, "--format", "{{.Manifest.Digest}}");

/** The images of the index, without attestations. */
async function childrenOf(image: string): Promise<readonly Child[]> {
  const { manifests } = JSON.parse(await inspected(image, "--raw")) as { readonly manifests: readonly Child[] };
  return manifests.filter(({ platform }) => platform.os !== "unknown");
}

const create = async (...args: readonly string[]): Promise<void> => {
  const { code, output } = await slipway(["imagetools", "create", ...args]);
  if (code !== 0) throw new Error(output);
};

/** What cosign has verified. */
const signedDigests = ({ stdout }: Run): readonly string[] =>
  (JSON.parse(stdout) as { critical: { image: { "docker-manifest-digest": string } } }[]).map(
    ({ critical }) => critical.image["docker-manifest-digest"],
  );

/** Why cosign has not verified an image. */
function refusal({ code, stdout, stderr }: Run): string {
  if (code === 0) throw new Error(`cosign verified ${stdout}`);
  return stderr;
}

const SIGN = "--sign-log=none";

const KANIKO = ["--builder=kaniko", "--provenance=true", "--sbom=true"];
const BUILDKIT = ["--builder=buildkit", "--provenance=true"];

test.each([
  ["kaniko, in a pod for each platform", KANIKO, RUNS],
  ["BuildKit, in a pod for each platform", BUILDKIT, RUNS],
  ["BuildKit, in one pod", BUILDKIT, CROSS],
])(
  "%s: cosign verifies the index under every tag, and not its images, with another key, or another index under the tag",
  { tags: ["long"], timeout: 600_000 },
  async (_, flags, dockerfile) => {
    const { root, key, env, verify, tree } = await makeSigner({ Dockerfile: dockerfile });
    const [image, other] = [uniqueImage(), uniqueImage()];
    const tags = ["-t", image, "-t", `${image}:two`, "-t", other];
    await mustBuild(namespace, [BOTH, ...flags, `--sign-key=${key}`, SIGN, ...tags, root], { env });

    const digest = await digestOf(image);
    for (const name of [image, `${image}:two`, other]) {
      const verified = await verify(name);
      expect(verified).toMatchObject({ code: 0 });
      expect(signedDigests(verified)).toEqual([digest]);
    }
    const children = await childrenOf(image);
    expect(children.map(({ platform }) => platform.architecture)).toEqual(["amd64", "arm64"]);
    for (const child of children) {
      const name = `${image}@${child.digest}`;
      expect(refusal(await verify(name))).toContain("no signatures found");
      // The client hangs provenance and the list of packages on each image; BuildKit has them in the index.
      const hanging =
        (await tree(name)).stdout.match(/application\/vnd\.in-toto\+json artifacts via OCI referrer/g) ?? [];
      expect(hanging).toHaveLength(flags === KANIKO ? 2 : 0);
    }
    const provenance = JSON.parse(await inspected(image, "--format", "{{json .Provenance}}")) as object;
    expect(Object.keys(provenance)).toEqual(["linux/amd64", "linux/arm64"]);
    const stranger = await makeSigner({});
    expect(refusal(await stranger.verify(image))).toContain("no matching signatures");

    // Cosign 2 keeps the signature under a tag of its own, and no list of referrers has it.
    const copied = uniqueImage();
    await create("-t", copied, image);
    expect(await digestOf(copied)).toBe(digest);
    expect(refusal(await verify(copied))).not.toBe("");

    // The same images in another index.
    await create("--append", "-t", image, "--annotation=index:changed=yes", `${REGISTRY}/busybox:1.35`);
    expect(await digestOf(image)).not.toBe(digest);
    expect(refusal(await verify(image))).toContain("no signatures found");
    expect(await verify(`${image}:two`)).toMatchObject({ code: 0 });
  },
);

test("a signature that is a bundle, as cosign 3 makes it, is copied with the index", { tags: ["long"] }, async () => {
  const signer = await makeSigner({ Dockerfile: CROSS });
  const [image, copied, changed] = [uniqueImage(), uniqueImage(), uniqueImage()];
  const flags = [BOTH, ...BUILDKIT, `--sign-key=${signer.key}`, SIGN, "-t", image, signer.root];
  await mustBuild(namespace, flags, { env: { ...signer.env, COSIGN_NEW_BUNDLE_FORMAT: "true" } });
  const digest = await digestOf(image);
  await create("-t", copied, image);
  for (const name of [image, copied]) expect(signedDigests(await signer.verifyBundle(name))).toEqual([digest]);
  await create("-t", changed, "--platform=linux/amd64", image);
  expect(refusal(await signer.verifyBundle(changed))).not.toBe("");
});
