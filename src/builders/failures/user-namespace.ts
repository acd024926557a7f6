/**
 * Settings of a node or a pod that stop a rootless builder. Each builder makes a user namespace and mounts in it; each text below is
 * its message if one setting forbids that.
 */
import { failed } from "./registry.ts";
import type { Failure } from "./registry.ts";
import { hasInOrder } from "../../lib/text/linear.ts";

const INSTEAD = "Or use --builder kaniko, which needs no user namespace and no mounts.";

interface Obstacle {
  /** One of them. A list: one after the other on a line. */
  readonly says: readonly (RegExp | readonly RegExp[])[];
  readonly sentence: string;
  readonly remedy: string;
}

/** In order: the first that matches is the cause of what follows it. */
const OBSTACLES: readonly Obstacle[] = [
  {
    says: [
      [/newuidmap/, /Could not set caps|Operation not permitted|open of uid_map failed/],
      [/newgidmap/, /Could not set caps|Operation not permitted/],
      /failed to use newuidmap/,
    ],
    sentence: "the node does not let the builder map user ids: newuidmap cannot use its capabilities",
    remedy:
      "Allow privilege escalation and the capabilities SETUID and SETGID for this pod, and use a builder image whose newuidmap has file capabilities.",
  },
  {
    says: [
      /newuidmap: write to uid_map failed|No subuid ranges found|Found no UID ranges/i,
      [/newuidmap:/i, /not allowed/i],
    ],
    sentence: "the builder's user has no usable range of subordinate ids in /etc/subuid",
    remedy: "Use a builder image with a range for its user, or disable the pod's user namespace with --userns never.",
  },
  {
    says: [
      /failed to share mount point: \/: permission denied|apparmor/i,
      [/mount /i, / flags: 0x1000: permission denied/i],
    ],
    sentence: "the node's AppArmor profile does not let the builder mount",
    remedy:
      "Ask your administrator for a profile that allows mount for these pods (appArmorProfile of type Localhost), or for a node without AppArmor.",
  },
  {
    says: [/fork\/exec \/proc\/self\/exe: permission denied/, [/unshare/, /Permission denied/]],
    sentence: "the node restricts unprivileged user namespaces",
    remedy: "On Ubuntu 24.04 and later set the sysctl kernel.apparmor_restrict_unprivileged_userns=0 on the node.",
  },
  {
    says: [/fork\/exec \/proc\/self\/exe: no space left on device/i, [/unshare|clone/i, /no space left on device/i]],
    sentence: "the node allows no user namespaces",
    remedy: "Set the sysctl user.max_user_namespaces on the node to more than 0.",
  },
  {
    says: [
      /fork\/exec \/proc\/self\/exe: operation not permitted|failed to unshare namespaces/i,
      [/unshare/i, /operation not permitted/i],
    ],
    sentence: "the node's seccomp profile does not let the builder make a user namespace",
    remedy:
      "Use nodes whose kubelet leaves seccompDefault off, or a Localhost profile that allows unshare, clone and mount.",
  },
  {
    says: [
      [/mount proc:\/proc|mount(?:ing)? /i, /operation not permitted/i],
      [/overlay/i, /operation not permitted|invalid argument/i],
    ],
    sentence: "the node does not let the builder mount inside its user namespace",
    remedy: "The builder needs a kernel of 5.11 or later, with overlay mounts allowed in user namespaces.",
  },
];

/** @param text the end of the log */
export function namespaceFailure(text: string): Failure | undefined {
  const found = OBSTACLES.find(({ says }) =>
    says.some((one) => (one instanceof RegExp ? one.test(text) : hasInOrder(text, one))),
  );
  return found === undefined ? undefined : failed("cluster", found.sentence, [found.remedy, INSTEAD]);
}
