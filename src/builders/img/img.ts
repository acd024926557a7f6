/** img is BuildKit of 2020 in one process, in its own user namespace. It pulls and pushes only over verified https. */
import { pushes } from "../../plan/plan.ts";
import type { BuildPlan } from "../../plan/plan.ts";
import type { Reference } from "../../lib/image/reference.ts";
import { BuilderUnable } from "../../errors.ts";
import type { ContextForm } from "../../plan/layout.ts";
import type { Builder, BuilderPod, ContainerEnd, Outcome } from "../builder.ts";
import { digestOutcome, refuseSeveralNames } from "../outcome.ts";
import { imgFailure } from "./failure.ts";
import { IMG_OPTIONS, exportScript, optionArguments } from "./arguments.ts";
import { platformText } from "../../lib/image/platform.ts";
import { AUTH_MOUNT, contextPaths, preparation, shellCommand, trustedDirectories } from "../shell-pod.ts";
import { imgSteps } from "./steps.ts";
import { logrusText } from "../steps/logrus.ts";
import { ROOTLESS_RECEIVER, rootlessPod } from "../rootless-pod.ts";

const STATE = { name: "img-state", path: "/home/user/.local/share/img" };
/** img needs a name even for an image that is not pushed. */
const LOCAL_NAME = "localhost/slipway-build:latest";

export const img: Builder = {
  name: "img",
  layerCache: "tag",
  defaultImage: undefined,
  whyNotRestricted: "newuidmap needs to gain capabilities",
  frontend: true,
  mountsFiles: true,
  supports: new Set(["build", "provenance", "push", "sbom", ...IMG_OPTIONS]),

  check(plan: BuildPlan): void {
    refuseSeveralNames("img", plan);
    const { hosts, insecure } = plan.registries;
    const host = insecure.find((one) => hosts.includes(one));
    if (host === undefined) return;
    throw new BuilderUnable(`img needs the certificate of ${host}: it pulls and pushes only over verified https`, {
      suggestions: ["Give the certificate with --registry-ca FILE.", "Or use another builder: all others can do it."],
    });
  },

  pod(plan: BuildPlan, form: ContextForm): BuilderPod {
    return rootlessPod(plan, {
      name: "img",
      state: STATE,
      command: shellCommand(preparation(form) + script(plan), buildArguments(plan, form)),
      env: [
        { name: "USER", value: "user" },
        { name: "HOME", value: "/home/user" },
        { name: "XDG_RUNTIME_DIR", value: "/run/user/1000" },
        ...(plan.credentials.kind === "none" ? [] : [{ name: "DOCKER_CONFIG", value: AUTH_MOUNT }]),
        ...trustedDirectories(plan),
      ],
    });
  },

  receiver: () => ROOTLESS_RECEIVER,

  // What a RUN prints has the number of its step before it.
  formatLogLine: (line: string): string => logrusText(line) ?? line,

  steps: () => imgSteps((line) => img.formatLogLine(line)),

  outcome: (end: ContainerEnd): Outcome => digestOutcome(end, "img", imgFailure),
};

/** The last column of `img ls` has the digest of the manifest that `img push` pushes. */
function script(plan: BuildPlan): string {
  const push = (tag: Reference): string => `img push '${tag.toString()}'\n`;
  const name = plan.tags[0]?.toString() ?? LOCAL_NAME;
  const exported = exportScript(plan, name).map((line) => `${line}\n`);
  return `img build "$@"
${[...exported, ...(pushes(plan) ? plan.tags : []).map(push)].join("")}img ls > /tmp/slipway-images
awk -v name='${name}' '$1 == name { printf "%s", $NF }' /tmp/slipway-images > /dev/termination-log`;
}

function buildArguments(plan: BuildPlan, form: ContextForm): string[] {
  const paths = contextPaths(form);
  const args = ["--no-console", `--file=${paths.dockerfile}/Dockerfile`];
  for (const tag of plan.tags.length > 0 ? plan.tags.map(String) : [LOCAL_NAME]) args.push(`--tag=${tag}`);
  if (plan.platform !== undefined) args.push(`--platform=${platformText(plan.platform)}`);
  if (plan.target !== undefined) args.push(`--target=${plan.target}`);
  for (const [name, value] of plan.buildArgs) args.push(`--build-arg=${name}=${value}`);
  for (const [key, value] of plan.labels) args.push(`--label=${key}=${value}`);
  args.push(...optionArguments(plan));
  if (plan.noCache) args.push("--no-cache");
  args.push(paths.context);
  return args;
}
