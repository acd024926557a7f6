import { workingDirectory } from "../../lib/files/working-directory.ts";
import { Readable } from "node:stream";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES, repeatable } from "../flags/shared.ts";
import { requestOf } from "../flags/build.ts";
import { withImpliedBuilder } from "../flags/builder.ts";
import type { ChosenTarget } from "../bake/chosen-targets.ts";
import type { ReadRequest } from "../bake/read-plan.ts";
import { TargetFailed } from "../bake/target-failed.ts";
import type { BuildResult } from "../../events.ts";
import type { BakeRequest } from "../../plan/bake/plan-bake.ts";
import type { Definition } from "../../plan/bake/definition.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { InternalError, Interrupted, InvalidInput, SlipwayError } from "../../errors.ts";
import { isReadByPerson } from "../ui/progress.ts";
import type { Progress } from "../ui/progress.ts";
import type { WiredBuild } from "../../app/build/build.ts";
import type { Sharing } from "../../app/build/sharing.ts";
import Build from "./build.ts";
import { print, printError } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { waitLine } from "../ui/wait-line.ts";

/** Flags of `build` that each target sets for itself, and those that `bake` defines in another way. */
const FLAGS_OF_TARGETS =
  /^(?:tag|file|target|build-arg|build-context|label|annotation|add-host|network|shm-size|ulimit|platform|secret|ssh|output|cache-from|cache-to|no-cache|no-cache-filter|pull|attest|sbom|provenance|allow|push|load|iidfile|quiet|check|call|print|dry-run|detach.*|metadata-file|progress|policy)$/;

/** Flags of `build` that hold for every target. */
const SHARED_FLAGS: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !FLAGS_OF_TARGETS.test(name)),
);

/** Default of `--parallel`: each build packs and ships from this machine. */
const MAX_PARALLEL_BUILDS = 4;

interface Work {
  readonly name: string;
  readonly after: readonly string[];
  readonly wired: WiredBuild;
}

interface Built {
  readonly result: BuildResult;
  readonly provenances: Readonly<Record<string, object>>;
}

type BakeFlags = Interfaces.InferredFlags<typeof Bake.flags>;

export default class Bake extends BaseCommand {
  static override summary = "Build the targets of a bake file";
  static override description = `Reads the files that docker buildx bake reads (HCL, JSON and compose files) and builds their targets, each in its own pod. Every
image is pushed under its tags, unless its output is the local engine (--load, type=docker, compose's default) and there is one.

A bake file can read and write only in the working directory. What else it names needs --allow, or your answer on the terminal.

${EXIT_CODES}`;
  static override usage = "bake [OPTIONS] [URL] [TARGET…]";
  static override examples = [
    "<%= config.bin %> bake",
    "<%= config.bin %> bake -f docker-bake.hcl --set '*.args.VERSION=1.2' app",
    "<%= config.bin %> bake --print",
    "<%= config.bin %> bake https://github.com/docker/cli.git#v28.3.3 --print",
    "<%= config.bin %> install-plugin compose && docker compose build",
  ];
  static override hiddenAliases = ["buildx:bake"];
  static override strict = false;

  static override flags = {
    ...SHARED_FLAGS,
    file: Flags.string({
      char: "f",
      description:
        "a bake file, or - for standard input (default: compose.yaml, docker-bake.json, docker-bake.hcl and others)",
      helpValue: "FILE",
      multiple: true,
      multipleNonGreedy: true,
    }),
    set: repeatable({
      description: "override a field of the targets that match: TARGET.KEY=VALUE, or += to append",
      helpValue: "TARGET.KEY=VALUE",
    }),
    var: repeatable({ description: "set a variable of the bake file", helpValue: "NAME=VALUE" }),
    print: Flags.boolean({ description: "print the evaluated targets as JSON, and build nothing" }),
    list: Flags.string({
      description: "list targets or variables, and build nothing (as JSON: type=targets,format=json)",
      helpValue: "targets|variables",
    }),
    call: Flags.string({
      description: "answer about the Dockerfiles, and build nothing: check, outline, targets",
      helpValue: "METHOD",
    }),
    check: Flags.boolean({ description: "the same as --call=check" }),
    push: Flags.boolean({ description: "push every image, for all outputs of its target" }),
    load: Flags.boolean({ description: "load every image into the local engine (Docker or Podman)" }),
    pull: Flags.boolean({ description: "always pull the base images of every target", allowNo: true }),
    "no-cache": Flags.boolean({ description: "build every target without a cache" }),
    sbom: Flags.string({ description: "attach an SBOM to every image: true, or its options", helpValue: "true" }),
    provenance: Flags.string({
      description: "attach provenance to every image: true, or its options",
      helpValue: "mode=max",
    }),
    parallel: Flags.integer({
      description: `number of targets to build at the same time (default: ${MAX_PARALLEL_BUILDS})`,
      helpValue: "N",
      min: 1,
    }),
    progress: Build.flags.progress,
    "metadata-file": Flags.string({
      description: "write the metadata of each image to this file, as JSON",
      helpValue: "FILE",
    }),
    allow: repeatable({
      description: "grant the bake file a privilege: fs.read=PATH, fs.write=PATH, fs=PATH, ssh, network.host",
      helpValue: "PRIVILEGE",
    }),
  };

