/** `slipway bake` on the cluster: HCL, compose files, remote definitions, and what the command line changes of them. */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { serveGit } from "../conformance/builders/git-server.ts";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run, RunOptions } from "./support/slipway.ts";

const namespace = useNamespace();

function bake(args: readonly string[], options: RunOptions): Promise<Run> {
  return slipway(["bake", "-n", namespace.name, ...args], {
    ...options,
    env: { KUBECONFIG: namespace.kubeconfig, ...options.env },
  });
}

const HCL = `
variable "IMAGE" {}
variable "TAG" {
  default = "latest"
}
function "tag" {
  params = [name]
  result = "\${IMAGE}-\${name}:\${TAG}"
}
group "default" {
  targets = ["app", "tools"]
}
target "_common" {
  args = { TEAM = "harbour" }
}
target "app" {
  inherits = ["_common"]
  name = "app-\${flavour}"
  matrix = { flavour = ["red", "blue"] }
  args = { FLAVOUR = flavour }
  tags = [tag(flavour)]
}
target "tools" {
  description = "Tools of the team"
  dockerfile-inline = <<EOT
FROM ${BUSYBOX}
RUN echo "\${strlen("four")}" > /count
EOT
  tags = [tag("tools")]
}
`;
const FILES = {
  "docker-bake.hcl": HCL,
  Dockerfile: `FROM ${BUSYBOX}\nARG FLAVOUR TEAM\nRUN echo "$FLAVOUR of $TEAM" > /said\n`,
};

async function text(image: string, path: string): Promise<string | undefined> {
  return (await readImage(image)).files.get(path)?.text;
}

test("an HCL file with a matrix, functions and inherited fields becomes three images", async () => {
  const cwd = await project(FILES);
  const image = uniqueImage();
  const run = await bake(["--var", "TAG=2", "--metadata-file", "meta.json"], { cwd, env: { IMAGE: image, CI: "" } });
  expect(run.stderr).not.toMatch(/^ERROR/m);
  expect(run.stderr.match(/building with .*/g)).toEqual(["building with kaniko"]);
  expect(run.code).toBe(0);
  expect(await text(`${image}-red:2`, "said")).toBe("red of harbour\n");
  expect(await text(`${image}-blue:2`, "said")).toBe("blue of harbour\n");
  expect(await text(`${image}-tools:2`, "count")).toBe("4\n");
  const metadata = JSON.parse(await readFile(join(cwd, "meta.json"), "utf8")) as Record<string, object>;
  expect(Object.keys(metadata).toSorted()).toEqual(["app-blue", "app-red", "tools"]);
  expect(metadata["app-red"]).toMatchObject({ "containerimage.digest": (await readImage(`${image}-red:2`)).digest });
});

test(
  "--set changes the fields of the targets that match, and only named targets are built",
  { tags: ["long"] },
  async () => {
    const cwd = await project(FILES);
    const image = uniqueImage();
    const args = ["--set", "app-*.args.TEAM=docks", "--set", `app-red.tags+=${image}:more`, "app-red"];
    const run = await bake(args, { cwd, env: { IMAGE: image } });
    expect([run.code, run.stderr]).toEqual([0, expect.stringContaining(`${image}:more`)]);
    expect(await text(`${image}-red:latest`, "said")).toBe("red of docks\n");
    expect(await text(`${image}:more`, "said")).toBe("red of docks\n");
    await expect(readImage(`${image}-blue:latest`)).rejects.toThrow(/404|not found|unknown/i);
  },
);

test("--print, --list and --check answer without a cluster", async () => {
  const cwd = await project(FILES);
  const env = { IMAGE: "r.example/app", KUBECONFIG: "/nowhere" };
  const printed = await slipway(["bake", "--print", "app"], { cwd, env });
  expect(JSON.parse(printed.stdout)).toMatchObject({
    group: { app: { targets: ["app-red", "app-blue"] } },
    target: { "app-red": { args: { FLAVOUR: "red", TEAM: "harbour" }, tags: ["r.example/app-red:latest"] } },
  });
  const again = await slipway(["bake", "-f", "-", "--print"], { cwd, env, stdin: printed.stdout });
  expect(JSON.parse(again.stdout)).toMatchObject({ target: { "app-blue": { tags: ["r.example/app-blue:latest"] } } });
  const listed = await slipway(["bake", "--list", "targets"], { cwd, env });
  expect(listed.stdout).toMatch(/^tools\s+Tools of the team$/m);
  const variables = await slipway(["bake", "--list=type=variables,format=json"], { cwd, env });
  expect(JSON.parse(variables.stdout)).toContainEqual({ name: "TAG", value: "latest" });
  const checked = await slipway(["bake", "--check", "tools"], { cwd, env });
  expect([checked.code, checked.stdout]).toEqual([0, expect.stringContaining("tools\n")]);
});

test("a target that another one uses is built first, and once", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const cwd = await project({
    "docker-bake.json": JSON.stringify({
      group: { default: { targets: ["one", "two"] } },
      target: {
        base: { "dockerfile-inline": `FROM ${BUSYBOX}\nRUN echo shared > /base`, tags: [`${image}-base`] },
        one: {
          "dockerfile-inline": "FROM base\nRUN cat /base > /one",
          contexts: { base: "target:base" },
          tags: [`${image}-one`],
        },
        two: {
          "dockerfile-inline": "FROM base\nRUN cat /base > /two",
          contexts: { base: "target:base" },
          tags: [`${image}-two`],
        },
      },
    }),
  });
  const run = await bake(["--builder", "buildkit"], { cwd });
  expect(run.stderr).not.toMatch(/^(?:\[\w+\] )?ERROR/m);
  expect(run.code).toBe(0);
  expect(await text(`${image}-one`, "one")).toBe("shared\n");
  expect(await text(`${image}-two`, "two")).toBe("shared\n");
  expect(run.stderr.match(/^\[base\] => built /gm)).toHaveLength(1);
});

