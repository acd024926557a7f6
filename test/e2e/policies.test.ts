/** Admission policies that change a build's pod, or refuse it: a right image, or one sentence that names the change. */
import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { BUSYBOX, build, mustBuild, uniqueImage } from "./support/build.ts";
import { useNamespace } from "./support/namespace.ts";
import { enforce, inEveryContainer } from "./support/policy.ts";
import { project } from "./support/project.ts";
import { readImage } from "./support/registry.ts";
import { slipway } from "./support/slipway.ts";
import type { Run } from "./support/slipway.ts";

const namespace = useNamespace();
const policed = { namespace: namespace.name, resource: "pods" } as const;

/** Larger than a ConfigMap can hold, so that a container receives it. */
const LARGE = randomBytes(1_000_000);
const context = () => project({ Dockerfile: `FROM ${BUSYBOX}\nCOPY blob /blob\nRUN true\n`, blob: LARGE });

const CHANGED = "ERROR: an admission policy of the cluster changed the build's pod, so that it cannot build: ";

/** What a policy sets in every container, the builder, and what the error names. */
const CASES = [
  [
    "a read-only root file system",
    "readOnlyRootFilesystem: true",
    "kaniko",
    "readOnlyRootFilesystem of the container receive-context is true, not unset; readOnlyRootFilesystem of the container kaniko is true, not unset",
  ],
  [
    "another user",
    "runAsUser: 4711",
    "buildkit",
    "runAsUser of the container receive-context is 4711, not 1000; runAsUser of the container buildkit is 4711, not 1000",
  ],
  [
    "a user that must not be root",
    "runAsNonRoot: true",
    "kaniko",
    "runAsNonRoot of the container receive-context is true, not unset; runAsNonRoot of the container kaniko is true, not unset",
  ],
] as const;

/** A build and doctor while the policy is in force. */
async function tried([, fields, name]: (typeof CASES)[number]): Promise<{ run: Run; doctor: Run }> {
  await enforce({
    ...policed,
    kind: "Mutating",
    spec: inEveryContainer(fields),
    shows: new RegExp(`"${fields.split(":")[0]}"`),
  });
  const run = await build(namespace, ["--builder", name, "-t", uniqueImage(), await context()]);
  const doctor = await slipway(["doctor", "-n", namespace.name, "--builder", name], {
    env: { KUBECONFIG: namespace.kubeconfig },
  });
  return { run, doctor };
}

test.for(CASES.slice(0, 1))(
  "a policy that gives the pod %s is named at once, by a build and by doctor",
  async (row) => {
    const { run, doctor } = await tried(row);
    expect(errorsOf(run)).toEqual([`${CHANGED}${row[3]}`]);
    expect([run.code, doctor.code, doctor.stdout]).toEqual([3, 3, expect.stringContaining(row[3])]);
  },
);

test.for(CASES.slice(1))(
  "a policy that gives the pod %s is named at once, by build and doctor",
  { tags: ["long"] },
  async (row) => {
    const { run, doctor } = await tried(row);
    expect(errorsOf(run)).toEqual([`${CHANGED}${row[3]}`]);
    expect([run.code, doctor.code, doctor.stdout]).toEqual([3, 3, expect.stringContaining(row[3])]);
  },
);

/** Errors, warnings, and attempts that were repeated. */
function errorsOf({ stderr }: Run): string[] {
  return stderr.split("\n").filter((line) => /^(?:ERROR|WARNING)|attempt/.test(line));
}

test(
  "a policy that adds tolerations and a seccomp profile for the pod changes nothing for a build",
  { tags: ["long"] },
  async () => {
    const profile = 'Object.spec.securityContext.seccompProfile{type: "RuntimeDefault"}';
    const seccomp = `Object{spec: Object.spec{securityContext: Object.spec.securityContext{seccompProfile: ${profile}}}}`;
    const toleration = 'Object.spec.tolerations{key: "build", operator: "Exists"}';
    const tolerations = `has(object.spec.tolerations)
    ? [JSONPatch{op: "add", path: "/spec/tolerations/-", value: ${toleration}}]
    : [JSONPatch{op: "add", path: "/spec/tolerations", value: [${toleration}]}]`;
    const spec = {
      mutations: [
        { patchType: "ApplyConfiguration", applyConfiguration: { expression: seccomp } },
        { patchType: "JSONPatch", jsonPatch: { expression: tolerations } },
      ],
    };
    await enforce({ ...policed, kind: "Mutating", spec, shows: /"key": "build"/ });
    const image = uniqueImage();
    const run = await mustBuild(namespace, ["--builder", "kaniko", "-t", image, await context()]);
    expect(run.stderr).not.toContain("policy");
    expect((await readImage(image)).files.get("blob")?.size).toBe(LARGE.length);
  },
);

test(
  "a build that fails in a pod that a policy changed has a warning that names the change",
  { tags: ["long"] },
  async () => {
    const spec = inEveryContainer("allowPrivilegeEscalation: true");
    await enforce({ ...policed, kind: "Mutating", spec, shows: /"allowPrivilegeEscalation": true/ });
    const root = await project({ Dockerfile: `FROM ${BUSYBOX}\nRUN false\n` });
    const run = await build(namespace, ["--builder", "kaniko", root]);
    expect(run.code).toBe(1);
    expect(run.stderr).toMatch(
      /^WARNING: an admission policy of the cluster changed the build's pod, which may be why it failed: allowPrivilegeEscalation of the container kaniko is true, not false$/m,
    );
  },
);

test("a policy that refuses the pod is named with its message", async () => {
  const validations = [
    {
      expression:
        "object.spec.containers.all(c, has(c.securityContext) && has(c.securityContext.readOnlyRootFilesystem))",
      message: "every root must be read-only",
    },
  ];
  await enforce({ ...policed, kind: "Validating", spec: { validations }, shows: /every root must be read-only/ });
  const run = await build(namespace, ["-t", uniqueImage(), await context()]);
  expect(run.code).toBe(3);
  expect(run.stderr).toMatch(
    /^ERROR: .*the admission policy "slipway-validating-\S+" denied it: every root must be read-only$/m,
  );
});
