/** `slipway init` at a real terminal (tmux) and without one. */
import { readFile, writeFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { PROGRAM, slipway } from "./support/slipway.ts";
import { shell } from "./support/terminal.ts";

const namespace = useNamespace();

test("asks at a terminal, writes the file, runs doctor, and the next build needs no registry", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nLABEL a=b\n` });
  const env = { KUBECONFIG: namespace.kubeconfig, DOCKER_CONFIG: root, HOME: root, PS1: "> " };
  const { screen, keys } = shell(["bash", "--norc"], root, env);
  keys(`${PROGRAM.join(" ")} init --no-doctor; echo "ended with $?"`, "Enter");
  await expect.poll(screen).toMatch(/^Registry.*: *$/m);
  keys("Not-A-Registry/Team", "Enter");
  await expect.poll(screen).toMatch(/^ {2}write HOST/m);
  keys(`${REGISTRY}/test/init`, "Enter");
  await expect.poll(screen).toMatch(/^Namespace to build in \[.+\]:/m);
  keys(namespace.name, "Enter");
  await expect.poll(screen).toMatch(/^Builder .*\[auto\]:/m);
  keys("Enter");
  await expect.poll(screen).toContain("ended with 0");
  expect(await readFile(`${root}/.slipway.yaml`, "utf8")).toMatch(`\nregistry: ${REGISTRY}/test/init\n`);
  const run = await slipway(["build", "-n", namespace.name, "--dry-run", "-t", "app", "."], { cwd: root, env });
  expect([run.code, run.stdout]).toEqual([0, expect.stringContaining(`${REGISTRY}/test/init/app:latest`)]);
});

const answers = (registry: string): string[] => [
  "init",
  `--registry=${registry}`,
  `--namespace=${namespace.name}`,
  "--builder=auto",
];

test("without a terminal takes the answers from flags, and ends as doctor does", async () => {
  const root = await project({});
  const env = { KUBECONFIG: namespace.kubeconfig, DOCKER_CONFIG: root };
  const run = await slipway(answers(`${REGISTRY}/test/init`), { cwd: root, env });
  expect([run.code, run.stdout]).toEqual([0, expect.stringMatching(/^ok +push .*$[^]*^Ready to build: /m)]);
  const refused = await slipway(["init", "--builder=auto"], { cwd: root, env });
  expect([refused.code, refused.stderr]).toEqual([125, expect.stringContaining("--registry, --namespace.")]);
});

test("changes a file that is there only with --force, and says which lines", async () => {
  const root = await project({ ".slipway.yaml": "# ours\nregistry: old.example.com\ntimeout: 1h\n" });
  const run = (...more: string[]) => slipway([...answers("new.example.com"), "--no-doctor", ...more], { cwd: root });
  const refused = await run();
  expect(refused.code).toBe(125);
  expect(refused.stderr).toContain("  - registry: old.example.com\n  + registry: new.example.com\n");
  expect(await readFile(`${root}/.slipway.yaml`, "utf8")).toContain("old.example.com");
  expect((await run("--force")).code).toBe(0);
  const changed = "# ours\nregistry: new.example.com\ntimeout: 1h\n";
  expect(await readFile(`${root}/.slipway.yaml`, "utf8")).toBe(changed);
  await writeFile(`${root}/.slipway.yaml`, "registry: [unclosed\n");
  expect((await run("--force")).code).toBe(125);
});
