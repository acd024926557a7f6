import { readFile } from "node:fs/promises";
import { Readable } from "node:stream";
import { text as readAll } from "node:stream/consumers";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES, many } from "../flags/shared.ts";
import type { ChosenTarget } from "../bake/choose-targets.ts";
import { TargetFailed } from "../bake/target-failed.ts";
import type { BuildResult } from "../../events.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { InternalError, Interrupted, SlipwayError, InvalidInput } from "../../errors.ts";
import type { Progress } from "../ui/progress.ts";
import type { WiredBuild } from "../../app/build/build.ts";
import Build from "./build.ts";
import { requestOf } from "../flags/build-request.ts";

/** Flags of `build` that each target says for itself. */
const OF_TARGETS =
  /^(?:tag|file|target|build-arg|build-context|label|annotation|add-host|network|shm-size|ulimit|platform|secret|ssh|output|cache-from|cache-to|no-cache-filter|attest|allow|push|load|iidfile|quiet|check|call|print|dry-run|detach.*|metadata-file|progress|policy)$/;

const SHARED: Interfaces.FlagInput = Object.fromEntries(
  Object.entries(Build.flags).filter(([name]) => !OF_TARGETS.test(name)),
);

/** Builds under way at once: each packs and ships from this machine. */
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
  static override description = `Reads a bake file in its JSON form, which is what docker compose makes of compose.yaml, and builds its targets, each in a pod of
its own. As there is no local engine, every image is pushed under its tags.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> bake -f docker-bake.json",
    "<%= config.bin %> install-plugin compose && docker compose build",
  ];
  static override hiddenAliases = ["buildx:bake"];
  static override strict = false;

  static override flags = {
    ...SHARED,
    file: Flags.string({
      char: "f",
      description: "the bake file, or - for standard input (default: docker-bake.json)",
      helpValue: "FILE",
      multiple: true,
      multipleNonGreedy: true,
    }),
    push: Flags.boolean({ description: "push every image, whatever its target says of outputs" }),
    load: Flags.boolean({ hidden: true }),
    progress: Build.flags.progress,
    "metadata-file": Flags.string({
      description: "write what is known of each image to this file, as JSON",
      helpValue: "FILE",
    }),
    allow: many({
      description: "taken: slipway reads what you may read, and a pod has no privileges",
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
    const result = await this.#buildAll(await this.#wireAll(chosen, words, flags));
    if (flags["metadata-file"] === undefined) return;
    const { writeTargetsMetadata } = await import("../print/metadata.ts");
    await writeTargetsMetadata(flags["metadata-file"], result);
  }

  /** The one bake file, and what to call it. */
  async #read(files: readonly string[] = []): Promise<[text: string, source: string]> {
    const [file = "docker-bake.json", ...more] = files;
    if (more.length > 0) {
      throw new InvalidInput("bake reads one file here, and several were named", {
        suggestions: ["Merge them into one."],
      });
    }
    if (file === "-") return [await readAll(process.stdin), "on standard input"];
    const text = await readFile(file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new InvalidInput(`the bake file ${file} cannot be read: ${error.code ?? error.message}`, {
        suggestions: ["Name it with -f FILE. Of compose files `docker compose build` makes one."],
      });
    });
    return [text, file];
  }

  /** All of them are seen to be right before anything of any of them is created. */
  async #wireAll(chosen: readonly ChosenTarget[], words: readonly string[], flags: BakeFlags): Promise<Work[]> {
    const [{ targetWords }, { wireBuild }] = await Promise.all([
      import("../bake/target-words.ts"),
      import("../../app/build/build.ts"),
    ]);
    const shared = words.slice(0, words.indexOf("--")).filter((word) => {
      const name = word.slice(2).split("=", 1)[0] ?? "";
      return Object.hasOwn(SHARED, name);
    });
    const works: Work[] = [];
    let engineSaid = false;
    for (const { target, after } of chosen) {
      const view = this.#views.get(target.name);
      const { words: own, wantsEngine } = targetWords(target, flags.push);
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

  async #buildAll(works: readonly Work[]): Promise<ReadonlyMap<string, Built>> {
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
    return runTargets(works, AT_ONCE, build, () => {
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
