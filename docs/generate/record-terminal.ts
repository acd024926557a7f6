/**
 * Records docs/images/terminal.svg from a real build on the test cluster: `node docs/generate/record-terminal.ts`. The program runs in
 * a terminal of tmux; when it has ended, the screen is read with its colours and drawn as text.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { plainText, terminalSvg } from "./terminal-svg.ts";

const ROOT = join(import.meta.dirname, "../..");
const SVG = join(ROOT, "docs/images/terminal.svg");
const NAMESPACE = "slipway-recording";
const COLUMNS = 92;
const ROWS = 60;
const LIMIT_MS = 180_000;
const LOOK_MS = 250;

const DOCKERFILE = `FROM \${BASE}
COPY greet.sh /
RUN echo built > /when
CMD ["/greet.sh"]
`;

const tmux = (...args: string[]): string =>
  execFileSync("tmux", ["-L", `slipway-recording-${process.pid}`, ...args], { encoding: "utf8" });

/** Types a command into the shell, and waits until its prompt is back. */
async function type(command: string): Promise<void> {
  const before = prompts();
  tmux("send-keys", "-l", command);
  tmux("send-keys", "Enter");
  for (let waited = 0; prompts() === before; waited += LOOK_MS) {
    if (waited > LIMIT_MS) throw new Error(`the command did not end: ${command}\n${tmux("capture-pane", "-p")}`);
    await sleep(LOOK_MS);
  }
}

function prompts(): number {
  return tmux("capture-pane", "-p").match(/^\$(?: |$)/gm)?.length ?? 0;
}

const registry = process.env["REGISTRY"];
if (registry === undefined) throw new Error('no test cluster: eval "$(test/cluster/env)" first');

const home = mkdtempSync(join(tmpdir(), "slipway-recording-"));
try {
  mkdirSync(join(home, "hello"));
  mkdirSync(join(home, "bin"));
  symlinkSync(join(ROOT, "bin/run.js"), join(home, "bin/slipway"));
  symlinkSync(process.execPath, join(home, "bin/node"));
  writeFileSync(join(home, "hello/Dockerfile"), DOCKERFILE.replace("${BASE}", `${registry}/busybox:1.35`));
  writeFileSync(join(home, "hello/greet.sh"), '#!/bin/sh\necho "hello from $(hostname)"\n', { mode: 0o755 });
  writeFileSync(join(home, "hello/.slipway.yaml"), `registry: ${registry}/team\n`);
  writeFileSync(
    join(home, "profile"),
    `PS1='$ '\nPATH=${home}/bin:$PATH\nHOME=${home}\nexport SLIPWAY_NAMESPACE=${NAMESPACE}\ncd ${home}/hello\nclear\n`,
  );
  execFileSync("kubectl", ["create", "namespace", NAMESPACE], { stdio: "ignore" });
  const shell = ["env", "TERM=tmux-256color", "bash", "--noprofile", "--rcfile", join(home, "profile"), "-i"];
  tmux("-f", "/dev/null", "new-session", "-d", "-x", String(COLUMNS), "-y", String(ROWS), ...shell);
  await sleep(1000);
  await type("cat Dockerfile");
  await type("slipway build -t hello .");
  const screen = tmux("capture-pane", "-p", "-e").split("\n");
  const last = screen.findLastIndex((line) => !/^\s*\$?\s*$/.test(plainText(line)));
  writeFileSync(SVG, terminalSvg(screen.slice(0, last + 1), COLUMNS));
} finally {
  try {
    tmux("kill-server");
  } catch {
    // It did not start.
  }
  execFileSync("kubectl", ["delete", "namespace", NAMESPACE, "--wait=false", "--ignore-not-found"], {
    stdio: "ignore",
  });
  rmSync(home, { recursive: true, force: true });
}
