/** Finds or starts the cluster before the first test. Without a cluster the suite fails; nothing is skipped. */
import { execFileSync } from "node:child_process";

const ROOT = new URL("../../../", import.meta.url).pathname;

export default function setup(): void {
  const kubeconfig = process.env["SLIPWAY_TEST_KUBECONFIG"];
  if (kubeconfig !== undefined) {
    if (process.env["SLIPWAY_TEST_REGISTRY"] === undefined) {
      throw new Error(
        "SLIPWAY_TEST_KUBECONFIG is set, so SLIPWAY_TEST_REGISTRY has to name a registry its pods and this machine reach over http",
      );
    }
    process.env["KUBECONFIG"] = kubeconfig;
    process.env["REGISTRY"] = process.env["SLIPWAY_TEST_REGISTRY"];
    return;
  }
  execFileSync(`${ROOT}test/cluster/up`, ["--with", "all-builders,vault,redis"], {
    stdio: ["ignore", "inherit", "inherit"],
  });
  Object.assign(process.env, evaluate(execFileSync(`${ROOT}test/cluster/env`, { encoding: "utf8" })));
}

/** The environment after the shell has run the script, which is meant for `eval`. */
function evaluate(script: string): Record<string, string> {
  const printed = execFileSync("bash", ["-c", `eval "$1"; env -0`, "bash", script], { encoding: "utf8" });
  const entries = printed.split("\0").map((entry): [string, string] => {
    const at = entry.indexOf("=");
    return [entry.slice(0, at), entry.slice(at + 1)];
  });
  return Object.fromEntries(
    entries.filter(([name]) => /^(?:PATH|KUBECONFIG|CLUSTER_\w+|REGISTRY\w*|SLIPWAY_\w+)$/.test(name)),
  );
}
