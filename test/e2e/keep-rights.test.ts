/** The Role that `slipway rbac --keep` prints: everything with a kept builder works with it, and nothing in it is unused. */
import type { V1Role } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { auditSize, auditedSince } from "./support/audit.ts";
import { BUSYBOX, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useKeepClient } from "./support/keep-client.ts";
import { leastKubeconfig, removeKubeconfig } from "./support/least.ts";
import { objectsIn } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const { namespace, run, build } = useKeepClient();

const right = (group: string, resource: string, verb: string): string => `${verb} ${resource}${group && `.${group}`}`;

async function printed(): Promise<string[]> {
  const role = JSON.parse(await kubectl(["get", "role", "slipway", "-n", namespace.name, "-o", "json"])) as V1Role;
  const rights = (role.rules ?? []).flatMap(({ apiGroups = [], resources = [], verbs }) =>
    apiGroups.flatMap((group) => resources.flatMap((resource) => verbs.map((verb) => right(group, resource, verb)))),
  );
  return rights.sort();
}

/** What the account did from this byte of the audit log on, and the API server allowed or refused. */
async function requestsSince(start: number): Promise<{ readonly used: string[]; readonly refused: string[] }> {
  const used = new Set<string>();
  const refused = new Set<string>();
  for (const { verb, objectRef = {}, responseStatus } of await auditedSince(start, namespace.name)) {
    const { apiGroup = "", resource = "", subresource } = objectRef;
    const name = right(apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`, verb);
    (responseStatus?.code === 403 ? refused : used).add(name);
  }
  return { used: [...used].sort(), refused: [...refused].sort() };
}

/** Not seen in every run: whether a WebSocket may be opened is asked for both verbs, and events tell why there is no pod yet. */
const UNSEEN = ["create pods/exec", "create pods/portforward", "list events", "watch events"];
/** For a test that hangs: the first one starts three pods, one after the other. */
const LONG = { tags: ["long"], timeout: 900_000 };

test(
  "everything with a kept builder needs the rights that rbac --keep prints, all of them and no others",
  LONG,
  async () => {
    const start = await auditSize();
    const doctor = await run(["doctor", "--keep", "10m"]);
    expect([doctor.code, doctor.output]).toEqual([0, expect.not.stringMatching(/^(?:fail|warn)/m)]);
    await expect.poll(() => objectsIn(namespace.name)).toEqual([]);
    const afterDoctor = await auditSize();
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo 1 > /f\n` });
    const built = await build(["-t", uniqueImage(), root]);
    expect([built.code, built.stderr]).toEqual([0, expect.stringContaining("=> built")]);
    expect((await run(["keep", "--format", "{{.Builds}}"])).stdout).toBe("0\n");
    const waits = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN echo sleeping && sleep 100\n` });
    let deleted: Promise<string> | undefined;
    const lost = await build([waits], {
      onStderr: (text) => {
        if (!/ sleeping$/m.test(text)) return;
        deleted ??= kubectl(["delete", "pods", "--all", "--grace-period=0", "--wait=false", "-n", namespace.name]);
      },
    });
    await deleted;
    expect([lost.code, lost.stderr]).toEqual([3, expect.stringMatching(/^ERROR: the build was ended: .*deleted/m)]);
    expect((await build([root])).code).toBe(0);
    expect((await run(["keep", "stop", "--all"])).code).toBe(0);
    const wanted = await printed();
    expect(wanted.filter((name) => name.includes("secrets"))).toEqual([]);
    const seen = async (): Promise<string[]> => {
      const { used } = await requestsSince(start);
      return [...new Set([...used, ...UNSEEN])].sort();
    };
    await expect.poll(seen, { timeout: 60_000, interval: 2000 }).toEqual(wanted);
    // Doctor also looks at objects that it may not be allowed to see. A build asks for nothing that it is refused.
    expect((await requestsSince(afterDoctor)).refused).toEqual([]);
  },
);

test("the targets of one bake use one connection to their builder", async () => {
  const target = (name: string, more: object = {}): object => ({
    "dockerfile-inline": `FROM ${BUSYBOX}\nRUN echo ${name} > /name\n`,
    tags: [uniqueImage()],
    ...more,
  });
  const definition = {
    group: { default: { targets: ["one", "two", "three"] } },
    // The third begins when the others may have ended.
    target: { one: target("one"), two: target("two"), three: target("three", { contexts: { base: "target:one" } }) },
  };
  const root = await project({ "docker-bake.json": JSON.stringify(definition) });
  // Without the hint of an earlier test's builder, whose pod is gone.
  const cache = await project({});
  // The second bake knows the pod of the first, and dials it before it has looked the builder up.
  // A connection is also noted when it ends, which may be after the next bake has begun.
  const known = new Set<string>();
  for (const which of ["first", "second"]) {
    const start = await auditSize();
    const { code, output } = await run(["bake"], { cwd: root, env: { SLIPWAY_KEEP: "10m", XDG_CACHE_HOME: cache } });
    expect([which, code, output]).toEqual([which, 0, expect.anything()]);
    const connections = (await auditedSince(start, namespace.name)).filter(({ objectRef }) =>
      ["exec", "portforward"].includes(objectRef?.subresource ?? ""),
    );
    const made = new Set(connections.map(({ auditID }) => auditID).filter((id) => !known.has(id)));
    expect([which, made.size]).toEqual([which, 1]);
    for (const id of made) known.add(id);
  }
});

test("a build without one of these rights is told which, and what to run", async () => {
  const kubeconfig = await leastKubeconfig(namespace.name, ["--git-in-cluster", "--no-secrets"], "slipway-other");
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\n` });
  const refused = await build([root], { env: { KUBECONFIG: kubeconfig } });
  await removeKubeconfig(kubeconfig);
  expect([refused.code, refused.stderr]).toEqual([
    4,
    expect.stringMatching(/^ERROR: .*may not .*list jobs.*pods\/exec/m),
  ]);
  expect(refused.stderr).toMatch(/slipway rbac .*--keep/);
});

test(
  "a Secret of the namespace is read by the client, which needs the right to get that Secret and no more",
  LONG,
  async () => {
    const at = ["-n", namespace.name];
    await kubectl(["create", "secret", "generic", "mine", ...at, "--from-literal=key=value of the Secret"]);
    const root = await project({
      Dockerfile: `FROM ${BUSYBOX}\nRUN --mount=type=secret,id=s,required=true cp /run/secrets/s /copied\n`,
    });
    const image = uniqueImage();
    const args = ["--secret", "id=s,k8s=mine/key", "-t", image, root];
    const refused = await build(args);
    expect([refused.code, refused.stderr]).toEqual([4, expect.stringMatching(/^ERROR: .*get .*secrets/m)]);
    await kubectl(["create", "role", "mine", ...at, "--verb=get", "--resource=secrets", "--resource-name=mine"]);
    const account = `--serviceaccount=${namespace.name}:slipway`;
    await kubectl(["create", "rolebinding", "mine", ...at, "--role=mine", account]);
    const ended = await build(args);
    expect([ended.code, ended.stderr]).toEqual([0, expect.stringContaining("=> built")]);
    expect((await readImage(image)).files.get("copied")?.text).toBe("value of the Secret");
  },
);
