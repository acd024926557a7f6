/** What somebody plants in a Job reaches no terminal, by whichever command it is looked at. */
import { spawnSync } from "node:child_process";
import { beforeAll, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/command-table.ts";
import { BUSYBOX } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { PROGRAM } from "./support/slipway.ts";

const namespace = useNamespace({ rbac: ["--manage", "--cache-volume"] });
const HOSTILE = "x\u001B]0;pwned-title\u0007\u001B[2Jy";
// JSON has the text with its control characters escaped, which a terminal does not obey.
const OBEYED = ["\u001B[2J", "\u001B]", "\u0007"];

beforeAll(async () => {
  const job = {
    apiVersion: "batch/v1",
    kind: "Job",
    metadata: {
      name: "slipway-forged-x7k2m9qd",
      labels: {
        "app.kubernetes.io/managed-by": "slipway",
        "slipway.dev/build": "slipway-forged-x7k2m9qd",
        "slipway.dev/builder": "kaniko",
      },
      annotations: {
        "slipway.dev/references": `r.example/${HOSTILE}`,
        "slipway.dev/container": "kaniko",
        "slipway.dev/created-by": HOSTILE,
      },
    },
    spec: {
      backoffLimit: 0,
      template: {
        metadata: {
          labels: { "app.kubernetes.io/managed-by": "slipway", "slipway.dev/build": "slipway-forged-x7k2m9qd" },
        },
        spec: {
          restartPolicy: "Never",
          containers: [
            {
              name: "kaniko",
              image: BUSYBOX,
              command: [
                "sh",
                "-c",
                `printf '%b' 'log \\033]0;pwned-title\\007\\033[2J line\\n' | tee /dev/termination-log; exit 1`,
              ],
            },
          ],
        },
      },
    },
  };
  await kubectl(["apply", "-n", namespace.name, "-f", "-"], JSON.stringify(job));
  await kubectl([
    "wait",
    "-n",
    namespace.name,
    "--for=condition=Failed",
    "job/slipway-forged-x7k2m9qd",
    "--timeout=120s",
  ]);
});

/** How each command that reads objects of the cluster is called, in this order: the last ones remove the Job. */
const CALLS: Readonly<Record<string, readonly string[]>> = {
  ps: ["-a"],
  inspect: ["slipway-forged-x7k2m9qd"],
  logs: ["slipway-forged-x7k2m9qd"],
  wait: ["slipway-forged-x7k2m9qd"],
  attach: ["slipway-forged-x7k2m9qd"],
  cancel: ["slipway-forged-x7k2m9qd"],
  "cache:ls": [],
  "cache:rm": [HOSTILE],
  keep: [],
  "keep:stop": ["slipway-forged-x7k2m9qd"],
  rm: ["slipway-forged-x7k2m9qd"],
  prune: ["--force", "--all-users"],
};

/** They read no object of the cluster that somebody else may have made, or are views of a build: test/unit/lib/terminal/output.test.ts. */
const OTHERS = [
  "bake",
  "build",
  "builders",
  "builders:inspect",
  "buildx:version",
  "completion",
  "config",
  "context",
  "doctor",
  "imagetools:create",
  "imagetools:inspect",
  "init",
  "install-plugin",
  "login",
  "logout",
];
const MORE_OTHERS = ["pipeline", "plugin", "push", "rbac", "tag", "uninstall-plugin", "version", "warm"];

test("every command is named here", () => {
  expect(Object.keys(COMMANDS).sort()).toEqual([...Object.keys(CALLS), ...OTHERS, ...MORE_OTHERS].sort());
});

test.each(Object.keys(CALLS))("%s shows no control sequence of a forged Job on a terminal", (command) => {
  const args = [...command.split(":"), "-n", namespace.name, ...(CALLS[command] ?? [])];
  const quoted = [...PROGRAM, ...args].map((arg) => `'${arg}'`).join(" ");
  const { stdout } = spawnSync("script", ["-qc", `stty cols 100; ${quoted}`, "/dev/null"], {
    encoding: "utf8",
    input: "",
    env: { ...process.env, KUBECONFIG: namespace.kubeconfig, TERM: "xterm" },
  });
  expect(stdout).not.toBe("");
  expect(OBEYED.filter((text) => stdout.includes(text))).toEqual([]);
});
