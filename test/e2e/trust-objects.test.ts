/**
 * Strangers in the namespace who may create or patch pods, ConfigMaps and volume claims, or whose Jobs take pods of others, against prune, rm, cache,
 * exports, the completion and what is printed. Each row is one attack by an account with only the rights that the row names.
 */
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import type { V1Job, V1Pod } from "@kubernetes/client-node";
import { describe, expect, onTestFinished, test } from "vitest";
import { BUSYBOX, REGISTRY, build, uniqueImage } from "./support/build.ts";
import { detour } from "./support/detour.ts";
import { kubectl } from "./support/kubectl.ts";
import { objectsIn, useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { slipway } from "./support/slipway.ts";
import { BUILD, MANAGED, asWords, foreignJob, foreignPod, neighboursIn } from "./support/stranger.ts";

const namespace = useNamespace({ rbac: ["--manage", "--keep", "--cache-volume"] });
const { run, inside, stranger, own, removeJobs, readJob, isWhole, labelsFor } = neighboursIn(namespace);

describe("prune", () => {
  test("keeps the pod of somebody else that a stranger who may patch pods labels", { tags: ["long"] }, async () => {
    const mallory = await stranger(["get,patch pods"]);
    await inside(["create", "-f", "-"], foreignPod("prod-web"));
    onTestFinished(async () => void (await inside(["delete", "pod", "prod-web", "--ignore-not-found"])));
    await mallory(["label", "pod", "prod-web", ...asWords(labelsFor("slipway-gone-bcdfghjk"))]);
    await run(["prune", "-f", "-A"]);
    expect(await isWhole("prod-web")).toBe(true);
  });

  test.each([
    [
      "pods gives its pod the label of another build",
      "get,list,patch pods",
      (name: string) => ["label", "pod", "-l", `${BUILD}=${name}`, `${BUILD}=slipway-gone-bcdfghjk`, "--overwrite"],
    ],
    ["Jobs takes its label away", "get,patch jobs.batch", (name: string) => ["label", "job", name, `${MANAGED}-`]],
  ] as const)(
    "leaves the user's running build whole when a stranger who may patch %s",
    { tags: ["long"] },
    async (_, may, args) => {
      onTestFinished(async () => void (await removeJobs()));
      const mallory = await stranger([may]);
      const name = await own();
      const { metadata } = JSON.parse(
        await inside(["get", "pods", "-l", `${BUILD}=${name}`, "-o", "jsonpath={.items[0]}"]),
      ) as V1Pod;
      await mallory(args(name));
      // Also for somebody who may list Secrets and ConfigMaps.
      for (const env of [{ KUBECONFIG: namespace.kubeconfig }, {}]) {
        await slipway(["prune", "-f", "-A", "--volumes", "-n", namespace.name], { env });
      }
      expect(await isWhole(metadata?.name ?? "")).toBe(true);
    },
  );

  test("and rm keep the pod of somebody else that a stranger's Job has adopted", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    await inside(["create", "-f", "-"], foreignPod("prod-web", { labels: { app: "web" } }));
    onTestFinished(async () => void (await inside(["delete", "pod", "prod-web", "--ignore-not-found"])));
    const mallory = await stranger(["create jobs.batch"]);
    const labels = { ...labelsFor("slipway-adopts-bcdfghjk"), app: "web" };
    const matching = { manualSelector: true, selector: { matchLabels: { app: "web" } } };
    await mallory(["create", "-f", "-"], foreignJob("slipway-adopts-bcdfghjk", "true", { labels, ...matching }));
    await expect
      .poll(() => inside(["get", "pod", "prod-web", "-o", "jsonpath={.metadata.ownerReferences[*].name}"]))
      .toBe("slipway-adopts-bcdfghjk");
    await run(["rm", "-f", "slipway-adopts-bcdfghjk"]);
    await run(["prune", "-f", "-A"]);
    expect(await isWhole("prod-web")).toBe(true);
  });
});

