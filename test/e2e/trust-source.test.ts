/** What comes with the source is data: bake files, compose files, .slipway.yaml and pipeline.yaml of a stranger, run as a user runs them. */
import { mkdir, readFile, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { BUSYBOX, build, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

/** Nothing may ever be created in this one. */
const namespace = useNamespace();
const building = useNamespace();
const KEY = "PRIVATE-KEY-OF-THE-VICTIM";
const BASHRC = "# my bashrc\n";

/** A home directory beside the stranger's project. */
async function victim(
  files: Readonly<Record<string, string>>,
): Promise<{ readonly cwd: string; readonly home: string }> {
  const root = await project({ "home/.ssh/id_rsa": KEY, "home/.bashrc": BASHRC });
  const cwd = join(root, "evil");
  await mkdir(cwd);
  for (const [name, text] of Object.entries(files)) await writeFile(join(cwd, name), text);
  await symlink("../home", join(cwd, "link"));
  return { cwd, home: join(root, "home") };
}

function run(
  args: readonly string[],
  cwd: string,
  home: string,
  env: Readonly<Record<string, string>> = {},
): Promise<Run> {
  return slipway([...args, "-n", namespace.name], {
    cwd,
    env: { KUBECONFIG: namespace.kubeconfig, HOME: home, ...env },
  });
}

async function expectNothingDone(done: Run, home: string, code: number): Promise<void> {
  expect([done.code, done.stdout]).toEqual([code, ""]);
  expect(done.output).not.toContain(KEY);
  expect(await readFile(join(home, ".bashrc"), "utf8")).toBe(BASHRC);
  expect(await objectsIn(namespace.name)).toEqual([]);
}

describe("a stranger's bake file", () => {
  const STEAL = { dockerfile: "Dockerfile", secret: ["id=x,src=../home/.ssh/id_rsa"] };
  const CASES: readonly (readonly [string, object, string])[] = [
    ["a secret of the home directory", STEAL, "fs.read=../home/.ssh/id_rsa"],
    ["a secret by a symlink", { secret: ["id=x,src=link/.ssh/id_rsa"] }, "fs.read=../home/.ssh/id_rsa"],
    ["a context of the home directory", { context: "../home" }, "fs.read=../home"],
    ["a named context by a symlink", { contexts: { home: "link" } }, "fs.read=../home"],
    ["an output over the home directory", { output: ["type=local,dest=../home"] }, "fs.write=../home"],
    ["an output by a symlink", { output: ["type=tar,dest=link/.bashrc"] }, "fs.write=../home/.bashrc"],
    ["a cache that writes", { "cache-to": ["type=local,dest=../home/.config"] }, "fs.write=../home/.config"],
    ["the SSH agent", { ssh: ["default"] }, "ssh"],
    ["the network of the node", { network: "host" }, "network.host"],
  ];

  test.for(CASES)(
    "%s needs --allow, and nothing is read, written or created without it",
    { tags: ["long"] },
    async ([, fields, flag]) => {
      const target = { "dockerfile-inline": `FROM ${BUSYBOX}\n`, tags: [uniqueImage()], ...fields };
      const { cwd, home } = await victim({
        "docker-bake.json": JSON.stringify({ target: { default: target } }),
        Dockerfile: `FROM ${BUSYBOX}\n`,
      });
      const done = await run(["bake"], cwd, home, { SSH_AUTH_SOCK: "/nowhere" });
      expect(done.stderr).toContain("ERROR: additional privileges requested: the bake file wants to ");
      expect(done.stderr).toContain(`If you trust it, add --allow=${flag}`);
      await expectNothingDone(done, home, 1);
    },
  );

  test("with --allow it gets exactly what was granted", async () => {
    const image = uniqueImage();
    const target = {
      "dockerfile-inline": `FROM ${BUSYBOX}\nRUN --mount=type=secret,id=x wc -c < /run/secrets/x > /length\n`,
      tags: [image],
      secret: ["id=x,src=../home/.ssh/id_rsa"],
    };
    const { cwd, home } = await victim({ "docker-bake.json": JSON.stringify({ target: { default: target } }) });
    const wrong = await run(["bake", "--allow", "fs.read=../home/.config", "--allow", "fs.write=*"], cwd, home);
    await expectNothingDone(wrong, home, 1);
    const right = await slipway(
      ["bake", "-n", building.name, "--builder", "buildkit", "--allow", "fs.read=../home/.ssh"],
      {
        cwd,
        env: { KUBECONFIG: building.kubeconfig, HOME: home },
      },
    );
    expect([right.code, right.stderr]).toEqual([0, expect.not.stringMatching(/^ERROR/m)]);
    expect((await readImage(image)).files.get("length")?.text.trim()).toBe(String(KEY.length));
  });
});

const COMPOSE_FILES: readonly (readonly [string, string])[] = [
  ["include", "include: [../home/.bashrc]\nservices: { a: { build: . } }\n"],
  ["extends", "services: { a: { build: ., extends: { service: b, file: link/.bashrc } } }\n"],
  ["env_file", "services: { a: { build: ., image: x, env_file: ../home/.bashrc } }\n"],
  [
    "a secret",
    "services: { a: { build: { context: ., secrets: [s] } } }\nsecrets: { s: { file: ../home/.ssh/id_rsa } }\n",
  ],
];

test.for(COMPOSE_FILES)(
  "%s of a stranger's compose file reads nothing outside the project",
  { tags: ["long"] },
  async ([, text]) => {
    const { cwd, home } = await victim({ "compose.yaml": text, Dockerfile: `FROM ${BUSYBOX}\n` });
    const done = await run(["bake"], cwd, home);
    expect(done.stderr).toMatch(/additional privileges requested: the bake file wants to read .*home/);
    await expectNothingDone(done, home, 1);
  },
);

describe("a stranger's .slipway.yaml", () => {
  const OPTIONS = ["registry.insecure=true", "Registry.Insecure=true", "token=x", "endpoint_url=http://evil.example"];

  test.for(["cache-from", "cache-to"].flatMap((key) => OPTIONS.map((option) => [key, option] as const)))(
    "%s cannot set %s",
    { tags: ["long"] },
    async ([key, option]) => {
      const { cwd, home } = await victim({
        ".slipway.yaml": `builder: buildkit\n${key}: ["type=registry,ref=evil.example/x,${option}"]\n`,
        Dockerfile: `FROM ${BUSYBOX}\n`,
      });
      const done = await build(namespace, ["--dry-run", "-t", "r.example/x", "."], { cwd, env: { HOME: home } });
      expect(done.stderr).toMatch(/^ERROR: .*\.slipway\.yaml:2: .* is not allowed in a project's file/);
      await expectNothingDone(done, home, 125);
    },
  );

  test("the Dockerfile cannot be a symlink out of the project", async () => {
    const { cwd, home } = await victim({ ".slipway.yaml": "file: link/.bashrc\n" });
    const done = await build(namespace, ["--dry-run", "-t", "r.example/x", "."], { cwd, env: { HOME: home } });
    expect(done.stderr).toContain("the path is outside the project");
    await expectNothingDone(done, home, 125);
  });
});

test("a stranger's .tags cannot be a symlink out of the project", async () => {
  const { cwd, home } = await victim({ Dockerfile: `FROM ${BUSYBOX}\n` });
  await symlink("../home/.ssh/id_rsa", join(cwd, ".tags"));
  const done = await run(["plugin", "--dry-run"], cwd, home, { PLUGIN_REPO: "r.example/app" });
  expect([done.code, done.stdout]).toEqual([0, expect.stringContaining("r.example/app:latest")]);
  expect(done.output).not.toContain(KEY);
});

describe("a stranger's pipeline.yaml", () => {
  const STEP = { image: "banzaicloud/kaniko-plugin", repo: "r.example/app", tags: "1" };
  const SECRETS = { CI_JOB_TOKEN: "glcbt-victim", AWS_SECRET_ACCESS_KEY: "aws-victim" };
  const CASES: readonly (readonly [string, object, RegExp])[] = [
    ["a token in ${…}", { build_args: ["CI=${CI_JOB_TOKEN}"] }, /may not read CI_JOB_TOKEN/],
    ["a variable", { build_args_from_env: ["AWS_SECRET_ACCESS_KEY"] }, /may not read AWS_SECRET_ACCESS_KEY/],
    [
      "a Secret as a build argument",
      { build_args_from_env: ["X"], secretFrom: { X: { name: "prod-db", keyRef: "password" } } },
      /secretFrom may fill only credentials, and X is not one/,
    ],
    [
      "a Secret as a tag",
      { secretFrom: { PLUGIN_TAGS: { name: "prod-db", keyRef: "password" } } },
      /PLUGIN_TAGS is not one/,
    ],
    [
      "a file to write",
      { artifact_file: "../home/.bashrc" },
      /PLUGIN_ARTIFACT_FILE is .* outside the working directory/,
    ],
    ["a file to write by a symlink", { image_name_with_digest_file: "link/.bashrc" }, /outside the working directory/],
    ["an archive to write", { tar_path: "../home/.bashrc" }, /PLUGIN_TAR_PATH/],
    ["an output in its environment", { environment: { DRONE_OUTPUT: "../home/.bashrc" } }, /DRONE_OUTPUT/],
    ["a context", { context: "dir://../home" }, /PLUGIN_CONTEXT/],
    ["a context's subdirectory", { context: ".", context_sub_path: "../home" }, /PLUGIN_CONTEXT_SUB_PATH/],
    ["a Dockerfile", { dockerfile: "link/.ssh/id_rsa" }, /PLUGIN_DOCKERFILE/],
    ["a file of variables", { env_file: "../home/.bashrc" }, /PLUGIN_ENV_FILE/],
    ["variables from its own file", { env_file: "own.env" }, /may not read AWS_SECRET_ACCESS_KEY/],
    ["TLS", { insecure_registry: "r.example" }, /only you can trust a registry/],
    ["another CA", { registry_certificate: "r.example=ca.pem" }, /only you can trust a registry/],
  ];

  test.for(CASES)("%s is refused", { tags: ["long"] }, async ([, fields, says]) => {
    const { cwd, home } = await victim({
      "pipeline.yaml": JSON.stringify({ pipeline: { build_image: { ...STEP, ...fields } } }),
      "own.env": "PLUGIN_BUILD_ARGS_FROM_ENV=AWS_SECRET_ACCESS_KEY\n",
      Dockerfile: `FROM ${BUSYBOX}\n`,
    });
    const done = await run(["pipeline", "pipeline.yaml", "build_image", "--dry-run"], cwd, home, SECRETS);
    expect(done.stderr).toMatch(/^ERROR: pipeline\.yaml: /m);
    expect(done.stderr).toMatch(says);
    for (const value of Object.values(SECRETS)) expect(done.output).not.toContain(value);
    await expectNothingDone(done, home, 125);
  });

  test("facts of the commit still become build arguments", async () => {
    const { cwd, home } = await victim({
      "pipeline.yaml": JSON.stringify({
        pipeline: {
          build_image: {
            ...STEP,
            build_args: "A=${DRONE_COMMIT_SHA}",
            build_args_from_env: "CI_COMMIT_TAG,OWN",
            environment: { OWN: "own" },
          },
        },
      }),
      Dockerfile: `FROM ${BUSYBOX}\n`,
    });
    const env = { DRONE_COMMIT_SHA: "abc123", CI_COMMIT_TAG: "v1" };
    const done = await run(["pipeline", "pipeline.yaml", "build_image", "--dry-run"], cwd, home, env);
    expect(done.code).toBe(0);
    // A variable may hold a secret, so its value is in the build's Secret.
    for (const text of ["A=abc123", "CI_COMMIT_TAG=$(SLIPWAY_VALUE_1)", "OWN=$(SLIPWAY_VALUE_0)"]) {
      expect(done.stdout).toContain(`--build-arg=${text}`);
    }
    expect(await kubectl(["get", "jobs", "-n", namespace.name, "-o", "name"])).toBe("");
  });
});
