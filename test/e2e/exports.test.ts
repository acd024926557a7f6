/** The container that keeps a build's result for its client, in a real pod: it must not hold the pod for a client that is gone. */
import { expect, test } from "vitest";
import { EXPORTER, exporter, exportVolumes, presenceCommand, waitScript } from "../../src/ship/export/exporter.ts";
import { PLAN } from "../unit/plan/sample.ts";
import { environment } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";

const namespace = useNamespace({ podSecurity: "restricted" });
/** Longer than the client's words are apart on a busy machine, in seconds. */
const SILENT = 40;
const pod = (name: string, ...args: string[]): Promise<string> =>
  kubectl([...args, `pod/${name}`, "-n", namespace.name]);

/** A pod with the container in it, when it waits for its client. */
async function startWaiting(name: string): Promise<void> {
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
  await pod(name, "wait", "--for=condition=Ready", "--timeout=120s");
}

/** The container's termination message after it has given up its client. */
async function untilGone(name: string): Promise<string> {
  await pod(name, "wait", "--for=jsonpath={.status.phase}=Succeeded", "--timeout=240s");
  return pod(name, "get", "-o", "jsonpath={.status.containerStatuses[0].state.terminated.message}");
}

test(
  "a result is dropped if its client is silent, and kept while the client sends messages",
  { tags: ["long"] },
  async () => {
    await startWaiting("spoken");
    const gone = new AbortController();
    const silent = startWaiting("silent")
      .then(() => untilGone("silent"))
      .finally(() => gone.abort());
    // One is spoken to for at least as long as the other takes to give up.
    for (let word = 1; !gone.signal.aborted; word += 1) {
      await kubectl(["exec", "-n", namespace.name, "spoken", "-c", EXPORTER, "--", ...presenceCommand(word)]);
    }
    expect(await silent).toBe(`the client was silent for ${SILENT} seconds: it is gone, and the result is discarded\n`);
    expect(await pod("spoken", "get", "-o", "jsonpath={.status.phase}")).toBe("Running");
    expect(await untilGone("spoken")).toBe(await silent);
  },
);
