import { spawn } from "node:child_process";

/** Runs kubectl and gives its standard output. @throws Error with its standard error when it fails. */
export function kubectl(args: readonly string[], stdin = ""): Promise<string> {
  const child = spawn("kubectl", args, { stdio: "pipe" });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
  child.stdin.on("error", () => {});
  child.stdin.end(stdin);
  return new Promise((resolve, reject) => {
    child.on("error", reject);
    child.on("close", (code) =>
      code === 0 ? resolve(stdout) : reject(new Error(`kubectl ${args.join(" ")}: ${stderr.trim()}`)),
    );
  });
}

/** The logs of all containers of all pods that a builder has in a namespace. */
export function builderLogs(namespace: string, builder: string): Promise<string> {
  // With a selector, kubectl gives only the last ten lines unless it is told to give all.
  return kubectl(["logs", "-n", namespace, "-l", `slipway.dev/builder=${builder}`, "--all-containers", "--tail=-1"]);
}
