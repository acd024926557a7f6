/** The output for a person at a terminal, and for a script. */
import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { PROGRAM } from "./support/slipway.ts";
import { printedBy } from "./support/step-lines.ts";

const namespace = useNamespace();

test("--dry-run prints objects that the cluster accepts, without secrets, and creates none", async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\n`,
    "docker/config.json": JSON.stringify({
      auths: { [BUSYBOX.split("/")[0] ?? ""]: { auth: Buffer.from("me:marked-password").toString("base64") } },
    }),
  });
  const run = await mustBuild(namespace, ["--dry-run", "-t", uniqueImage(), root], {
    env: { DOCKER_CONFIG: `${root}/docker` },
  });
  expect(run.stdout).toMatch(/^kind: Job$/m);
  expect(run.stdout).toMatch(/^kind: Secret$/m);
  expect(run.stdout).not.toContain(Buffer.from("marked-password").toString("base64").slice(0, 16));
  expect(await objectsIn(namespace.name)).toEqual([]);
  const secretless = run.stdout
    .split("---\n")
    .filter((document) => !/^kind: Secret$/m.test(document))
    .join("---\n");
  expect(await kubectl(["apply", "--dry-run=server", "-n", namespace.name, "-f", "-"], secretless)).toMatch(
    /job\.batch\/slipway-\S+ created/,
  );
});

test("a terminal shows finished stages, the log and no broken line; standard output stays empty", async () => {
  const image = uniqueImage();
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo hello from the build\n` });
  // script(1) gives the program a terminal for stdin, stdout and stderr.
  const command = `stty cols 100; ${PROGRAM.join(" ")} build -n ${namespace.name} -t ${image} ${root} > ${root}/answer`;
  const { stdout, status } = spawnSync("script", ["-qec", command, "/dev/null"], {
    encoding: "utf8",
    env: { ...process.env, TERM: "xterm" },
    input: "",
  });
  expect(status).toBe(0);
  expect(stdout).toContain("hello from the build");
  expect(stdout).toContain("✔");
  const { readFile } = await import("node:fs/promises");
  expect(await readFile(`${root}/answer`, "utf8")).toBe("");
});

test("without a terminal there are no control codes, and the log is complete and in order", async () => {
  const root = await project({
    Dockerfile: `FROM ${BUSYBOX}\nRUN i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done\n`,
  });
  const run = await mustBuild(namespace, [root]);
  // eslint-disable-next-line no-control-regex
  expect(run.stderr).not.toMatch(/[\u0000-\u0008\u000b-\u001f]/);
  const lines = printedBy(run.stderr)
    .split("\n")
    .filter((line) => /^line \d+$/.test(line));
  expect(lines).toEqual(Array.from({ length: 5000 }, (_, index) => `line ${index}`));
});

test("--progress json prints one object per line, from the first stage to the digest", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const run = await mustBuild(namespace, ["--progress", "json", "-t", uniqueImage(), root]);
  const events = run.stderr
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as { type: string; stage?: string; ms?: number; result?: { digest: string } });
  const done = events.filter((event) => event.type === "stage-done").map((event) => event.stage);
  expect(done).toEqual(["pack", "create", "schedule", "build"]);
  expect(events.at(-1)?.result?.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
  expect(run.stdout).toBe("");
});

test("a reader that closes the output early causes no crash", async () => {
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
  const { status, stderr } = spawnSync(
    "sh",
    ["-c", `${PROGRAM.join(" ")} build -n ${namespace.name} --dry-run ${root} | head -1`],
    { encoding: "utf8" },
  );
  expect(stderr).toBe("");
  expect(status).toBe(0);
  const run = await build(namespace, ["--help"]);
  expect(run.code).toBe(0);
  expect(run.stdout).toMatch(/124 {2}timed out/);
});
