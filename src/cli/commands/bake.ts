import { Readable } from "node:stream";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES, many } from "../flags/shared.ts";
import type { ChosenTarget } from "../bake/chosen-targets.ts";
import type { ReadRequest } from "../bake/read-plan.ts";
import { TargetFailed } from "../bake/target-failed.ts";
import type { BuildResult } from "../../events.ts";
import type { BakePlan, BakeRequest } from "../../plan/bake/plan-bake.ts";
import type { Definition } from "../../plan/bake/definition.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { InternalError, Interrupted, SlipwayError, InvalidInput } from "../../errors.ts";
import type { Progress } from "../ui/progress.ts";
import type { WiredBuild } from "../../app/build/build.ts";
import Build from "./build.ts";
import { requestOf } from "../flags/build-request.ts";

/** Flags of `build` that each target says for itself, and those that `bake` has of its own. */
const OF_TARGETS =
  /^(?:tag|file|target|build-arg|build-context|label|annotation|add-host|network|shm-size|ulimit|platform|secret|ssh|output|cache-from|cache-to|no-cache|no-cache-filter|pull|attest|sbom|provenance|allow|push|load|iidfile|quiet|check|call|print|dry-run|detach.*|metadata-file|progress|policy)$/;

const SHARED: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !OF_TARGETS.test(name)),
);

/** Builds under way at once where `--parallel` does not say: each packs and ships from this machine. */
const AT_ONCE = 4;

interface Work {
  readonly name: string;
  readonly after: readonly string[];
  readonly wired: WiredBuild;
}

interface Built {
  readonly result: BuildResult;
  readonly provenance: object | undefined;
}

type BakeFlags = Interfaces.InferredFlags<typeof Bake.flags>;