describe("kept contexts", () => {
  test("cache rm deletes no volume of somebody else under the user's project", { tags: ["long"] }, async () => {
    const mallory = await stranger(["get,patch persistentvolumeclaims"]);
    const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
    await inside(["create", "-f", "-"], {
      apiVersion: "v1",
      kind: "PersistentVolumeClaim",
      metadata: { name: "prod-db" },
      spec: claim,
    });
    await mallory(["label", "pvc", "prod-db", `${MANAGED}=slipway`, "slipway.dev/volume=context"]);
    await mallory(["annotate", "pvc", "prod-db", "slipway.dev/cache-name=team/app"]);
    expect((await run(["cache", "ls", "-q"])).stdout).toBe("");
    for (const args of [
      ["cache", "rm", "-f", "team/app"],
      ["cache", "rm", "-f", "prod-db"],
      ["cache", "rm", "-f", "--all"],
    ]) {
      await run(args);
    }
    const left = await objectsIn(namespace.name);
    expect(left).toContain("persistentvolumeclaim/prod-db");
  });

  test("cache ls and cache rm print no line of a stranger's", { tags: ["long"] }, async () => {
    const name = "slipway-context-app-0123456789";
    const mallory = await stranger(["create persistentvolumeclaims", "create pods", "get pods"]);
    const claim = { accessModes: ["ReadWriteOnce"], resources: { requests: { storage: "1Mi" } } };
    const metadata = {
      name,
      labels: { [MANAGED]: "slipway", "slipway.dev/volume": "context" },
      annotations: { "slipway.dev/cache-name": "a\nERROR: forged\n$(touch /tmp/x)" },
    };
    await mallory(["create", "-f", "-"], { apiVersion: "v1", kind: "PersistentVolumeClaim", metadata, spec: claim });
    const { uid = "" } = (await readJobOrMake("holder")).metadata ?? {};
    const user = foreignPod("aaa", {
      labels: { [MANAGED]: "slipway" },
      ownerReferences: [{ apiVersion: "batch/v1", kind: "Job", name: "b\nERROR: forged", uid, controller: true }],
    });
    const volumes = [{ name: "v", persistentVolumeClaim: { claimName: name } }];
    await mallory(["create", "-f", "-"], { ...user, spec: { ...user.spec, volumes } }).catch(() => "");
    onTestFinished(async () => void (await removeJobs()));
    for (const args of [
      ["cache", "ls"],
      ["cache", "ls", "-q"],
      ["cache", "rm", name],
    ]) {
      const { output } = await run(args);
      expect([args, output]).toEqual([args, expect.not.stringMatching(/^(?:ERROR: forged|\$\(touch)/m)]);
    }
    await inside(["delete", "pvc", name, "--wait=false", "--ignore-not-found"]);
  });
});

async function readJobOrMake(name: string): Promise<V1Job> {
  await inside(["create", "-f", "-"], foreignJob(name, "sleep 600"));
  return readJob(name);
}

describe("texts of a stranger's Job", () => {
  test("begin no line of attach, wait, logs, inspect, ps or the completion", { tags: ["long"] }, async () => {
    onTestFinished(async () => void (await removeJobs()));
    const mallory = await stranger(["create jobs.batch"]);
    const lines = "x\nERROR: forged\n=> built forged\n$(touch /tmp/x)\t\u001B[2J";
    const forged = foreignJob(
      "slipway-lines-bcdfghjk",
      `printf 'x\\nERROR: forged\\n' > /dev/termination-log; exit 1`,
      {
        labels: labelsFor("slipway-lines-bcdfghjk"),
      },
    );
    const annotations = {
      "slipway.dev/references": `${REGISTRY}/team/app:1`,
      "slipway.dev/platform": lines,
      "slipway.dev/created-by": lines,
      "slipway.dev/cancelled-by": lines,
      "slipway.dev/container": "kaniko",
    };
    await mallory(["create", "-f", "-"], { ...forged, metadata: { ...forged.metadata, annotations } });
    await inside(["wait", "--for=condition=failed", "job/slipway-lines-bcdfghjk", "--timeout=120s"]);
    for (const args of [
      ["attach"],
      ["wait"],
      ["logs"],
      ["inspect"],
      ["inspect", "--format", "{{.Name}} {{.Reason}} {{.User}}"],
      ["ps", "-aA"],
    ]) {
      const words = args[0] === "ps" ? args : [...args, "slipway-lines-bcdfghjk"];
      const { output } = await run(words);
      expect([words, output]).toEqual([words, expect.not.stringMatching(/^(?:ERROR: forged|=> built)/m)]);
      expect([words, output.includes("\u001B")]).toEqual([words, false]);
    }
    const words = ["__complete", "logs", "-n", namespace.name, ""];
    const complete = async (): Promise<string> =>
      (await slipway(words, { env: { KUBECONFIG: namespace.kubeconfig } })).stdout;
    // It answers with nothing where the cluster takes longer than a person waits.
    await expect.poll(complete).toMatch(/^slipway-lines-bcdfghjk\tfailed/m);
    const stdout = await complete();
    expect(stdout).not.toMatch(/^(?:ERROR: forged|=> built|\$\(touch)/m);
  });
});

describe("exports", () => {
  test("-o writes nothing of a second pod with the uid of the build's Job", { tags: ["long"] }, async () => {
    const mallory = await stranger(["create pods", "get,list jobs.batch"]);
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN sleep 15\nRUN echo own > /own\n` });
    const out = join(root, "out");
    const building = build(namespace, ["-o", `type=local,dest=${out}`, root]);
    const find = async (): Promise<V1Job | undefined> =>
      (JSON.parse(await mallory(["get", "jobs", "-o", "json"])) as { items: V1Job[] }).items.find(
        ({ metadata, status }) => metadata?.name?.startsWith("slipway-") === true && (status?.active ?? 0) > 0,
      );
    await expect.poll(find).toBeDefined();
    const { metadata, spec } = (await find()) ?? {};
    const evil = foreignPod("aaa", {
      labels: { ...spec?.template.metadata?.labels },
      ownerReferences: [
        { apiVersion: "batch/v1", kind: "Job", name: metadata?.name ?? "", uid: metadata?.uid ?? "", controller: true },
      ],
    });
    const script = "mkdir -p /slipway && echo evil > /slipway/evil; sleep 60";
    const containers = ["kaniko", "export-result"].map((name) => ({
      name,
      image: BUSYBOX,
      command: ["sh", "-c", script],
    }));
    await mallory(["create", "-f", "-"], { ...evil, spec: { ...evil.spec, containers } });
    const { code, stderr } = await building;
    const written = await readdir(out).catch((): string[] => []);
    // The Job's controller may have removed the second pod before it was seen: then the build is whole.
    const own = [written.includes("own"), code === 0];
    const none = [written.length > 0, !/^ERROR: /m.test(stderr)];
    expect(code === 0 ? own : none).toEqual(code === 0 ? [true, true] : [false, false]);
    expect(written).not.toContain("evil");
  });
});

/** The path of the user's kubeconfig in JSON, as a detour takes it. */
async function account(): Promise<string> {
  const text = await kubectl(["config", "view", "--kubeconfig", namespace.kubeconfig, "--raw", "-o", "json"]);
  return join(await project({ "account.json": text }), "account.json");
}

describe("a build's ConfigMap", () => {
  test("that a stranger has made before the client can does not become the context", { tags: ["long"] }, async () => {
    const mallory = await stranger(["create configmaps"]);
    let name = "";
    onTestFinished(async () => void (await inside(["delete", "configmap", name, "--ignore-not-found"])));
    const { kubeconfig } = await detour(await account(), {
      hold: async (request) => {
        if (!/^POST \S+\/configmaps/.test(request) || name !== "") return;
        const [newest] = (JSON.parse(await inside(["get", "jobs", "-o", "json"])) as { items: V1Job[] }).items;
        const template = newest?.spec?.template.spec;
        name = template?.volumes?.find(({ configMap }) => configMap !== undefined)?.configMap?.name ?? "";
        const data = { apiVersion: "v1", kind: "ConfigMap", metadata: { name }, binaryData: { "context.tar.gz": "" } };
        await mallory(["create", "-f", "-"], data);
      },
    });
    await removeJobs();
    const image = uniqueImage();
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    const { code, stderr } = await slipway(["build", "-n", namespace.name, "-t", image, root], {
      env: { KUBECONFIG: kubeconfig },
    });
    expect([name === "", code, stderr]).toEqual([false, 3, expect.stringMatching(/^ERROR: .*already exists/m)]);
    // The cluster's garbage collector removes the pod after its Job.
    const left = async (): Promise<string[]> =>
      (await objectsIn(namespace.name)).filter((one) => one.includes("/slipway-"));
    await expect.poll(left).toEqual([`configmap/${name}`]);
  });

  test("cannot be given another content: it is immutable", { tags: ["long"] }, async () => {
    const mallory = await stranger(["get,list,patch,update configmaps"]);
    let answer = "";
    const { kubeconfig } = await detour(await account(), {
      // Before the pod is released it has not read it.
      hold: async (request) => {
        if (!/^PATCH \S+\/pods\//.test(request) || answer !== "") return;
        const [name = ""] = (await mallory(["get", "configmaps", "-o", "name"])).match(/configmap\/slipway-\S+/) ?? [];
        answer = await mallory(["patch", name, "--type=merge", "-p", '{"binaryData":{"context.tar.gz":""}}']).catch(
          String,
        );
      },
    });
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN true\n` });
    const { code } = await slipway(["build", "-n", namespace.name, "-t", uniqueImage(), root], {
      env: { KUBECONFIG: kubeconfig },
    });
    expect([code, answer]).toEqual([0, expect.stringMatching(/immutable/)]);
  });
});
