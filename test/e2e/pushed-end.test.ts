/** A build whose image is in the registry is over for its client, unless there is a doubt. The pod's end is held back to see which. */
import { loadAll } from "js-yaml";
import { expect, test } from "vitest";
import { BUSYBOX, REGISTRY, build, environment, mustBuild, uniqueImage } from "./support/build.ts";
import { kubectl } from "./support/kubectl.ts";
import { useNamespace } from "./support/namespace.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";

const namespace = useNamespace();
const AUTH = environment("REGISTRY_AUTH");

interface DescribedPod {
  readonly kind: string;
  readonly spec: {
    readonly template: {
      readonly spec: { readonly containers: readonly { readonly name: string; readonly command: readonly string[] }[] };
    };
  };
}

/** A project and flags with which BuildKit's container does something more after its push, for as long as the test says. */
async function held(image: string, then: string, flags: readonly string[] = []): Promise<string[]> {
  // The date makes each build of the same lines the same image.
  const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nLABEL of=${image}\n` });
  const args = ["--builder=buildkit", "--build-arg=SOURCE_DATE_EPOCH=0", ...flags, `--tag=${image}`, root];
  const { stdout } = await mustBuild(namespace, ["--dry-run", ...args]);
  const objects = loadAll(stdout) as DescribedPod[];
  const [container] = objects.find(({ kind }) => kind === "Job")?.spec.template.spec.containers ?? [];
  const [shell = "", flag = "", script = "", ...rest] = container?.command ?? [];
  const command = [shell, flag, `${script}\n${then}`, ...rest];
  const template = await project({
    "pod.yaml": JSON.stringify({ spec: { containers: [{ name: container?.name, command }] } }),
  });
  return [`--pod-template=${template}/pod.yaml`, ...args];
}

/** A container that fails after its push: whoever waits for it reports a failed build. */
const FAILS = "exit 7";

test("a build is done as soon as its image is pushed, though its container still runs", async () => {
  const [image, other] = [uniqueImage(), uniqueImage()];
  const run = await mustBuild(namespace, ["-q", ...(await held(image, "sleep 600", ["--tag", other]))]);
  const pods = await kubectl(["get", "pods", "-n", namespace.name, "-o=jsonpath={.items[*].status.phase}"]);
  expect(pods).toBe("Running");
  for (const tag of [image, other]) expect(`${(await readImage(tag)).configDigest}\n`).toBe(run.stdout);
  await kubectl(["delete", "jobs", "--all", "-n", namespace.name, "--cascade=foreground"]);
});

test("a build whose tag was the same image before waits for its container", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const [, ...args] = await held(image, FAILS);
  await mustBuild(namespace, args);
  const run = await build(namespace, await held(image, FAILS));
  expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("7")]);
});

test("a build whose registry does not let the client read waits for its container", { tags: ["long"] }, async () => {
  const auth = Buffer.from(`${environment("REGISTRY_AUTH_USER")}:${environment("REGISTRY_AUTH_PASSWORD")}`);
  const config = JSON.stringify({ auths: { [AUTH]: { auth: auth.toString("base64") } } });
  const secret = ["create", "secret", "generic", "push", "-n", namespace.name, "--type=kubernetes.io/dockerconfigjson"];
  await kubectl([...secret, `--from-literal=.dockerconfigjson=${config}`]);
  const args = await held(uniqueImage(AUTH), FAILS, ["--registry-secret=push"]);
  const run = await build(namespace, args, { env: { DOCKER_CONFIG: await project({}) } });
  expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("7")]);
});

test("a build with a cache to export waits for its container", { tags: ["long"] }, async () => {
  const image = uniqueImage();
  const run = await build(namespace, await held(image, FAILS, [`--cache=${REGISTRY}/test/pushed-end:cache`]));
  expect([run.code, run.stderr]).toEqual([1, expect.stringContaining("7")]);
});
