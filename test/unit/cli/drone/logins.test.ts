/** The build uses the logins of a step, and slipway gives them to no program that it starts. */
import { spawnSync } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";

const PROGRAM = new URL("../../../../bin/run.js", import.meta.url).pathname;
const PASSWORD = "a password nobody else has";
const ENCODED = Buffer.from(`robot:${PASSWORD}`).toString("base64");
/** A credential helper that has no credentials, and records what it sees. */
const HELPER = `#!/bin/sh
env > "$SEEN"
tr '\\0' ' ' < "/proc/$PPID/cmdline" >> "$SEEN"
echo "credentials not found in native keychain"
exit 1
`;

let root: string;
beforeEach(async () => {
  root = await mkdtemp(join(tmpdir(), "slipway-logins-"));
  await writeFile(join(root, "Dockerfile"), "FROM base.example.com/base\n");
  await writeFile(join(root, "config.json"), '{"credHelpers":{"base.example.com":"spy","r.example.com":"spy"}}');
  await writeFile(join(root, "docker-credential-spy"), HELPER, { mode: 0o755 });
});
afterEach(() => rm(root, { recursive: true, force: true }));

/** The objects that a step would create, and everything that the helper saw. */
async function plugin(
  step: Readonly<Record<string, string>>,
): Promise<{ objects: string; stderr: string; seen: string }> {
  const env: NodeJS.ProcessEnv = {
    ...process.env,
    PATH: `${root}:${process.env["PATH"]}`,
    DOCKER_CONFIG: root,
    XDG_CONFIG_HOME: root,
    SEEN: join(root, "seen"),
    PLUGIN_REPO: "r.example.com/app",
    ...step,
  };
  const run = spawnSync(process.execPath, [PROGRAM, "plugin", "--dry-run"], { cwd: root, env, encoding: "utf8" });
  return { objects: run.stdout, stderr: run.stderr, seen: await readFile(join(root, "seen"), "utf8").catch(() => "") };
}

test.each([
  { PLUGIN_USERNAME: "robot", PLUGIN_PASSWORD: PASSWORD },
  { DOCKER_USERNAME: "robot", DOCKER_PASSWORD: PASSWORD },
  { PLUGIN_CONFIG: JSON.stringify({ auths: { "r.example.com": { auth: ENCODED } } }) },
])("a credential helper does not see the login of the step %j", async (step) => {
  const { objects, stderr, seen } = await plugin(step);
  expect(stderr).toBe("");
  expect(objects).toMatch(/^kind: Secret$/m);
  // A process that has the login has asked the helper, for the base image.
  expect(seen).toContain("PLUGIN_REPO=r.example.com/app");
  for (const secret of [PASSWORD, ENCODED, "DOCKER_AUTH_CONFIG"]) expect(seen).not.toContain(secret);
});

test("a step without a login creates no Secret", async () => {
  expect((await plugin({})).objects).not.toMatch(/^kind: Secret$/m);
});

test("a PLUGIN_CONFIG that is not JSON is refused with line and column", async () => {
  const { stderr, objects } = await plugin({ PLUGIN_CONFIG: '{"auths"' });
  expect([stderr, objects]).toEqual([
    expect.stringMatching(/^ERROR: PLUGIN_CONFIG is not JSON: line 1, column 9$/m),
    "",
  ]);
});
