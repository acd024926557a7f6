/**
 * Refusals by admission: Pod Security, a quota, a limit range, a webhook, a policy. They share the code 403 with RBAC, and
 * only their message tells them apart. Also used for events, in which a Job's controller reports why it has no pod.
 */
import { between } from "../text/linear.ts";

export interface Denial {
  /** Clause that follows "the cluster refused to …: ", without a full stop. */
  readonly sentence: string;
  readonly suggestions: readonly string[];
  /** Whether the same request may be accepted later. */
  readonly passes: boolean;
  /** The reason is that the whole namespace is being deleted. */
  readonly namespaceGoes?: boolean;
}

interface Rule {
  readonly pattern: RegExp;
  /** @param flag ` -n NAMESPACE` for a command of kubectl; empty if the namespace is not known */
  readonly explain: (match: RegExpExecArray, flag: string) => Denial;
}

/** Each with the source file of its message. */
const RULES: readonly Rule[] = [
  {
    // k8s.io/pod-security-admission/admission/admission.go
    pattern: /violates PodSecurity "([^":]+)(?::([^"]+))?": (.+)/s,
    explain: ([, level = "", , why = ""], flag) => ({
      sentence: `the namespace's Pod Security level "${level}" forbids ${forbidden(why).join(", ")}`,
      suggestions: [
        ...(level === "restricted"
          ? ["Build with --security restricted: kaniko supports it if all files of the images belong to root."]
          : []),
        `${level === "restricted" ? "Or b" : "B"}uild in a namespace of level baseline (-n), or change the level of this one: kubectl label namespace ${flag.replace(" -n ", "") || "NAME"} pod-security.kubernetes.io/enforce=baseline --overwrite`,
        "See what each builder's pod needs: slipway builders",
      ],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/resourcequota/controller.go
    pattern: /exceeded quota: ([^,:]+), (requested: .+)/s,
    explain: ([, quota = "", figures = ""], flag) => {
      const see = `See what uses it: kubectl describe quota ${quota}${flag}`;
      if (exceedsAlone(figures)) {
        return {
          sentence: `the pod asks for more than the quota "${quota}" allows (${plain(figures)})`,
          suggestions: ["Ask for less with --requests and --limits (cpu=…,memory=…).", see],
          passes: false,
        };
      }
      return {
        sentence: `the quota "${quota}" is used up (${plain(figures)})`,
        suggestions: [
          see,
          "Ask for less with --requests and --limits (cpu=…,memory=…), or wait for other work to end.",
        ],
        passes: true,
      };
    },
  },
  {
    pattern: /failed quota: ([^:]+): must specify (.+)/s,
    explain: ([, quota = "", fields = ""]) => ({
      sentence: `the quota "${quota}" requires every pod to set ${plain(fields)}`,
      suggestions: [`Set them, for example: ${resourceFlags(fields)}`],
      passes: false,
    }),
  },
  {
    // plugin/pkg/admission/limitranger/admission.go
    pattern:
      /(?:^|\s)((?:minimum|maximum) \S+ usage per (?:Container|Pod) is .+|\S+ max limit to request ratio per .+)/s,
    explain: ([, why = ""], flag) => ({
      sentence: `the namespace's limit range does not allow it: ${plain(why)}`,
      suggestions: [
        `See the range: kubectl describe limitrange${flag}`,
        "Set resources within it, for example: --requests cpu=500m,memory=1Gi --limits cpu=2,memory=2Gi",
      ],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/webhook/errors/statuserror.go
    pattern: /admission webhook "([^"]+)" denied the request(?: without explanation|: (.+))?/s,
    explain: ([, webhook = "", why]) => ({
      sentence: `the admission webhook "${webhook}" denied it${why === undefined ? ", without giving a reason" : `: ${plain(why)}`}`,
      suggestions: ["Ask the cluster's administrator about this policy, or use another namespace."],
      passes: false,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/webhook/mutating/dispatcher.go
    pattern: /failed calling webhook "([^"]+)": (.+)/s,
    explain: ([, webhook = "", why = ""]) => ({
      sentence: `the admission webhook "${webhook}" failed: ${plain(why)}`,
      suggestions: ["This is a fault of the cluster: tell its administrator."],
      passes: true,
    }),
  },
  {
    // k8s.io/apiserver/pkg/admission/plugin/policy/validating/plugin.go
    pattern: /ValidatingAdmissionPolicy '([^']+)' with binding '[^']+' denied request: (.+)/s,
    explain: ([, policy = "", why = ""]) => ({
      sentence: `the admission policy "${policy}" denied it: ${plain(why)}`,
      suggestions: ["Ask the cluster's administrator about this policy, or use another namespace."],
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
    pattern: /error looking up service account ([^/\s]+)\/([^:\s]+): (.+)/s,
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
      sentence: `${priority === undefined ? `RuntimeClass ${runtime}` : `PriorityClass ${priority}`} does not exist`,
      suggestions: [`List them: kubectl get ${priority === undefined ? "runtimeclasses" : "priorityclasses"}`],
      passes: false,
    }),
  },
];

/**
 * Explains a message of admission, with remedies; undefined for any other message.
 * @param namespace in which it was refused, for the remedies
 */
export function explainDenial(message: string, namespace?: string): Denial | undefined {
  const flag = namespace === undefined ? "" : ` -n ${namespace}`;
  for (const { pattern, explain } of RULES) {
    const match = pattern.exec(message);
    if (match !== null) return explain(match, flag);
  }
  return undefined;
}

/**
 * Whether the pod would not fit if nothing else used the quota. One of 0 is how an administrator stops a namespace for a time: `requested: cpu=3,pods=1, used: cpu=0,pods=0, limited: cpu=2,pods=5`
 * (k8s.io/apiserver/pkg/admission/plugin/resourcequota).
 */
function exceedsAlone(figures: string): boolean {
  const [requested = "", rest = ""] = figures.replace("requested: ", "").split(", used: ", 2);
  const [, limited = ""] = rest.split(", limited: ", 2);
  const limits = amountsOf(limited);
  return [...amountsOf(requested)].some(([name, amount]) => amount > (limits.get(name) || Number.POSITIVE_INFINITY));
}

function amountsOf(list: string): ReadonlyMap<string, number> {
  return new Map(
    list.split(",").flatMap((pair) => {
      const [, name = "", number = "", unit = ""] = /^([^=]+)=([\d.]+)([a-zA-Z]*)$/.exec(pair.trim()) ?? [];
      const factor = UNITS.get(unit);
      return name === "" || factor === undefined ? [] : [[name, Number(number) * factor] as const];
    }),
  );
}

/** Suffixes of quantities (k8s.io/apimachinery/pkg/api/resource). */
const UNITS: ReadonlyMap<string, number> = new Map([
  ["", 1],
  ["m", 1e-3],
  ...["k", "M", "G", "T", "P", "E"].map((unit, at) => [unit, 1000 ** (at + 1)] as const),
  ...["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"].map((unit, at) => [unit, 1024 ** (at + 1)] as const),
]);

/**
 * The fields in a Pod Security message, with the values that are forbidden: `unrestricted capabilities (container "x" must
 * not include "CHOWN" in securityContext.capabilities.add), …` (k8s.io/pod-security-admission/policy). A check that names no
 * field is returned unchanged.
 */
function forbidden(why: string): string[] {
  const checks = splitChecks(plain(why));
  return checks.map((check) => {
    const field = /securityContext\.[\w.]+/.exec(check)?.[0];
    if (field === undefined) return check.replace(/^,\s*/, "").trim();
    const values = between(check, "must not include ", " in securityContext")?.replaceAll('"', "");
    const wanted = /(must (?:not )?set) securityContext\.[\w.]+/.exec(check);
    if (values !== undefined) return `${field} (${values})`;
    const rest = wanted === null ? "" : check.slice(wanted.index + wanted[0].length).replace(/\)$/, "");
    const value = /^\s*=\s*\S+$|^\s+to .+$/.test(rest) ? rest.trim() : "";
    if (wanted === null || value === "") return field;
    return wanted[1] === "must set" ? `${field} other than ${value.replace(/^=|^to /, "")}` : `${field}${value}`;
  });
}

/** Sample flags for the fields that a quota requires: `limits.cpu for: kaniko; requests.memory for: kaniko`. `cpu` is `requests.cpu`. */
function resourceFlags(fields: string): string {
  const required = new Set(fields.split(/[\s,;:]+/));
  const samples: Readonly<Record<string, string>> = { cpu: "1", memory: "2Gi", "ephemeral-storage": "10Gi" };
  const flags = (["requests", "limits"] as const).flatMap((kind) => {
    const named = Object.entries(samples).filter(
      ([name]) => required.has(`${kind}.${name}`) || (kind === "requests" && required.has(name)),
    );
    return named.length === 0 ? [] : [`--${kind} ${named.map((sample) => sample.join("=")).join(",")}`];
  });
  return flags.length === 0 ? "--requests cpu=1,memory=2Gi --limits cpu=1,memory=2Gi" : flags.join(" ");
}

/** Texts that each end with their parentheses; the whole text if there are none. */
function splitChecks(text: string): string[] {
  const checks: string[] = [];
  let start = 0;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at];
    if (char === "(") depth += 1;
    if (char !== ")" || depth === 0) continue;
    depth -= 1;
    if (depth > 0) continue;
    checks.push(text.slice(start, at + 1));
    start = at + 1;
  }
  return checks.length === 0 ? [text] : checks;
}

function plain(text: string): string {
  const lines = text.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "")
    .join("; ")
    .replace(/\.$/, "");
}
