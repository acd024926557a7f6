/** The results of the trial pods, as checks. */
import type { BuildPlan } from "../../plan/plan.ts";
import { failed, ok, skip, warn } from "./check.ts";
import type { Check } from "./check.ts";
import { STEPS } from "./run-trial.ts";
import type { Step, TrialReport } from "./run-trial.ts";

/**
 * @param level the namespace's Pod Security level, if the user may read it
 * @param receives the pod has a container of the helper image
 */
export function trialChecks(
  report: TrialReport,
  plan: BuildPlan,
  level: string | undefined,
  receives: boolean,
): Check[] {
  const known =
    level === undefined
      ? ""
      : level === "none"
        ? " (it enforces no Pod Security level)"
        : ` (it enforces the Pod Security level ${level})`;
  const says: Readonly<Record<Step, readonly [name: string, message: string]>> = {
    admitted: ["admission", `the namespace accepts a pod of ${plan.builder}${known}`],
    scheduled: ["node", `${report.node === "" ? "a node" : report.node} has room for it`],
    receiving: ["helper image", `the node has ${plan.helperImage}`],
    ended: ["builder image", `the node has ${plan.builderImage}`],
  };
  const steps = STEPS.filter((step) => receives || step !== "receiving");
  let broken = false;
  return steps.map((step) => {
    const [name, message] = says[step];
    if (report.reached.has(step)) return ok(name, message);
    if (broken || report.error === undefined) return skip(name, "the pod did not get that far");
    broken = true;
    return failed(name, report.error);
  });
}

/** All user ids are mapped to themselves: the pod has the node's own user namespace. */
const ALL_IDS = /^\s*0\s+0\s+4294967295\s*$/;

export function userNamespaceCheck(report: TrialReport): Check {
  const name = "user namespaces";
  if (!report.reached.has("scheduled")) return skip(name, "the pod did not get that far");
  const map = report.end?.exitCode === 0 ? report.end.message : "";
  if (map !== "" && !ALL_IDS.test(map))
    return ok(
      name,
      "pods can have their own user namespace (hostUsers: false): root in the pod is an unprivileged user on the node",
    );
  // Without its image the pod shows nothing; the check of the image reports that.
  if (report.withoutImage) return skip(name, "the pod did not get that far");
  const why = report.error instanceof Error ? `: ${report.error.message}` : "";
  return warn(name, `nodes do not give pods their own${why}`, [
    "Builds work without them; with them, root in the builder's pod is an unprivileged user on the node. They need Kubernetes 1.33, containerd 2.0 or CRI-O 1.25, and Linux 6.3 or later.",
  ]);
}