export default class Bake extends BaseCommand {
  static override summary = "Build the targets of a bake file";
  static override description = `Reads what docker buildx bake reads (HCL, JSON and compose files) and builds its targets, each in a pod of its own. As there is
no local engine, every image is pushed under its tags.

A bake file reads and writes files of the working directory only. What else it names has to be allowed with --allow, or at
the question that a terminal shows.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> bake",
    "<%= config.bin %> bake -f docker-bake.hcl --set '*.args.VERSION=1.2' app",
    "<%= config.bin %> bake --print",
    "<%= config.bin %> install-plugin compose && docker compose build",
  ];
  static override hiddenAliases = ["buildx:bake"];
  static override strict = false;

  static override flags = {
    ...SHARED,
    file: Flags.string({
      char: "f",
      description:
        "a bake file, or - for standard input (default: compose.yaml, docker-bake.json, docker-bake.hcl and others)",
      helpValue: "FILE",
      multiple: true,
      multipleNonGreedy: true,
    }),
    set: many({
      description: "change a field of targets: PATTERN.KEY=VALUE, or += to add",
      helpValue: "TARGET.KEY=VALUE",
    }),
    var: many({ description: "set a variable of the bake file", helpValue: "NAME=VALUE" }),
    print: Flags.boolean({ description: "print the targets as JSON, with all that is evaluated, and build nothing" }),
    list: Flags.string({
      description: "list targets or variables, and build nothing; for JSON: type=targets,format=json",
      helpValue: "targets|variables",
    }),
    call: Flags.string({
      description: "answer about the Dockerfiles instead of building: check, outline, targets",
      helpValue: "METHOD",
    }),
    check: Flags.boolean({ description: "--call=check" }),
    push: Flags.boolean({ description: "push every image, whatever its target says of outputs" }),
    load: Flags.boolean({ hidden: true }),
    pull: Flags.boolean({ description: "look base images up again, for every target", allowNo: true }),
    "no-cache": Flags.boolean({ description: "use no cache, for every target" }),
    sbom: Flags.string({ description: "attach an SBOM to every image: true, or options", helpValue: "true" }),
    provenance: Flags.string({
      description: "attach provenance to every image: true, or options",
      helpValue: "mode=max",
    }),
    parallel: Flags.integer({
      description: `how many targets are built at once (default: ${AT_ONCE})`,
      helpValue: "N",
      min: 1,
    }),
    progress: Build.flags.progress,
    "metadata-file": Flags.string({
      description: "write what is known of each image to this file, as JSON",
      helpValue: "FILE",
    }),
    allow: many({
      description: "let the bake file take fs.read=PATH, fs.write=PATH, fs=PATH, ssh, network.host",
      helpValue: "WHAT",
    }),
  };

  readonly #stop = new AbortController();
  #views: ReadonlyMap<string, Progress> = new Map();
  /** The target that failed first. */
  #failed: string | undefined;

  async run(): Promise<void> {
    const words = canonicalArguments(this.argv, syntaxOf(Bake.flags));
    const { flags } = await this.parse(Bake, words);
    const names = words.slice(words.indexOf("--") + 1);
    if (flags.print && flags.list !== undefined) throw new InvalidInput("--print and --list cannot be used together");
    const { agreeTo, mustBeLocal, planOf, readBakeDefinition } = await import("../bake/read-plan.ts");
    mustBeLocal(names);
    const request: ReadRequest = {
      files: flags.file ?? [],
      variables: flags.var,
      allow: flags.allow,
      env: process.env,
      directory: process.cwd(),
    };
    const read = await readBakeDefinition(request);
    for (const note of read.notes) process.stderr.write(`${note}\n`);
    if (flags.list !== undefined) return this.#list(flags.list, read.definition);
    const call = flags.check ? "check" : flags.call;
    const plan = planOf(read, { names, sets: flags.set, ...settingsOf(flags, call) }, process.env);
    if (flags.print) {
      const { printDefinition } = await import("../bake/print.ts");
      process.stdout.write(printDefinition(plan));
      return;
    }
    const isTerminal = process.stdin.isTTY && process.stderr.isTTY && flags.progress !== "rawjson";
    await agreeTo(plan, request, isTerminal ? (question) => this.#ask(question) : undefined);
    await this.#run(plan, call, words, flags);
  }

  async #run(plan: BakePlan, call: string | undefined, words: readonly string[], flags: BakeFlags): Promise<void> {
    const [{ chosenTargets }, { chooseViews }] = await Promise.all([
      import("../bake/chosen-targets.ts"),
      import("../ui/bake-views.ts"),
    ]);
    const chosen = chosenTargets(plan);
    const called = chosen.filter(({ target }) => target.fields.has("call"));
    if (called.length > 0) await this.#answer(called, call, words);
    const built = chosen.filter(({ target }) => !target.fields.has("call"));
    if (built.length === 0) return;
    this.#views = await chooseViews(
      flags.progress,
      built.map(({ target }) => target.name),
      process.stderr,
      process.env,
    );
    const result = await this.#buildAll(await this.#wireAll(built, words, flags), flags.parallel ?? AT_ONCE);
    if (flags["metadata-file"] === undefined) return;
    const { writeTargetsMetadata } = await import("../print/metadata.ts");
    await writeTargetsMetadata(flags["metadata-file"], result);
  }

  async #list(given: string, definition: Definition): Promise<void> {
    const [{ parseList }, { listTargets, listVariables }] = await Promise.all([
      import("../bake/parse-list.ts"),
      import("../bake/print.ts"),
    ]);
    const { what, format } = parseList(given);
    process.stdout.write(what === "targets" ? listTargets(definition, format) : listVariables(definition, format));
  }

  async #ask(question: string): Promise<string> {
    const { prompt } = await import("../ui/prompt.ts");
    return prompt(question, false);
  }

  /** Answers about Dockerfiles, one target after the other, each below its name. */
  async #answer(called: readonly ChosenTarget[], call: string | undefined, words: readonly string[]): Promise<void> {
    const { answerTargets } = await import("../bake/answer-targets.ts");
    const parse = async (own: readonly string[]): Promise<Interfaces.InferredFlags<typeof Build.flags>> => {
      const { flags } = await this.parse(
        Build,
        canonicalArguments([...sharedOf(words), ...own], syntaxOf(Build.flags)),
      );
      return flags;
    };
    const status = await answerTargets(called, call, parse, this.signal, (text) => process.stdout.write(text));
    if (status !== 0) process.exitCode = status;
  }

  /** All of them are seen to be right before anything of any of them is created. */
  async #wireAll(chosen: readonly ChosenTarget[], words: readonly string[], flags: BakeFlags): Promise<Work[]> {
    const [{ targetWords }, { wireBuild }] = await Promise.all([
      import("../bake/target-words.ts"),
      import("../../app/build/build.ts"),
    ]);
    const works: Work[] = [];
    let engineSaid = false;
    for (const { target, after, isLinked } of chosen) {
      const view = this.#views.get(target.name);
      const { words: own, context, inline, wantsEngine } = targetWords(target, isLinked);
      const parsed = await this.parse(Build, canonicalArguments([...sharedOf(words), ...own], syntaxOf(Build.flags)));
      const request: BuildRequest = {
        ...requestOf(context, parsed.flags),
        noImageId: flags["metadata-file"] === undefined,
        wantsPlatform: flags["metadata-file"] !== undefined,
        ...(this.registry === undefined ? {} : { registry: this.registry }),
      };
      const wired = await wireBuild(
        request,
        parsed.flags,
        (event) => view?.emit(event),
        AbortSignal.any([this.signal, this.#stop.signal]),
        inline === undefined ? {} : { stdin: () => Readable.from([Buffer.from(inline)]) },
      ).catch((error: unknown) => this.#failedAt(target.name, error));
      if ((wantsEngine || flags.load) && !engineSaid) {
        engineSaid = true;
        view?.emit({
          type: "waiting",
          message: "there is no local engine to load images into: each is pushed to the registry of its name",
        });
      }
      works.push({ name: target.name, after, wired });
    }
    return works;
  }

  async #buildAll(works: readonly Work[], atOnce: number): Promise<ReadonlyMap<string, Built>> {
    const { runTargets } = await import("../../app/bake.ts");
    const build = async ({ name, wired }: Work): Promise<Built> => {
      try {
        const result = await wired.build();
        if ("left" in result) throw new InternalError("a build of bake's is never left");
        return { result, provenance: await wired.provenance(result) };
      } catch (error) {
        return this.#failedAt(name, error);
      }
    };
    return runTargets(works, atOnce, build, () => {
      this.#stop.abort(new Interrupted("another target failed"));
    });
  }

  /** Says in its sentence which target it is. */
  #failedAt(target: string, error: unknown): never {
    if (this.signal.aborted && this.signal.reason instanceof Interrupted) throw this.signal.reason;
    this.#failed ??= target;
    const ordinary = error instanceof SlipwayError && !(error instanceof InternalError);
    throw ordinary && this.#views.size > 1 ? new TargetFailed(target, error) : error;
  }

  /** By the view of the target that failed, or of any of them: all write to the same stream. */
  protected override fail(error: unknown): void {
    const view = this.#views.get(this.#failed ?? "") ?? [...this.#views.values()][0];
    if (view === undefined) super.fail(error);
    else view.fail(error);
  }
}

/** Flags of the command line that every target has as well. */
function sharedOf(words: readonly string[]): readonly string[] {
  return words.slice(0, words.indexOf("--")).filter((word) => {
    const name = word.slice(2).split("=", 1)[0] ?? "";
    return Object.hasOwn(SHARED, name);
  });
}

function settingsOf(flags: BakeFlags, call: string | undefined): Omit<BakeRequest, "names" | "sets"> {
  return {
    push: flags.push,
    load: flags.load,
    ...(flags["no-cache"] ? { noCache: true } : {}),
    ...(flags.pull === undefined ? {} : { pull: flags.pull }),
    ...(flags.sbom === undefined ? {} : { sbom: flags.sbom }),
    ...(flags.provenance === undefined ? {} : { provenance: flags.provenance }),
    ...(call === undefined ? {} : { call: call.split(",", 1)[0] ?? "" }),
  };
}
