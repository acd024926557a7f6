/** `slipway build --check` and `--call`: answers about a Dockerfile, for which nothing is asked of a cluster or a registry. */
import { canBuild, refuseFeatures } from "./backends/dockerfile-features.ts";
import { isBackendName, loadBackend } from "./backends/table.ts";
import { argumentsOf } from "./build/build-args.ts";
import { gatherContext } from "./build/gather.ts";
import type { BuildRequest } from "./build/request.ts";
import { runChecks } from "./check/checks.ts";
import type { Finding } from "./check/checks.ts";
import { checkJson, checkText, outlineOf, tableText, targetsOf } from "./check/report.ts";
import type { Call } from "./docker/call.ts";
import { findFeatures } from "./dockerfile/features.ts";
import { findTarget, parseDockerfile } from "./dockerfile/parse.ts";
import type { Dockerfile } from "./dockerfile/parse.ts";
import { BuilderUnable, UsageError } from "./errors.ts";

export interface Answer {
  readonly text: string;
  /** 1 where a check has found something. */
  readonly status: 0 | 1;
}

/** @throws UsageError for a Dockerfile that is not there, or is none */
export async function answerCall(request: BuildRequest, { method, json }: Call, signal: AbortSignal): Promise<Answer> {
  if (request.gitInCluster === true) {
    throw new UsageError(
      `${method === "check" ? "--check" : `--call ${method}`} reads the Dockerfile here, and --git-in-cluster leaves it to the builder`,
      {
        suggestions: ["Leave out --git-in-cluster: the repository is cloned here then."],
      },
    );
  }
  const say = (message: string): void => void process.stderr.write(`${message}\n`);
  const { dockerfile: source } = await gatherContext(request, { stdin: () => process.stdin, say, signal });
  const dockerfile = parseDockerfile(source.text);
  const target = findTarget(dockerfile, request.target);
  const given = new Map(argumentsOf(request.buildArgs, process.env));
  if (method === "check") {
    const argument = given.get("BUILDKIT_DOCKERFILE_CHECK");
    const own = runChecks(dockerfile, source.text, argument);
    const findings = [...own, ...(await unable(dockerfile, request))].sort((a, b) => a.line - b.line);
    const checked = { file: source.path.split("/").at(-1) ?? source.path, text: source.text, findings };
    return { text: json ? checkJson(checked) : checkText(checked), status: findings.length === 0 ? 0 : 1 };
  }
  if (method === "targets") {
    const targets = targetsOf(dockerfile, source.text);
    const rows = targets.map((row) => [`${row.name}${row.default ? " (default)" : ""}`.trim(), row.description]);
    return { text: json ? print({ targets }) : tableText(["TARGET", "DESCRIPTION"], rows), status: 0 };
  }
  const args = outlineOf(dockerfile, source.text, target, given);
  const name = target.name ?? "default";
  const table = tableText(
    ["BUILD ARG", "VALUE", "DESCRIPTION"],
    args.map((row) => [row.name, row.value, row.description]),
  );
  return { text: json ? print({ name, args }) : `TARGET: ${name}\n\n${table}`, status: 0 };
}

function print(value: object): string {
  return `${JSON.stringify(value, undefined, 2)}\n`;
}

/** What the chosen builder would refuse, as findings. With `auto` there is none to refuse. */
async function unable(dockerfile: Dockerfile, request: BuildRequest): Promise<Finding[]> {
  if (request.builder === "auto") return [];
  if (!isBackendName(request.builder)) throw new UsageError(`there is no builder "${request.builder}"`);
  const builder = request.builder;
  const { defaultImage } = await loadBackend(builder);
  const image = request.builderImage ?? defaultImage ?? "";
  return findFeatures(dockerfile)
    .filter(({ feature }) => !canBuild(feature, builder, image, defaultImage))
    .flatMap((use): Finding[] => {
      try {
        refuseFeatures([use], builder, image, defaultImage);
        return [];
      } catch (error) {
        if (!(error instanceof BuilderUnable)) throw error;
        const detail = [error.message.replace(/^Dockerfile line \d+: /, ""), ...error.suggestions].join(". ");
        return [{ rule: "BuilderUnable", detail, line: use.line, endLine: use.line }];
      }
    });
}
