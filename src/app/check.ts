/** `slipway build --check` and `--call`: answers about a Dockerfile, without a cluster. Only `--check` asks registries, whether they have the images. */
import { canBuild, refuseFeatures } from "../builders/dockerfile-features.ts";
import { loadBuilder } from "../builders/table.ts";
import { imageFaults, missingSources } from "./build/known-faults.ts";
import type { KnownFault } from "./build/known-faults.ts";
import { openStores } from "../lib/credentials/stores.ts";
import type { ContextSource, DockerfileSource } from "../plan/plan.ts";
import { readCa } from "../plan/registry-ca.ts";
import { isBuilderName } from "../plan/builder-names.ts";
import { argumentsOf } from "../plan/build-args.ts";
import { gatherContext } from "../plan/gather.ts";
import type { BuildRequest } from "../plan/request.ts";
import { faultOf, runChecks } from "../lib/dockerfile/checks/rules.ts";
import { outlineJson, outlineOf, outlineText } from "../lib/dockerfile/checks/outline.ts";
import { checkJson, checkText, warningsText } from "../lib/dockerfile/checks/report.ts";
import type { Finding } from "../lib/dockerfile/checks/rule.ts";
import { targetsJson, targetsText } from "../lib/dockerfile/checks/targets.ts";
import type { Call } from "../plan/docker/call.ts";
import { refuseOtherBytes } from "../lib/dockerfile/encoding.ts";
import { findFeatures } from "../lib/dockerfile/features.ts";
import { findTarget, parseDockerfile } from "../lib/dockerfile/parse.ts";
import type { BuildStage, Dockerfile } from "../lib/dockerfile/parse.ts";
import { BuilderUnable, InvalidInput } from "../errors.ts";
import { printError } from "../lib/terminal/output.ts";
import { omitUndefined } from "../lib/text/omit-undefined.ts";
import { registryOptions } from "./registry-options.ts";

