/**
 * Finds fields by which a pod template makes a build more privileged than it was without the template: what the pod had before is
 * what its builder needs. The rules are Pod Security's baseline (k8s.io/pod-security-admission, policy/) and the
 * promises of docs/explanation/security.md, also for every container that the template adds.
 */
import type { V1Container, V1PodSpec, V1PodTemplateSpec } from "@kubernetes/client-node";

/** Paths of the fields, in the order of the pod. */
export function privilegesAdded(before: V1PodTemplateSpec, after: V1PodTemplateSpec): string[] {
  const [was, is] = [before.spec ?? EMPTY, after.spec ?? EMPTY];
  return [
    ...annotationFaults(after.metadata?.annotations),
    ...podFaults(was, is),
    ...(["initContainers", "containers", "ephemeralContainers"] as const).flatMap((list) =>
      (is[list] ?? []).flatMap((container) => {
        const known = (was[list] ?? []).find(({ name }) => name === container.name);
        return containerFaults(known, container, needsOf(was)).map(
          (field) => `spec.${list}[${container.name}].${field}`,
        );
      }),
    ),
  ];
}

const EMPTY: V1PodSpec = { containers: [] };

/** AppArmor's annotation, from before it had its own field. */
const APPARMOR = "container.apparmor.security.beta.kubernetes.io/";

function annotationFaults(annotations: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(annotations).flatMap(([key, value]) =>
    key.startsWith(APPARMOR) && value === "unconfined" ? [`metadata.annotations.${key}`] : [],
  );
}

/** Namespaced and safe sysctls (policy/check_sysctls.go). */
const SAFE_SYSCTLS =
  /^(?:kernel\.shm_rmid_forced|net\.ipv4\.(?:ip_local_port_range|ip_unprivileged_port_start|tcp_syncookies|ping_group_range|ip_local_reserved_ports|tcp_keepalive_time|tcp_fin_timeout|tcp_keepalive_intvl|tcp_keepalive_probes|tcp_rmem|tcp_wmem))$/;

function podFaults(was: V1PodSpec, is: V1PodSpec): string[] {
  const faults: string[] = [];
  for (const field of ["hostNetwork", "hostPID", "hostIPC"] as const)
    if (is[field] === true) faults.push(`spec.${field}`);
  if (was.hostUsers === false && is.hostUsers !== false) faults.push("spec.hostUsers");
  if (is.automountServiceAccountToken !== false) faults.push("spec.automountServiceAccountToken");
  const context = is.securityContext;
  if (isUnconfined(context?.seccompProfile)) faults.push("spec.securityContext.seccompProfile");
  if (isUnconfined(context?.appArmorProfile)) faults.push("spec.securityContext.appArmorProfile");
  if (context?.windowsOptions?.hostProcess === true) faults.push("spec.securityContext.windowsOptions.hostProcess");
  if (unusualLabel(context?.seLinuxOptions)) faults.push("spec.securityContext.seLinuxOptions");
  const sysctl = context?.sysctls?.find(({ name }) => !SAFE_SYSCTLS.test(name));
  if (sysctl !== undefined) faults.push(`spec.securityContext.sysctls[${sysctl.name}]`);
  for (const volume of is.volumes ?? []) {
    if (volume.hostPath !== undefined) faults.push(`spec.volumes[${volume.name}].hostPath`);
    // Another way to get the token that automountServiceAccountToken withholds.
    const token = volume.projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined);
    if (token === true) faults.push(`spec.volumes[${volume.name}].projected.serviceAccountToken`);
  }
  return faults;
}

/** The capabilities that the builder needs: no other container gets more. */
function needsOf(pod: V1PodSpec): ReadonlySet<string> {
  return new Set(pod.containers[0]?.securityContext?.capabilities?.add ?? []);
}

function containerFaults(was: V1Container | undefined, is: V1Container, needs: ReadonlySet<string>): string[] {
  const [before, now] = [was?.securityContext, is.securityContext];
  const faults: string[] = [];
  const fault = (field: string, there: boolean): void => {
    if (there) faults.push(`securityContext.${field}`);
  };
  fault("privileged", now?.privileged === true);
  fault(
    "allowPrivilegeEscalation",
    before === undefined
      ? now?.allowPrivilegeEscalation === true
      : before.allowPrivilegeEscalation === false && now?.allowPrivilegeEscalation !== false,
  );
  const allowed = was === undefined ? needs : new Set(before?.capabilities?.add ?? []);
  const added = now?.capabilities?.add?.find((name) => !allowed.has(name));
  fault(`capabilities.add[${added ?? ""}]`, added !== undefined);
  const dropped = (context: typeof now): boolean => context?.capabilities?.drop?.includes("ALL") === true;
  fault("capabilities.drop", was !== undefined && dropped(before) && !dropped(now));
  const confined = before?.seccompProfile?.type === "RuntimeDefault" && now?.seccompProfile?.type === undefined;
  fault("seccompProfile", isUnconfined(now?.seccompProfile) || confined);
  fault("appArmorProfile", isUnconfined(now?.appArmorProfile));
  fault("procMount", now?.procMount !== undefined && now.procMount !== "Default");
  fault("windowsOptions.hostProcess", now?.windowsOptions?.hostProcess === true);
  fault("seLinuxOptions", unusualLabel(now?.seLinuxOptions));
  // A change from another user to root; root may become another user.
  fault("runAsUser", was !== undefined && (before?.runAsUser ?? 0) !== 0 && (now?.runAsUser ?? 0) === 0);
  for (const port of is.ports ?? []) {
    if ((port.hostPort ?? 0) !== 0) faults.push(`ports[${port.containerPort}].hostPort`);
  }
  return faults;
}

function isUnconfined(profile: { readonly type: string } | undefined): boolean {
  return profile?.type === "Unconfined";
}

/** policy/check_seLinuxOptions.go allows only the types for containers, and neither a user nor a role. */
function unusualLabel(options: { type?: string; user?: string; role?: string } | undefined): boolean {
  if (options === undefined) return false;
  const types = ["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t"];
  return !types.includes(options.type ?? "") || (options.user ?? "") !== "" || (options.role ?? "") !== "";
}
