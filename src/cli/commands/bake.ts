import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES, repeatable } from "../flags/shared.ts";
import { requestOf } from "../flags/build.ts";
import type { ChosenTarget } from "../bake/choose-targets.ts";
import { TargetFailed } from "../bake/target-failed.ts";
import type { BuildResult } from "../../events.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { InternalError, Interrupted, SlipwayError, InvalidInput } from "../../errors.ts";
import type { Progress } from "../ui/progress.ts";
import type { WiredBuild } from "../../app/build/build.ts";
import Build from "./build.ts";

/** Flags of `build` that each target sets for itself. */
const FLAGS_OF_TARGETS =
  /^(?:tag|file|target|build-arg|build-context|label|annotation|add-host|network|shm-size|ulimit|platform|secret|ssh|output|cache-from|cache-to|no-cache-filter|attest|allow|push|load|iidfile|quiet|check|call|print|dry-run|detach.*|metadata-file|progress|policy)$/;

/** Flags of `build` that hold for every target. */
const SHARED_FLAGS: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !FLAGS_OF_TARGETS.test(name)),
);

/** Builds that run at the same time: each packs and ships from this machine. */
const MAX_PARALLEL_BUILDS = 4;

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
  static override description = `Reads a bake file in JSON, the form that docker compose makes of compose.yaml, and builds its targets, each in its own pod.
Every image is pushed under its tags, as there is no local engine.

${EXIT_CODES}`;
  static override usage = "bake [OPTIONS] [TARGET…]";
  static override examples = [
    "<%= config.bin %> bake -f docker-bake.json",
    "<%= config.bin %> install-plugin compose && docker compose build",
  ];
  static override hiddenAliases = ["buildx:bake"];
  static override strict = false;

  static override flags = {
    ...SHARED_FLAGS,
    file: Flags.string({
      char: "f",
      description: "the bake file, or - for standard input (default: docker-bake.json)",
      helpValue: "FILE",
      multiple: true,
      multipleNonGreedy: true,
    }),
    push: Flags.boolean({ description: "push every image, for all outputs of its target" }),
    load: Flags.boolean({ hidden: true }),
    progress: Build.flags.progress,
    "metadata-file": Flags.string({
      description: "write the metadata of each image to this file, as JSON",
      helpValue: "FILE",
    }),
    allow: repeatable({
      description: "accepted and ignored: slipway reads with your own rights, and its pods have no privileges",
      helpValue: "WHAT",
    }),
  };

  readonly #stop = new AbortController();
  #views: ReadonlyMap<string, Progress> = new Map();
  /** Name of the target that failed first. */
  #failed: string | undefined;

  async run(): Promise<void> {
    const args = canonicalArguments(this.argv, syntaxOf(Bake.flags), this.typedName);
    const { flags } = await this.parse(Bake, args);
    const names = args.slice(args.indexOf("--") + 1);
    const [{ parseBakeFile }, { chooseTargets, withImages }, { chooseViews }] = await Promise.all([
      import("../bake/bake-file.ts"),
      import("../bake/choose-targets.ts"),
      import("../ui/bake-views.ts"),
    ]);
    const file = parseBakeFile(...(await this.#read(flags.file)));
    const chosen = chooseTargets(file, names).map(({ target, after }): ChosenTarget => ({
      target: withImages(target, file.targets),
      after,
    }));
    this.#views = await chooseViews(
      flags.progress,
      chosen.map(({ target }) => target.name),
      process.stderr,
      process.env,
    );
    const result = await this.#buildAll(await this.#wireAll(chosen, args, flags));
    if (flags["metadata-file"] === undefined) return;
    const { writeTargetsMetadata } = await import("../print/metadata.ts");
    writeTargetsMetadata(flags["metadata-file"], result);
  }

  /** The text of the bake file, and its name for messages. */
  async #read(files: readonly string[] = []): Promise<[text: string, source: string]> {
    const [file = "docker-bake.json", ...more] = files;
    if (more.length > 0) {
      throw new InvalidInput("bake reads only one file, but -f names several", {
        suggestions: ["Merge them into one file."],
      });
    }
    if (file === "-") return [await readAll(process.stdin), "on standard input"];
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new InvalidInput(`the bake file ${file} cannot be read: ${error.code ?? error.message}`, {
        suggestions: [
          "Name the file with -f FILE. `docker compose build` makes a bake file of compose files by itself.",
        ],
      });
    });
    return [text, file];
  }

  /** Checks every target before anything of any target is created. */
  async #wireAll(chosen: readonly ChosenTarget[], args: readonly string[], flags: BakeFlags): Promise<Work[]> {
    const [{ targetArgs }, { wireBuild }] = await Promise.all([
      import("../bake/target-args.ts"),
      import("../../app/build/build.ts"),
    ]);
    const shared = args.slice(0, args.indexOf("--")).filter((arg) => {
      const name = arg.slice(2).split("=", 1)[0] ?? "";
      return Object.hasOwn(SHARED_FLAGS, name);
    });
    const works: Work[] = [];
    let engineReported = false;
    for (const { target, after } of chosen) {
      const view = this.#views.get(target.name);
      const { args: own, wantsEngine } = targetArgs(target, flags.push);
      const parsed = await this.parse(Build, canonicalArguments([...shared, ...own], syntaxOf(Build.flags)));
      const request: BuildRequest = {
        ...requestOf(target.context, parsed.flags),
        noImageId: flags["metadata-file"] === undefined,
        wantsPlatform: flags["metadata-file"] !== undefined,
        ...(this.registry === undefined ? {} : { registry: this.registry }),
      };
      const inline = Buffer.from(target.dockerfileInline ?? "");
      const wired = await wireBuild(
        request,
        parsed.flags,
        (event) => view?.emit(event),
        AbortSignal.any([this.signal, this.#stop.signal]),
        target.dockerfileInline === undefined ? {} : { stdin: () => Readable.from([inline]) },
      ).catch((error: unknown) => this.#failedAt(target.name, error));
      if ((wantsEngine || flags.load) && !engineReported) {
        engineReported = true;
        view?.emit({
          type: "waiting",
          message: "there is no local engine to load images into: each image is pushed to the registry in its name",
        });
      }
      works.push({ name: target.name, after, wired });
    }
    return works;
  }

  async #buildAll(works: readonly Work[]): Promise<ReadonlyMap<string, Built>> {
    const { runTargets } = await import("../../app/bake.ts");
    const build = async ({ name, wired }: Work): Promise<Built> => {
      try {
        const result = await wired.build();
        if ("left" in result) throw new InternalError("bake never detaches, but a build of it did");
        return { result, provenance: await wired.provenance(result) };
      } catch (error) {
        return this.#failedAt(name, error);
      }
    };
    return runTargets(works, MAX_PARALLEL_BUILDS, build, () => {
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