export interface Answer {
  readonly text: string;
  /** 1 if a check has found something. */
  readonly status: 0 | 1;
  /** Why the Dockerfile cannot be built, if it cannot. */
  readonly fault?: string;
  /** The answer of docker's frontend, for the metadata file. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A registry that does not answer a check within this time is not waited for. */
const REGISTRY_TIMEOUT_MS = 5000;

/** Version of the frontend's answers (BuildKit frontend/subrequests). */
const VERSION = "1.0.0";

/** @throws InvalidInput for a Dockerfile that does not exist or cannot be parsed */
export async function answerCall(
  request: BuildRequest,
  call: Call,
  signal: AbortSignal,
  stdin: () => AsyncIterable<Uint8Array> = () => process.stdin,
): Promise<Answer> {
  if (request.gitInCluster === true) {
    const flag = call.method === "check" ? "--check" : `--call ${call.method}`;
    throw new InvalidInput(
      `${flag} reads the Dockerfile on this machine, but with --git-in-cluster only the builder has it`,
      {
        suggestions: ["Leave out --git-in-cluster: then the repository is cloned here."],
      },
    );
  }
  const say = (message: string): void => printError(`${message}\n`);
  const { context, dockerfile: source } = await gatherContext(request, { stdin, say, signal });
  const dockerfile = parseDockerfile(source.text);
  refuseOtherBytes(dockerfile, source.bytes);
  if (call.method === "targets") {
    return described(call, targetsText(dockerfile), targetsJson(dockerfile, source.text));
  }
  const given = new Map(argumentsOf(request.buildArgs, process.env));
  if (call.method === "outline") {
    const outline = outlineOf(dockerfile, findTarget(dockerfile, request.target), given);
    return described(call, outlineText(outline), outlineJson(outline, source.text));
  }
  const { target, missing } = targetOf(dockerfile, request.target);
  const options = { argument: given.get("BUILDKIT_DOCKERFILE_CHECK"), target };
  const own = runChecks(dockerfile, source.text, options);
  const fault = missing ?? faultOf(dockerfile, own, { ...options, given });
  const inputs = { context, dockerfile: source, request, signal };
  const known = fault === undefined ? await knownFaults(inputs) : [];
  const findings = [...own, ...(await unable(dockerfile, request)), ...known].sort((a, b) => a.line - b.line);
  const found = omitUndefined({ fault });
  const checked = { file: source.path.split("/").at(-1) ?? source.path, text: source.text, findings, ...found };
  const status = findings.length === 0 && fault === undefined ? 0 : 1;
  const json = checkJson(checked);
  return {
    text: call.json ? json : checkText(checked),
    status,
    ...found,
    metadata: {
      "result.json": JSON.parse(json) as unknown,
      "result.statuscode": String(status),
      "result.txt": warningsText(checked),
      version: VERSION,
    },
  };
}

/** The stage that `--target` names; null, with the error's message, if there is no such stage. */
function targetOf(dockerfile: Dockerfile, name: string | undefined): { target?: BuildStage | null; missing?: string } {
  if (name === undefined) return {};
  try {
    return { target: findTarget(dockerfile, name) };
  } catch (error) {
    if (error instanceof InvalidInput) return { target: null, missing: error.message };
    throw error;
  }
}

function described(call: Call, text: string, json: string): Answer {
  const metadata = { "result.json": JSON.parse(json) as unknown, "result.txt": text, version: VERSION };
  return { text: call.json ? json : text, status: 0, metadata };
}

interface KnownFaultInputs {
  readonly context: ContextSource;
  readonly dockerfile: DockerfileSource;
  readonly request: BuildRequest;
  readonly signal: AbortSignal;
}

/** What a build would refuse before there is a pod. */
async function knownFaults({ context, dockerfile, request, signal }: KnownFaultInputs): Promise<Finding[]> {
  const inputs = {
    context,
    dockerfile,
    buildArgs: argumentsOf(request.buildArgs, process.env),
    target: request.target,
    buildContexts: request.docker?.["build-context"],
  };
  const stores = request.noCredentials === true ? [] : await openStores(process.env);
  const ca = await readCa(request.registryCa);
  const access = registryOptions({ insecure: request.insecureRegistries, ca }, stores);
  const ask = { ...access, timeout: REGISTRY_TIMEOUT_MS, signal };
  const images = await imageFaults(inputs, ask);
  const byRule: readonly (readonly [rule: string, faults: readonly KnownFault[]])[] = [
    ["SourceNotFound", missingSources(inputs)],
    ["ImageNotFound", images.missing],
    ["StageNotFound", images.misspelt],
  ];
  return byRule.flatMap(([rule, faults]) =>
    faults.map(({ message, suggestions, line, endLine }) => ({
      rule,
      detail: sentences(message, ...suggestions),
      line,
      endLine,
    })),
  );
}

/** The features that the chosen builder would refuse, as findings. With `auto` no builder is chosen. */
async function unable(dockerfile: Dockerfile, request: BuildRequest): Promise<Finding[]> {
  if (request.builder === "auto") return [];
  if (!isBuilderName(request.builder))
    throw new InvalidInput(`there is no builder "${request.builder}"`, { docker: "refuses" });
  const builder = request.builder;
  const { defaultImage } = await loadBuilder(builder);
  const image = request.builderImage ?? defaultImage ?? "";
  return findFeatures(dockerfile, new Map(argumentsOf(request.buildArgs, process.env)))
    .filter(({ feature }) => !canBuild(feature, builder, image, defaultImage))
    .flatMap((use): Finding[] => {
      try {
        refuseFeatures([use], builder, image, defaultImage);
        return [];
      } catch (error) {
        if (!(error instanceof BuilderUnable)) throw error;
        const detail = sentences(error.reason, ...error.suggestions);
        return [{ rule: "BuilderUnable", detail, line: use.line, endLine: use.line }];
      }
    });
}

/** One text of several sentences, of which some end with their full stop already. */
function sentences(...parts: readonly string[]): string {
  return parts.map((part) => (/[.?!]$/.test(part) ? part : `${part}.`)).join(" ");
}
