/** Configuration as a user meets it: a project's file, and one in what is unpacked, which has no say. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";

const namespace = useNamespace();

test("a project's file completes the name and sets flags; the environment and the command line override it", async () => {
  const prefix = uniqueImage();
  const root = await project({
    ".slipway.yaml": `registry: ${prefix}\nbuild-arg:\n  WHO: 1.10\nlabel:\n  from: file\ntimeout: 5m\n`,
    "sub/Dockerfile": `FROM ${BUSYBOX}\nARG WHO\nLABEL who=$WHO\n`,
  });
  const run = await mustBuild(namespace, ["-t", "app", "--label", "from=line", "."], {
    cwd: join(root, "sub"),
    env: { SLIPWAY_PROGRESS: "plain", SLIPWAY_TIMEOUT: "6m" },
  });
  expect(run.stderr).toContain("=> settings of ../.slipway.yaml: build-arg\n");
  expect(run.stderr).toContain(`=> pushed ${prefix}/app:latest`);
  const { config } = await readImage(`${prefix}/app:latest`);
  expect(config.config.Labels).toMatchObject({ who: "1.10", from: "line" });
});

test("a configuration file inside an archive is not read", async () => {
  const image = uniqueImage();
  const root = await project({
    "in/.slipway.yaml": "kubeconfig: /etc/passwd\nregistry: evil.example\nnamespace: kube-system\n",
    "in/Dockerfile": `FROM ${BUSYBOX}\n`,
    "out/here": "",
  });
  const stdin = spawnSync("tar", ["-c", "-C", join(root, "in"), "."]).stdout;
  const run = await mustBuild(namespace, ["-q", "-t", image, "-"], { cwd: join(root, "out"), stdin });
  expect(run.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
  expect(run.stderr).toBe("");
});

test("slipway config prints each setting with its origin, and needs no cluster", async () => {
  const root = await project({
    ".slipway.yaml": "registry: r.example.com/team\nmemory: 2g\n",
    Dockerfile: `FROM ${BUSYBOX}\n`,
  });
  const env = { KUBECONFIG: "/nowhere", SLIPWAY_TIMEOUT: "9m" };
  const run = await slipway(["config", "-t", "app", "."], { cwd: root, env });
  expect([run.code, run.stderr]).toEqual([0, ""]);
  const rows = run.stdout.split("\n").map((line) => line.split(/ {2,}/));
  expect(rows).toEqual(
    expect.arrayContaining([
      ["SETTING", "VALUE", "FROM"],
      ["memory", "2g", "settings of .slipway.yaml"],
      ["registry", "r.example.com/team", expect.stringMatching(/^settings of .*\/\.slipway\.yaml$/)],
      ["tag", "app", "command line"],
      ["timeout", "9m", "SLIPWAY_TIMEOUT"],
      ["ttl", "1h", "default"],
    ]),
  );
});
