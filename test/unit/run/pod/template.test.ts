import type { V1PodTemplateSpec } from "@kubernetes/client-node";
import { describe, expect, it } from "vitest";
import { loadBuilder } from "../../../../src/builders/table.ts";
import { BUILDER_NAMES } from "../../../../src/plan/builder-names.ts";
import type { BuilderName } from "../../../../src/plan/builder-names.ts";
import type { BuildPlan } from "../../../../src/plan/plan.ts";
import { layOver } from "../../../../src/run/pod/lay-over.ts";
import { readTemplate } from "../../../../src/plan/pod/read-template.ts";
import { objectsOf } from "../../../../src/run/objects.ts";
import { PLAN } from "../../plan/sample.ts";

async function podOf(name: BuilderName = "kaniko", plan: Partial<BuildPlan> = {}): Promise<V1PodTemplateSpec> {
  const builder = await loadBuilder(name);
  const full: BuildPlan = { ...PLAN, builder: name, ...plan };
  const volume = { name: "context", configMap: { name: PLAN.name } };
  const delivery = { transport: "configmap", form: "archive", volume } as const;
  const template = objectsOf(full, builder.pod(full, "archive"), delivery).job.spec?.template;
  if (template === undefined) throw new Error("a Job without a pod");
  return template;
}

async function laid(yaml: string, builder: BuilderName = "kaniko", allowUnsafe = false): Promise<V1PodTemplateSpec> {
  return layOver(await podOf(builder), readTemplate("pod.yaml", yaml), allowUnsafe).pod;
}

describe("a pod template", () => {
  it.each([
    ["only fields", "spec: {priorityClassName: low}"],
    ["a Pod", "apiVersion: v1\nkind: Pod\nspec: {priorityClassName: low}"],
    ["a PodTemplate", "apiVersion: v1\nkind: PodTemplate\ntemplate: {spec: {priorityClassName: low}}"],
    ["JSON", '{"spec": {"priorityClassName": "low"}}'],
  ])("can be %s", async (_, text) => {
    expect((await laid(text)).spec?.priorityClassName).toBe("low");
  });

  it.each([
    ["a: [", "--pod-template pod.yaml is neither YAML nor JSON"],
    ["- a", "--pod-template pod.yaml: it is not a map of fields"],
    ["kind: Deployment", 'the kind "Deployment" is not a Pod or a PodTemplate'],
    ["spce: {}", "--pod-template pod.yaml: unknown field spce"],
    ["metadata: {name: x}", "--pod-template pod.yaml: metadata.name cannot be set"],
    [
      "metadata: {labels: {slipway.dev/build: x}}",
      "metadata.labels.slipway.dev/build is reserved: slipway finds the build by it",
    ],
    ["spec: {restartPolicy: Always}", "spec.restartPolicy cannot be set"],
    ["spec: {schedulingGates: []}", "spec.schedulingGates cannot be set"],
    ["spec: {containers: {}}", "spec.containers of the pod template has to be a list of maps"],
    ["spec: {containers: [{image: x}]}", "an item of spec.containers of the pod template has no name"],
    [
      "spec: {containers: [{name: builder}]}",
      'the build\'s pod has no container "builder", and a new container needs an image',
    ],
    ["spec: {containers: [{name: kaniko, $patch: delete}]}", 'removes the container "kaniko", which builds'],
    [
      "spec: {$setElementOrder/containers: []}",
      "spec.$setElementOrder/containers of the pod template is not supported",
    ],
  ])("is refused: %s", async (text, sentence) => {
    await expect(laid(text)).rejects.toThrow(sentence);
  });
});

