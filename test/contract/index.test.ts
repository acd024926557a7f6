/** The index of several platforms against the one that the real buildx makes of the same input, from one builder and from one for each platform. */
import { randomBytes } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BUSYBOX, REGISTRY, environment, mustBuild, uniqueImage } from "../e2e/support/build.ts";
import { useNamespace } from "../e2e/support/namespace.ts";
import { useNodes } from "../e2e/support/nodes.ts";
import { project } from "../e2e/support/project.ts";
import { slipway } from "../e2e/support/slipway.ts";
import { run } from "./look-alike.ts";
import { compiled } from "../e2e/support/compiled.ts";

useNodes();
const namespace = useNamespace({ nodes: "all", podSecurity: "privileged" });
const BUILDX = compiled("buildx", "buildx");
const PLATFORMS = ["linux/amd64", "linux/arm64"];

/** Names of buildx's builders: one pod for both platforms, and one on a node of each. */
const ONE = `one-${randomBytes(4).toString("hex")}`;
const EACH = `each-${randomBytes(4).toString("hex")}`;
let home = "";

async function buildx(...args: readonly string[]): Promise<void> {
  const done = await run(BUILDX, args, { cwd: home, env: { BUILDX_CONFIG: join(home, "buildx"), NO_COLOR: "1" } });
  if (done.code !== 0) throw new Error(`buildx ${args.join(" ")} ended with ${done.code}: ${done.stderr}`);
}

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), "slipway-buildx-"));
  const settings = join(home, "buildkitd.toml");
  await writeFile(settings, `[registry."${REGISTRY}"]\nhttp = true\n`);
  const create = (name: string, node: string, more: readonly string[], selector: string): Promise<void> => {
    const image = `image=${environment("SLIPWAY_BUILDKIT_IMAGE")}`;
    const options = [
      `namespace=${namespace.name}`,
      image,
      "rootless=true",
      `nodeselector=kubernetes.io/arch=${selector}`,
    ];
    // The rootless image does not read this path by default.
    const settingsFlags = [
      "--buildkitd-config",
      settings,
      "--buildkitd-flags",
      "--config /etc/buildkit/buildkitd.toml",
    ];
    const driver = ["--driver", "kubernetes", ...options.flatMap((option) => ["--driver-opt", option])];
    return buildx("create", "--name", name, "--node", node, ...more, ...driver, ...settingsFlags);
  };
  await create(ONE, ONE, [], "amd64");
  for (const [index, platform] of PLATFORMS.entries()) {
    const arch = platform.slice("linux/".length);
    const more = ["--platform", platform, ...(index === 0 ? [] : ["--append"])];
    await create(EACH, `${EACH}-${arch}`, more, arch);
  }
}, 120_000);

afterAll(async () => {
  for (const name of [ONE, EACH]) await buildx("rm", name).catch(() => {});
  await rm(home, { recursive: true, force: true });
});

interface Descriptor {
  readonly digest: string;
  readonly mediaType: string;
  readonly platform?: { readonly architecture: string };
  readonly annotations?: Readonly<Record<string, string>>;
}

async function raw(name: string): Promise<string> {
  const { code, stdout, stderr } = await slipway(["imagetools", "inspect", "--raw", name]);
  if (code !== 0) throw new Error(stderr);
  return stdout;
}

/**
 * The exact texts of the index and of all manifests in it, but for what times and names of layers change: each digest becomes the place of
 * what it names, and each size is left out.
 */
async function structureOf(image: string): Promise<readonly string[]> {
  const index = await raw(image);
  const { manifests } = JSON.parse(index) as { readonly manifests: readonly Descriptor[] };
  const places = new Map(manifests.map(({ digest }, place) => [digest, `manifest ${place}`]));
  const plain = (text: string): string =>
    text
      .replaceAll(/sha256:[0-9a-f]{64}/g, (digest) => places.get(digest) ?? "a blob")
      .replaceAll(/"size":\s*\d+/g, '"size": 0')
      // The only annotation with a time.
      .replaceAll(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"a time"');
  const children = manifests.map(({ digest }) => raw(`${image.replace(/:[^/:]*$/, "")}@${digest}`));
  return [index, ...(await Promise.all(children))].map(plain);
}

/** Both platforms without a program of the other one: one BuildKit makes them. */
const CROSS = `FROM --platform=$BUILDPLATFORM ${BUSYBOX} AS build
ARG TARGETARCH
RUN echo $TARGETARCH > /arch
FROM ${BUSYBOX}
COPY --from=build /arch /arch
`;
/** A program of each platform runs, so there is a pod for each. */
const RUNS = `FROM ${BUSYBOX}\nRUN uname -m > /arch\n`;

const WAYS = [
  ["one pod", CROSS, ONE, "one pod builds linux/amd64 and linux/arm64"],
  ["a pod for each platform", RUNS, EACH, ""],
] as const;
const FLAGS: readonly (readonly string[])[] = [
  ["--provenance=true"],
  ["--provenance=mode=max", "--annotation=index:who=me", "--annotation=manifest-descriptor[linux/arm64]:only=arm"],
  ["--provenance=false", "--annotation=index,manifest:who=me"],
  ["--provenance=false", "--sbom=false"],
];

test.for(
  WAYS.flatMap(([way, dockerfile, builder, note]) => FLAGS.map((flags) => ({ way, dockerfile, builder, note, flags }))),
)(
  "the index from $way with $flags has the structure of buildx's",
  { tags: ["long"], timeout: 300_000 },
  async ({ dockerfile, builder, note, flags }) => {
    const root = await project({ Dockerfile: dockerfile });
    const [own, theirs] = [uniqueImage(), uniqueImage()];
    const args = [`--platform=${PLATFORMS.join()}`, ...flags];
    const { stderr } = await mustBuild(namespace, ["--builder=buildkit", ...args, "-t", own, root]);
    expect(stderr).toContain(note);
    // Slipway uses Docker's media types where nothing needs OCI's, with every builder: a tag can then change its builder.
    const isPlain = flags.every((flag) => flag.endsWith("=false"));
    const output = `--output=type=image,push=true,name=${theirs}${isPlain ? ",oci-mediatypes=false" : ""}`;
    await buildx("build", "--builder", builder, ...args, output, root);
    const structure = await structureOf(own);
    expect(structure).toEqual(await structureOf(theirs));
    // It compares something: both platforms, and an attestation of each where one was asked for.
    const attested = flags[0] !== "--provenance=false";
    expect(structure).toHaveLength(attested ? 5 : 3);
    expect(structure[0]?.match(/"vnd\.docker\.reference\.digest": ?"manifest \d"/g) ?? []).toHaveLength(
      attested ? 2 : 0,
    );
  },
);
