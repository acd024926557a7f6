/** The container that keeps a build's result for its client, in a real pod: it must not hold the pod for a client that is gone. */
import { expect, test } from "vitest";
import { EXPORTER, exporter, exportVolumes, presenceCommand, waitScript } from "../../src/ship/export/exporter.ts";
import { PLAN } from "../unit/plan/sample.ts";
import { environment } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";

const namespace = useNamespace({ podSecurity: "restricted" });
const SILENT = 6;

/** The times, in milliseconds since the epoch, at which the container began and ended, and what it left as its message. */
async function lastsUntilGone(name: string, act: () => Promise<void>): Promise<{ seconds: number; message: string }> {
  const plan = {
    ...PLAN,
    helperImage: environment("SLIPWAY_HELPER_IMAGE"),
    exports: [{ kind: "files", format: "tar", dest: "out" }],
  } as const;
  const containers = exporter(plan, { user: 1000, group: 1000 }).map((container) => ({
    ...container,
    command: ["sh", "-c", waitScript(SILENT, 2)],
    securityContext: { ...container.securityContext, runAsNonRoot: true },
  }));
  const spec = {
    restartPolicy: "Never",
    automountServiceAccountToken: false,
    containers,
    volumes: exportVolumes(plan),
  };
  await kubectl(
    ["create", "-n", namespace.name, "-f", "-"],
    JSON.stringify({ apiVersion: "v1", kind: "Pod", metadata: { name }, spec }),
  );
  const wait = (what: string) =>
    kubectl(["wait", "-n", namespace.name, `pod/${name}`, `--for=${what}`, "--timeout=60s"]);
  await wait("condition=Ready");
  await act();
  await wait("jsonpath={.status.phase}=Succeeded");
  const path = "{.status.containerStatuses[0].state.terminated}";
  const { startedAt, finishedAt, message } = JSON.parse(
    await kubectl(["get", "-n", namespace.name, `pod/${name}`, "-o", `jsonpath=${path}`]),
  ) as { startedAt: string; finishedAt: string; message: string };
  return { seconds: (Date.parse(finishedAt) - Date.parse(startedAt)) / 1000, message };
}

test("gives up a client that says nothing, and waits for one that speaks", { timeout: 120_000 }, async () => {
  const [silent, spoken] = await Promise.all([
    lastsUntilGone("silent", async () => {}),
    lastsUntilGone("spoken", async () => {
      for (let word = 1; word <= 4; word++) {
        await kubectl(["exec", "-n", namespace.name, "spoken", "-c", EXPORTER, "--", ...presenceCommand(word)]);
        await new Promise((resolve) => {
          setTimeout(resolve, 3000);
        });
      }
    }),
  ]);
  expect(silent.message).toBe(
    `nothing was heard of the client for ${SILENT} seconds: it is gone, and the result with it\n`,
  );
  expect(spoken.message).toBe(silent.message);
  // From the last of its four words on, which came nine seconds after the first.
  expect(spoken.seconds).toBeGreaterThanOrEqual(9 + SILENT - 2);
  expect(silent.seconds).toBeLessThan(spoken.seconds);
});