test("a compose file with .env, extends and profiles is built by bake itself", async () => {
  const image = uniqueImage();
  const cwd = await project({
    "compose.yaml": `services:
  web:
    extends: { file: common.yaml, service: base }
    image: \${IMAGE}:\${VERSION:?no version}
    build: { args: { P: "$\${HOME} 100%%" } }
  extra: { image: "\${IMAGE}:extra", profiles: [never], build: . }\n`,
    "common.yaml": `services:\n  base:\n    build: { context: ., labels: { team: harbour } }\n`,
    ".env": "VERSION=7\n",
    Dockerfile: `FROM ${BUSYBOX}\nARG P\nRUN echo "$P" > /said\n`,
  });
  const run = await bake(["web"], { cwd, env: { IMAGE: image } });
  expect(run.stderr).not.toMatch(/^ERROR/m);
  expect(run.code).toBe(0);
  const built = await readImage(`${image}:7`);
  expect(built.files.get("said")?.text).toBe("${HOME} 100%%\n");
  expect(built.config.config.Labels).toMatchObject({ team: "harbour" });
});

test(
  "an output is written to a local directory, with the helper image of the environment",
  { tags: ["long"] },
  async () => {
    const cwd = await project({
      "docker-bake.hcl": `target "default" {\n  dockerfile-inline = "FROM ${BUSYBOX}\\nRUN echo out > /made"\n  output = ["type=local,dest=out"]\n}\n`,
    });
    const run = await bake(["--builder=buildah"], { cwd, env: { SLIPWAY_HELPER_IMAGE: BUSYBOX } });
    expect([run.code, run.stderr]).toEqual([0, expect.not.stringMatching(/^ERROR/m)]);
    expect(await readFile(join(cwd, "out/made"), "utf8")).toBe("out\n");
  },
);

describe("a definition at a URL", () => {
  test("a repository's definition builds from its own directories", { tags: ["long"] }, async () => {
    await using server = await serveGit("127.0.0.1", {
      fill: async (work, git) => {
        await mkdir(join(work, "sub"));
        await writeFile(
          join(work, "docker-bake.hcl"),
          HCL.replace("args = { FLAVOUR", 'context = "sub"\n  args = { FLAVOUR'),
        );
        await writeFile(join(work, "sub/Dockerfile"), FILES.Dockerfile);
        await git("add", ".");
        await git("commit", "-q", "-m", "one");
      },
    });
    const cwd = await project({ Dockerfile: "FROM nothing.of.this\n" });
    const image = uniqueImage();
    const printed = await bake([`${server.url}#main`, "--print", "app-red"], { cwd, env: { IMAGE: image } });
    expect(JSON.parse(printed.stdout)).toMatchObject({ target: { "app-red": { context: `${server.url}#main:sub` } } });
    const run = await bake([`${server.url}#main`, "app-red"], { cwd, env: { IMAGE: image } });
    expect([run.code, run.stderr]).toEqual([0, expect.stringMatching(/^cloning http/m)]);
    expect(await text(`${image}-red:latest`, "said")).toBe("red of harbour\n");
  });

  test("its directory may not be left, and cwd:// names files of this machine", { tags: ["long"] }, async () => {
    await using server = await serveGit("127.0.0.1", {
      fill: async (work, git) => {
        await writeFile(
          join(work, "docker-bake.hcl"),
          'target "out" {\n  context = "../.."\n}\ntarget "here" {\n  context = "cwd://"\n  dockerfile-inline = "FROM x"\n}\n',
        );
        await git("add", ".");
        await git("commit", "-q", "-m", "one");
      },
    });
    const cwd = await project({ mine: "" });
    const run = await bake([server.url, "out"], { cwd });
    expect([run.code, run.stderr]).toEqual([
      1,
      expect.stringContaining("is not inside the repository of the bake file"),
    ]);
    const printed = await bake([server.url, "--print", "here"], { cwd });
    expect(JSON.parse(printed.stdout)).toMatchObject({ target: { here: { context: "." } } });
  });
});

describe("mistakes are one sentence, and nothing is created", () => {
  const CASES: readonly (readonly [string, string, readonly string[], RegExp])[] = [
    [
      "an HCL error names its line",
      'target "a" {\n  tags = [nosuch]\n}\n',
      ["a"],
      /docker-bake\.hcl:2: unknown variable nosuch/,
    ],
    ["an unknown target is named", 'target "a" {}\n', ["b"], /failed to find target b/],
    ["an unknown key of --set is named", 'target "a" {}\n', ["--set", "a.nosuch=1", "a"], /nosuch/],
    [
      "a failed validation has the file's message",
      'variable "V" {\n  default = 1\n  validation {\n    condition = V > 1\n    error_message = "V is too small"\n  }\n}\n',
      [],
      /V is too small/,
    ],
  ];

  test.for(CASES)("%s", async ([, file, args, says]) => {
    const cwd = await project({ "docker-bake.hcl": file });
    const run = await bake(args, { cwd });
    expect([run.code, run.stdout]).toEqual([1, ""]);
    expect(run.stderr.split("\n")[0]).toMatch(/^ERROR: /);
    expect(run.stderr).toMatch(says);
    expect(run.stderr).not.toMatch(/\n\s+at /);
  });
});
