/**
 * Admission said no: Pod Security, a quota, a limit range, a webhook, a policy. They share the code 403 with RBAC and
 * can be told apart by their message alone. Also read from events, where a Job's controller tells why it has no pod.
 */

export interface Denial {
  /** Goes after "the cluster refused to …: ", without a full stop. */
  readonly sentence: string;
  readonly suggestions: readonly string[];
  /** Whether it may be otherwise in a while, with nobody changing what was asked for. */
  readonly passes: boolean;
  /** It is because the whole namespace is on its way out. */
  readonly namespaceGoes?: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  readonly explain: (match: RegExpExecArray) => Denial;
}

/** Each with the place its message is made. */
const RULES: readonly Rule[] = [
  {
    // k8s.io/pod-security-admission/admission/admission.go
    pattern: /violates PodSecurity "([^":]+)(?::([^"]+))?": (.+)/s,
    explain: ([, level = "", , why = ""]) => ({
      sentence: `the namespace's Pod Security level "${level}" forbids ${forbidden(why).join(", ")}`,
      suggestions: [
        ...(level === "restricted"
          ? ["Build with --security restricted: kaniko can, from images whose files all belong to root."]
          : []),
        `${level === "restricted" ? "Or b" : "B"}uild in a namespace of level baseline (-n), or have this one's changed: kubectl label namespace NAME pod-security.kubernetes.io/enforce=baseline --overwrite`,
        "What each builder's pod has: slipway builders inspect NAME",
      ],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
    pattern: /exceeded quota: ([^,]+), (requested: .+)/s,
    explain: ([, quota = "", figures = ""]) => ({
      sentence: `the quota "${quota}" is used up (${plain(figures)})`,
      suggestions: [
        `See what uses it: kubectl describe quota ${quota}`,
        "Ask for less with --memory and --cpu-quota, or wait for other work to end.",
      ],
      passes: true,
    }),
  },
  {
    pattern: /failed quota: ([^:]+): must specify (.+)/s,
    explain: ([, quota = "", fields = ""]) => ({
      sentence: `the quota "${quota}" wants every pod to set ${plain(fields)}`,
      suggestions: ["Set resources with --memory and --cpu-quota."],
      passes: false,
    }),
  },
  {
    // plugin/pkg/admission/limitranger/admission.go
    pattern: /((?:minimum|maximum) \S+ usage per (?:Container|Pod) is .+|\S+ max limit to request ratio per .+)/s,
    explain: ([, why = ""]) => ({
      sentence: `it is outside the namespace's limit range: ${plain(why)}`,
      suggestions: [
        "See the range: kubectl describe limitrange",
        "Set resources within it with --memory and --cpu-quota.",
      ],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
    pattern: /admission webhook "([^"]+)" denied the request(?: without explanation|: (.+))?/s,
    explain: ([, webhook = "", why]) => ({
      sentence: `the admission webhook "${webhook}" denied it${why === undefined ? ", without giving a reason" : `: ${plain(why)}`}`,
      suggestions: ["Ask whoever runs the cluster about this policy, or use another namespace."],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go
    pattern: /failed calling webhook "([^"]+)": (.+)/s,
    explain: ([, webhook = "", why = ""]) => ({
      sentence: `its admission webhook "${webhook}" does not work: ${plain(why)}`,
      suggestions: ["This is the cluster's fault: tell whoever runs it."],
      passes: true,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/policy/validating/plugin.go
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.+)/s,
    explain: ([, policy = "", why = ""]) => ({
      sentence: `the admission policy "${policy}" denied it: ${plain(why)}`,
      suggestions: ["Ask whoever runs the cluster about this policy, or use another namespace."],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go
    pattern: /unable to create new content in namespace (\S+) because it is being terminated/,
    explain: ([, namespace = ""]) => ({
      sentence: `the namespace "${namespace}" is being deleted`,
      suggestions: ["Use another namespace, or wait until it is gone and create it again."],
      passes: false,
      namespaceGoes: true,
    }),
  },
  {
    // plugin/pkg/admission/serviceaccount/admission.go
    pattern: /error looking up service account ([^/]+)\/([^:]+): (.+)/s,
    explain: ([, namespace = "", account = ""]) => ({
      sentence: `the service account "${account}" does not exist in the namespace "${namespace}"`,
      suggestions: [`Create it: kubectl create serviceaccount ${account} -n ${namespace}`],
      passes: true,
    }),
  },
  {
    // plugin/pkg/admission/priority/admission.go, plugin/pkg/admission/runtimeclass/admission.go
    pattern: /no PriorityClass with name (\S+) was found|RuntimeClass "([^"]+)" not found/,
    explain: ([, priority, runtime]) => ({
      sentence: `there is no ${priority === undefined ? `RuntimeClass ${runtime}` : `PriorityClass ${priority}`}`,
      suggestions: [`See what there is: kubectl get ${priority === undefined ? "runtimeclasses" : "priorityclasses"}`],
      passes: false,
    }),
  },
];

/** What an admission message says, and what to do about it; undefined if it is none of admission's. */
export function explainDenial(message: string): Denial | undefined {
  for (const { pattern, explain } of RULES) {
    const match = pattern.exec(message);
    if (match !== null) return explain(match);
  }
  return undefined;
}

/**
 * The fields a Pod Security message speaks of, with the values it objects to: `unrestricted capabilities (container "x" must
 * not include "CHOWN" in securityContext.capabilities.add), …` (k8s.io/pod-security-admission/policy). What names no field is
 * given as it is.
 */
function forbidden(why: string): string[] {
  const checks = plain(why).match(/[^(]+\((?:[^()]|\([^()]*\))*\)/g) ?? [plain(why)];
  return checks.map((check) => {
    const field = /securityContext\.[\w.]+/.exec(check)?.[0];
    if (field === undefined) return check.replace(/^,\s*/, "").trim();
    const values = /must not include (.+?) in securityContext/.exec(check)?.[1]?.replaceAll('"', "");
    const wanted = /(must (?:not )?set) securityContext\.[\w.]+(\s*=\s*\S+?|\s+to .+?)?\)?$/.exec(check);
    if (values !== undefined) return `${field} (${values})`;
    const value = wanted?.[2]?.trim() ?? "";
    if (wanted === null || value === "") return field;
    return wanted[1] === "must set" ? `${field} other than ${value.replace(/^=|^to /, "")}` : `${field}${value}`;
  });
}

function plain(text: string): string {
  return text
    .trim()
    .replace(/\s*\n\s*/g, "; ")
    .replace(/\.$/, "");
}