  /** Targets say the rest, and the environment must not say it for them. */
  protected override readonly settable = [...Object.keys(SHARED_FLAGS), "progress"];
  readonly #stop = new AbortController();
  #views: ReadonlyMap<string, Progress> = new Map();
  /** Name of the target that failed first. */
  #failed: string | undefined;

  async run(): Promise<void> {
    const args = canonicalArguments(this.argv, syntaxOf(Bake.flags), this.typedName);
    const { flags } = await this.parse(Bake, args);
    if (flags.print && flags.list !== undefined) {
      throw new InvalidInput("--print and --list are mutually exclusive", { docker: "refuses" });
    }
    const { agreeTo, chosenTargets, planOf, printDefinition, readBakeDefinition, splitNames } =
      await import("../bake/reader.ts");
    const { names, ...origin } = splitNames(args.slice(args.indexOf("--") + 1));
    const request: ReadRequest = {
      ...origin,
      files: flags.file ?? [],
      variables: flags.var,
      allow: flags.allow,
      env: process.env,
      directory: workingDirectory(),
      fetchRemote: async (url, files, defaults) => {
        const { readRemoteDefinition } = await import("../../plan/source/remote-definition.ts");
        const say = (message: string): void => printError(`${message}\n`);
        return readRemoteDefinition(url, files, defaults, { say, signal: this.signal });
      },
    };
    const read = await readBakeDefinition(request);
    for (const note of read.notes) printError(`${note}\n`);
    if (flags.list !== undefined) return this.#list(flags.list, read.definition);
    const call = flags.check ? "check" : flags.call;
    const plan = planOf(read, { names, sets: flags.set, ...settingsOf(flags, call) }, process.env);
    if (flags.print) {
      print(printDefinition(plan));
      return;
    }
    const isTerminal = process.stdin.isTTY && process.stderr.isTTY && flags.progress !== "rawjson";
    await agreeTo(plan, request, isTerminal ? (question) => this.#ask(question) : undefined);
    await this.#run(chosenTargets(plan, isCalledByCompose(process.env)), call, args, flags);
  }

  async #run(
    chosen: readonly ChosenTarget[],
    call: string | undefined,
    args: readonly string[],
    flags: BakeFlags,
  ): Promise<void> {
    const answered = chosen.filter(({ isAnswered }) => isAnswered);
    if (answered.length > 0) await this.#answer(answered, call, args);
    const built = chosen.filter(({ isAnswered }) => !isAnswered);
    if (built.length === 0) return;
    const { chooseViews } = await import("../ui/bake-views.ts");
    this.#views = await chooseViews(
      flags.progress,
      built.map(({ name }) => name),
      process.stderr,
      process.env,
    );
    // What takes long concerns all targets, and one of their views says it.
    const [view] = this.#views.values();
    if (view !== undefined) waitLine()?.leaveTo(view);
    const [{ Sharing }, { connect }] = await Promise.all([
      import("../../app/build/sharing.ts"),
      import("../../lib/kube/connect.ts"),
    ]);
    await using sharing = new Sharing(connect);
    const works = await this.#wireAll(built, args, flags, sharing);
    const result = await this.#buildAll(works, flags.parallel ?? MAX_PARALLEL_BUILDS);
    if (flags["metadata-file"] === undefined) return;
    const { writeTargetsMetadata } = await import("../print/metadata.ts");
    writeTargetsMetadata(flags["metadata-file"], result);
  }

  async #list(given: string, definition: Definition): Promise<void> {
    const { listTargets, listVariables, parseList } = await import("../bake/reader.ts");
    const { what, format } = parseList(given);
    print(what === "targets" ? listTargets(definition, format) : listVariables(definition, format));
  }

  async #ask(question: string): Promise<string> {
    const { prompt } = await import("../ui/prompt.ts");
    return prompt(question, false);
  }

  /** Answers about the Dockerfiles, one target after the other, each below its name. */
  async #answer(targets: readonly ChosenTarget[], call: string | undefined, args: readonly string[]): Promise<void> {
    const { answerTargets } = await import("../bake/answer-targets.ts");
    const parse = async (own: readonly string[]): Promise<Interfaces.InferredFlags<typeof Build.flags>> =>
      (await this.#parseTarget(args, own)).flags;
    const status = await answerTargets(targets, call, parse, this.signal, (text) => print(text));
    if (status !== 0) process.exitCode = status;
  }

  /** @param own args of the target */
  async #parseTarget(args: readonly string[], own: readonly string[]) {
    const parsed = await this.parse(Build, canonicalArguments([...sharedOf(args), ...own], syntaxOf(Build.flags)));
    return { ...parsed, flags: withImpliedBuilder(parsed.flags, parsed.metadata) };
  }

  /** Checks every target before anything of any target is created. */
  async #wireAll(
    targets: readonly ChosenTarget[],
    args: readonly string[],
    flags: BakeFlags,
    sharing: Sharing,
  ): Promise<Work[]> {
    const { wireBuild } = await import("../../app/build/build.ts");
    const works: Work[] = [];
    // Compose asks for an engine for every service; what is asked for with --load has to be possible.
    const loads = flags.load || (targets.some(({ wantsEngine }) => wantsEngine) && (await this.#hasEngine()));
    const used = new Set(targets.flatMap(({ after }) => after));
    let engineReported = false;
    const told = new Set<string>();
    const isRead = isReadByPerson(flags.progress, process.env);
    for (const { name, after, args: own, context, inline, wantsEngine } of targets) {
      const view = this.#views.get(name);
      // The pod of another target pulls the image from its registry.
      const engine = wantsEngine && loads ? ["--load", ...(used.has(name) ? ["--push"] : [])] : [];
      const parsed = await this.#parseTarget(args, [...engine, ...own]);
      const request: BuildRequest = {
        ...requestOf(context, parsed.flags),
        noImageId: flags["metadata-file"] === undefined,
        wantsPlatform: flags["metadata-file"] !== undefined,
        ...omitUndefined({ registry: this.registry }),
      };
      const wired = await wireBuild(
        request,
        parsed.flags,
        (event) => view?.emit(event),
        AbortSignal.any([this.signal, this.#stop.signal]),
        {
          sharing,
          ...(inline === undefined ? {} : { stdin: () => Readable.from([Buffer.from(inline)]) }),
          sayBuilder: (message) => {
            // Most targets have the same builder.
            if (isRead && !told.has(message)) view?.emit({ type: "note", message });
            told.add(message);
          },
        },
      ).catch((error: unknown) => this.#failedAt(name, error));
      if (wantsEngine && !loads && !engineReported) {
        engineReported = true;
        view?.emit({
          type: "waiting",
          message: "there is no local engine to load images into: each image is pushed to the registry in its name",
        });
      }
      works.push({ name, after, wired });
    }
    return works;
  }

  async #hasEngine(): Promise<boolean> {
    const { hasEngine } = await import("../../app/build/load/reach-engine.ts");
    return hasEngine(process.env, this.signal);
  }

  async #buildAll(works: readonly Work[], atOnce: number): Promise<ReadonlyMap<string, Built>> {
    const { runTargets } = await import("../../app/bake.ts");
    const build = async ({ name, wired }: Work): Promise<Built> => {
      try {
        const result = await wired.build();
        if ("left" in result) throw new InternalError("bake never detaches, but a build of it did");
        return { result, provenances: await wired.provenance(result) };
      } catch (error) {
        return this.#failedAt(name, error);
      }
    };
    return runTargets(works, atOnce, build, () => {
      this.#stop.abort(new Interrupted("another target failed"));
    });
  }

  /** Names the target in the sentence of the error. */
  #failedAt(target: string, error: unknown): never {
    this.throwIfInterrupted();
    this.#failed ??= target;
    const expected = error instanceof SlipwayError && !(error instanceof InternalError);
    throw expected && this.#views.size > 1 ? new TargetFailed(target, error) : error;
  }

  /** Uses the view of the target that failed, or any other: all of them write to the same stream. */
  protected override fail(error: unknown): void {
    const view = this.#views.get(this.#failed ?? "") ?? [...this.#views.values()][0];
    if (view === undefined) super.fail(error);
    else view.fail(error);
  }
}

/** Flags of the command line that hold for every target. */
function sharedOf(args: readonly string[]): readonly string[] {
  return args.slice(0, args.indexOf("--")).filter((arg) => {
    const name = arg.slice(2).split("=", 1)[0] ?? "";
    return Object.hasOwn(SHARED_FLAGS, name);
  });
}

function settingsOf(flags: BakeFlags, call: string | undefined): Omit<BakeRequest, "names" | "sets"> {
  return {
    push: flags.push,
    load: flags.load,
    ...(flags["no-cache"] ? { noCache: true } : {}),
    ...omitUndefined({ pull: flags.pull, sbom: flags.sbom, provenance: flags.provenance }),
    ...(call === undefined ? {} : { call: call.split(",", 1)[0] ?? "" }),
  };
}

/** Compose runs this program in place of buildx (docker/compose v5 pkg/compose/shellout.go). */
function isCalledByCompose({ USER_AGENT = "" }: Readonly<Record<string, string | undefined>>): boolean {
  return USER_AGENT.startsWith("compose/");
}
