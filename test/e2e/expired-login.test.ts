/** The login to the cluster runs out during a build: the API server answers 401 to what it took a moment ago. */
import { chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { detour } from "./support/detour.ts";
import type { Detour } from "./support/detour.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";
import { printedBy, printing } from "./support/step-lines.ts";

const namespace = useNamespace({ rbac: ["--manage"] });
const LINES = Array.from({ length: 22 }, (_, number) => `line ${number}`);
const COUNTS = `FROM ${BUSYBOX}\nRUN for i in $(seq 0 ${LINES.length - 1}); do echo line $i; sleep 1; done\n`;

interface Login {
  readonly token: string;
  /** Settles when the API server has forgotten it: a token it has just taken it takes for another ten seconds. */
  readonly end: () => Promise<void>;
}

/** A token that is good as long as a Secret is there. */
async function logIn(name: string): Promise<Login> {
  const here = ["-n", namespace.name];
  await kubectl(["create", "secret", "generic", name, ...here]);
  const bound = ["--bound-object-kind=Secret", `--bound-object-name=${name}`, "--duration=1h"];
  const token = (await kubectl(["create", "token", "slipway", ...bound, ...here])).trim();
  return {
    token,
    end: async () => {
      await kubectl(["delete", "secret", name, ...here]);
      const path = join(await project({}), "kubeconfig");
      const config = JSON.parse(await kubectl(["config", "view", "--minify", "--raw", "-o", "json"])) as {
        users: { user: object }[];
      };
      for (const entry of config.users) entry.user = { token };
      await writeFile(path, JSON.stringify(config), { mode: 0o600 });
      const ask = (): Promise<string> =>
        kubectl(["get", "pods", ...here, "--kubeconfig", path]).then(
          () => "taken",
          (error: unknown) => String(error),
        );
      await expect.poll(ask).toMatch(/must be logged in|Unauthorized/);
    },
  };
}

/** A build during which, at its second line, `change` happens; and then every connection is cut. */
async function during(way: Detour, change: () => Promise<void>, image: string, root: string) {
  let changed: Promise<void> | undefined;
  const run = await build(namespace, ["-t", image, root], {
    env: { KUBECONFIG: way.kubeconfig },
    onStderr: (text) => {
      if (printing("line 1").test(text)) changed ??= change().then(() => way.cut());
    },
  });
  await changed;
  return run;
}

test("expired token: reported once, with the command to attach, while the build keeps running", async () => {
  const login = await logIn("static");
  const way = await detour(namespace.kubeconfig, { user: { token: login.token } });
  const image = uniqueImage();
  const root = await project({ Dockerfile: COUNTS });
  const lost = await during(way, login.end, image, root);
  expect([lost.code, lost.stdout]).toEqual([4, ""]);
  const name = /^=> create: (slipway-\S+)$/m.exec(lost.stderr)?.[1] ?? "";
  expect(lost.stderr.slice(lost.stderr.indexOf("WARNING"))).toMatch(
    new RegExp(
      `^WARNING: build ${name} keeps running in the cluster\\n {2}- Log in to the cluster again, and attach to it with \`slipway attach ${name}\`\\.\\n` +
        "ERROR: the cluster does not accept these credentials at http\\S+ .*\\n {2}- Log in to the cluster again",
    ),
  );
  expect(lost.stderr.match(/ERROR|WARNING/g)).toEqual(["WARNING", "ERROR"]);
  const attach = (kubeconfig: string): Promise<Run> =>
    slipway(["attach", name, "-n", namespace.name], { env: { KUBECONFIG: kubeconfig } });
  const still = await attach(way.kubeconfig);
  expect([still.code, still.stdout]).toEqual([4, ""]);
  expect(still.stderr).toMatch(/^ERROR: the cluster does not accept these credentials at /);
  const attached = await attach(namespace.kubeconfig);
  expect(attached.code).toBe(0);
  expect(printedBy(attached.stderr).match(/^line \d+$/gm)).toEqual(LINES);
  expect(attached.stderr).toContain(`=> built digest ${(await readImage(image)).digest}\n`);
  expect((await objectsIn(namespace.name)).filter((object) => /^(?:secret|configmap)\//.test(object))).toEqual([]);
});

test("token that expires during attach: reported once, and the build keeps running", { tags: ["long"] }, async () => {
  const login = await logIn("attached");
  const way = await detour(namespace.kubeconfig, { user: { token: login.token } });
  const root = await project({ Dockerfile: COUNTS });
  const name = (await mustBuild(namespace, ["--detach", root])).stdout.trim();
  let ended: Promise<void> | undefined;
  const attached = await slipway(["attach", name, "-n", namespace.name], {
    env: { KUBECONFIG: way.kubeconfig },
    onStderr: (text) => {
      if (printing("line 1").test(text)) ended ??= login.end().then(() => way.cut());
    },
  });
  await ended;
  expect([attached.code, attached.stdout]).toEqual([4, ""]);
  expect(attached.stderr).toMatch(
    new RegExp(
      `^WARNING: build ${name} keeps running in the cluster\\n {2}- Log in to the cluster again, and attach`,
      "m",
    ),
  );
  const waited = await slipway(["wait", name, "-n", namespace.name], { env: { KUBECONFIG: namespace.kubeconfig } });
  expect(waited.code).toBe(0);
});

test(
  "credential plugin with a new token: asked again, and the build continues without a message",
  { tags: ["long"] },
  async () => {
    const [first, second] = await Promise.all([logIn("first"), logIn("second")]);
    const root = await project({ Dockerfile: COUNTS });
    const tools = await project({
      token: first.token,
      plugin: `#!/bin/sh
echo asked >> "$(dirname "$0")/asked"
printf '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","status":{"token":"%s"}}' "$(cat "$(dirname "$0")/token")"
`,
    });
    const command = join(tools, "plugin");
    await chmod(command, 0o755);
    const exec = { apiVersion: "client.authentication.k8s.io/v1", command, interactiveMode: "Never" };
    const way = await detour(namespace.kubeconfig, { user: { exec } });
    const renew = async (): Promise<void> => {
      await writeFile(join(tools, "token"), second.token);
      await first.end();
    };
    const image = uniqueImage();
    const built = await during(way, renew, image, root);
    expect(built.code).toBe(0);
    expect(way.refused()).toBeGreaterThan(0);
    expect(printedBy(built.stderr).match(/^line \d+$/gm)).toEqual(LINES);
    expect(built.stderr).toContain(`=> built digest ${(await readImage(image)).digest}\n`);
    expect(built.stderr).not.toMatch(/WARNING|ERROR/);
  },
);