describe("a pod template is merged like kubectl patch, which merges", () => {
  it("containers by name, their variables by name, their mounts by path", async () => {
    const before = (await podOf()).spec?.containers[0];
    const { spec } = await laid(`spec:
  containers:
  - name: kaniko
    env: [{name: GODEBUG, value: "1"}, {name: FF_KANIKO_COPY_AS_ROOT, value: "false"}]
    volumeMounts: [{name: extra, mountPath: /kaniko/extra}]
    resources: {limits: {cpu: "2"}}
  volumes: [{name: extra, emptyDir: {}}]
`);
    const container = spec?.containers[0];
    expect(spec?.containers).toHaveLength(1);
    expect(container?.image).toBe(before?.image);
    expect(container?.args).toEqual(before?.args);
    expect(container?.env).toHaveLength((before?.env?.length ?? 0) + 1);
    expect(container?.env).toContainEqual({ name: "FF_KANIKO_COPY_AS_ROOT", value: "false" });
    expect(container?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual(["/kaniko/slipway", "/kaniko/extra"]);
    expect(container?.securityContext).toEqual(before?.securityContext);
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(["context", "extra"]);
  });

  it("maps field by field, replaces other lists, and removes null", async () => {
    const { metadata, spec } = await laid(`metadata: {labels: {team: a}, annotations: {linkerd.io/inject: null}}
spec:
  enableServiceLinks: null
  tolerations: [{key: spot, operator: Exists}]
  imagePullSecrets: [{name: one}]
  affinity: {nodeAffinity: {requiredDuringSchedulingIgnoredDuringExecution: {nodeSelectorTerms: []}}}
  containers: [{name: kaniko, args: [--help]}]
`);
    expect(metadata?.labels).toMatchObject({ team: "a", "app.kubernetes.io/managed-by": "slipway" });
    expect(metadata?.annotations).not.toHaveProperty(["linkerd.io/inject"]);
    expect(metadata?.annotations).toHaveProperty(["sidecar.istio.io/inject"], "false");
    expect(spec).not.toHaveProperty("enableServiceLinks");
    expect(spec?.tolerations).toEqual([{ key: "spot", operator: "Exists" }]);
    expect(spec?.containers[0]?.args).toEqual(["--help"]);
  });

  it("with $patch and $retainKeys", async () => {
    const { spec } = await laid(`spec:
  volumes:
  - {name: context, $retainKeys: [name, emptyDir], emptyDir: {medium: Memory}}
  containers:
  - name: kaniko
    env: [{$patch: replace}, {name: ONLY, value: "1"}]
    volumeMounts: [{mountPath: /kaniko/slipway, $patch: delete}]
`);
    expect(spec?.volumes).toEqual([{ name: "context", emptyDir: { medium: "Memory" } }]);
    expect(spec?.containers[0]?.env).toEqual([{ name: "ONLY", value: "1" }]);
    expect(spec?.containers[0]?.volumeMounts).toEqual([]);
  });
});

const SIDE = "{name: side, image: busybox";

describe("a pod template cannot make a build privileged", () => {
  it.each([
    ["{hostNetwork: true}", "spec.hostNetwork"],
    ["{hostPID: true}", "spec.hostPID"],
    ["{hostIPC: true}", "spec.hostIPC"],
    ["{automountServiceAccountToken: true}", "spec.automountServiceAccountToken"],
    ["{automountServiceAccountToken: null}", "spec.automountServiceAccountToken"],
    ["{volumes: [{name: docker, hostPath: {path: /var/run/docker.sock}}]}", "spec.volumes[docker].hostPath"],
    [
      "{volumes: [{name: token, projected: {sources: [{serviceAccountToken: {path: token}}]}}]}",
      "spec.volumes[token].projected.serviceAccountToken",
    ],
    ["{securityContext: {seccompProfile: {type: Unconfined}}}", "spec.securityContext.seccompProfile"],
    ["{securityContext: {appArmorProfile: {type: Unconfined}}}", "spec.securityContext.appArmorProfile"],
    [
      "{securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}}",
      "spec.securityContext.sysctls[kernel.msgmax]",
    ],
    ["{securityContext: {seLinuxOptions: {type: spc_t}}}", "spec.securityContext.seLinuxOptions"],
    ["{securityContext: {windowsOptions: {hostProcess: true}}}", "spec.securityContext.windowsOptions.hostProcess"],
    ["{containers: [{name: kaniko, securityContext: {privileged: true}}]}", "securityContext.privileged"],
    ["{containers: [{name: kaniko, securityContext: null}]}", "securityContext.allowPrivilegeEscalation"],
    [
      "{containers: [{name: kaniko, securityContext: {allowPrivilegeEscalation: true}}]}",
      "spec.containers[kaniko].securityContext.allowPrivilegeEscalation",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {capabilities: {add: [CHOWN, SYS_ADMIN]}}}]}",
      "spec.containers[kaniko].securityContext.capabilities.add[SYS_ADMIN]",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {capabilities: {drop: []}}}]}",
      "spec.containers[kaniko].securityContext.capabilities.drop",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {seccompProfile: null}}]}",
      "spec.containers[kaniko].securityContext.seccompProfile",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {seccompProfile: {type: Unconfined}}}]}",
      "spec.containers[kaniko].securityContext.seccompProfile",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {appArmorProfile: {type: Unconfined}}}]}",
      "spec.containers[kaniko].securityContext.appArmorProfile",
    ],
    [
      "{containers: [{name: kaniko, securityContext: {procMount: Unmasked}}]}",
      "spec.containers[kaniko].securityContext.procMount",
    ],
    [
      "{containers: [{name: kaniko, ports: [{containerPort: 80, hostPort: 80}]}]}",
      "spec.containers[kaniko].ports[80].hostPort",
    ],
    [
      `{containers: [${SIDE}, securityContext: {privileged: true}}]}`,
      "spec.containers[side].securityContext.privileged",
    ],
    [
      `{initContainers: [${SIDE}, securityContext: {privileged: true}}]}`,
      "spec.initContainers[side].securityContext.privileged",
    ],
    [
      `{initContainers: [${SIDE}, restartPolicy: Always, securityContext: {allowPrivilegeEscalation: true}}]}`,
      "spec.initContainers[side].securityContext.allowPrivilegeEscalation",
    ],
    [
      `{ephemeralContainers: [${SIDE}, securityContext: {capabilities: {add: [NET_ADMIN]}}}]}`,
      "spec.ephemeralContainers[side].securityContext.capabilities.add[NET_ADMIN]",
    ],
    [`{containers: [${SIDE}, ports: [{containerPort: 1, hostPort: 1}]}]}`, "spec.containers[side].ports[1].hostPort"],
  ])("with %s", async (spec, field) => {
    await expect(laid(`spec: ${spec}`)).rejects.toThrow(field);
    await expect(laid(`spec: ${spec}`)).rejects.toThrow("--pod-template pod.yaml would give the build more than");
    const { unsafe } = layOver(await podOf(), readTemplate("pod.yaml", `spec: ${spec}`), true);
    expect(unsafe.join()).toContain(field);
  });

  it("with the old annotation of AppArmor", async () => {
    const text = "metadata: {annotations: {container.apparmor.security.beta.kubernetes.io/kaniko: unconfined}}";
    await expect(laid(text)).rejects.toThrow(
      "metadata.annotations.container.apparmor.security.beta.kubernetes.io/kaniko",
    );
  });

  it("by running a builder as root that does not", async () => {
    const text = "spec: {containers: [{name: buildkit, securityContext: {runAsUser: 0}}]}";
    await expect(laid(text, "buildkit")).rejects.toThrow("spec.containers[buildkit].securityContext.runAsUser");
  });

  it.each([...BUILDER_NAMES])("but may leave %s what it has, or less", async (builder) => {
    const text = `spec: {containers: [{name: ${builder}, securityContext: {capabilities: {add: [SETUID]}}}]}`;
    expect((await laid(text, builder)).spec?.containers[0]?.securityContext?.capabilities?.add).toEqual(["SETUID"]);
  });

  it("but may add an unprivileged sidecar", async () => {
    const text = `spec: {containers: [${SIDE}, securityContext: {runAsUser: 1000, capabilities: {drop: [ALL]}}}]}`;
    expect((await laid(text)).spec?.containers.map(({ name }) => name)).toEqual(["kaniko", "side"]);
  });
});
