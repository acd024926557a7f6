/** Questions at a real terminal (tmux), and each possible answer. */
import { expect, test } from "vitest";
import { BUSYBOX, build, environment } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { terminal } from "./support/terminal.ts";

const namespace = useNamespace({ rbac: ["--manage"] });

test("prune removes nothing unless the answer to its question is yes", async () => {
  await build(namespace, [await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN false\n` })]);
  const jobs = (): Promise<string> => kubectl(["get", "jobs", "-n", namespace.name, "-o", "name"]);
  const before = await jobs();
  expect(before).toMatch(/^job\.batch\/slipway-\S+\n$/);
  for (const [keys, code, says, left] of [
    [["n", "Enter"], 0, /^Nothing was removed\.$/m, before],
    [["Enter"], 0, /^Nothing was removed\.$/m, before],
    [["C-c"], 130, /^ERROR: stopped by Ctrl-C$/m, before],
    [["C-d"], 130, /^ERROR: stopped: the input ended without an answer$/m, before],
    [["y", "Enter"], 0, /^slipway-\S+$/m, ""],
  ] as const) {
    const { screen, keys: press } = terminal({ KUBECONFIG: namespace.kubeconfig }, ["prune", "-n", namespace.name]);
    await expect.poll(screen).toMatch(/^Remove it from the namespace \S+\? \[y\/N\]/m);
    press(...keys);
    await expect.poll(screen).toContain(`ended with ${code}`);
    expect(screen()).toMatch(says);
    await expect.poll(jobs).toBe(left);
  }
});

test("login's password is not shown, and Ctrl-C and Ctrl-D at its question keep nothing", async () => {
  const root = await project({});
  const login = ["login", "-u", environment("REGISTRY_AUTH_USER"), environment("REGISTRY_AUTH")];
  const env = { HOME: root, DOCKER_CONFIG: `${root}/docker`, XDG_CONFIG_HOME: root, DBUS_SESSION_BUS_ADDRESS: "none" };
  for (const [keys, code, says] of [
    [["hidden-secret", "C-c"], 130, /^ERROR: stopped by Ctrl-C$/m],
    [["C-d"], 130, /^ERROR: stopped: the input ended without an answer$/m],
    [["Enter"], 125, /^ERROR: the password is empty$/m],
    [["hidden-secret", "Enter"], 4, /^ERROR: .* does not accept this user name and password$/m],
    [[environment("REGISTRY_AUTH_PASSWORD"), "Enter"], 0, /^Login Succeeded$/m],
  ] as const) {
    const { screen, keys: press } = terminal(env, login);
    await expect.poll(screen).toMatch(/^Password:/m);
    press(...keys);
    await expect.poll(screen).toContain(`ended with ${code}`);
    expect(screen()).toMatch(says);
    expect(screen()).not.toMatch(new RegExp(`hidden-secret|${environment("REGISTRY_AUTH_PASSWORD")}`));
  }
});
