import { Args } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { BaseCommand, syntaxOf } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { Interrupted, InvalidInput } from "../../errors.ts";
import type { BuildEvent } from "../../events.ts";
import { buildFlags, requestOf } from "../flags/build.ts";
import { withImpliedBuilder } from "../flags/builder.ts";
import { checkDetached, refuseSeveralDetached } from "../flags/detach.ts";
import { checkKeptDetached } from "../flags/keep.ts";
import type { BuildRequest } from "../../plan/request.ts";
import { typedContext, typedDockerfile } from "../config/find-config.ts";
import { dockerNotices } from "../config/docker-variables.ts";
import { readArguments } from "../../lib/pflag/argv.ts";
import type { ParsedArgs } from "../../lib/pflag/argv.ts";
import { callOf } from "../../plan/docker/call.ts";
import { PROGRESS_MODES, isReadByPerson } from "../ui/progress.ts";
import type { GivenLogins } from "../../app/build/build.ts";
import type { Progress } from "../ui/progress.ts";
import { print, printError } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { waitLine } from "../ui/wait-line.ts";

export default class Build extends BaseCommand {
  static override summary = "Build an image from a Dockerfile, in a pod of your own namespace";
  static override description = `Packs PATH without the files that .dockerignore excludes, sends it to an unprivileged pod, and builds and pushes there.
Standard error has the progress. Standard output has only what you ask for: the image ID with -q, the answer of --check.

Every flag can also be set by a variable (SLIPWAY_BUILD_ARG for --build-arg) or by a key of .slipway.yaml: docs/reference/configuration.md.

${EXIT_CODES}`;
  static override usage = "build [OPTIONS] PATH | URL | -";
  static override examples = [
    "<%= config.bin %> build -t registry.example.com/team/app:1.0 .",
    "<%= config.bin %> build -t registry.example.com/app --target test --build-arg VERSION=1.0 -f docker/Dockerfile .",
    "<%= config.bin %> build --dry-run -t registry.example.com/app . | kubectl apply --dry-run=server -f -",
  ];

  /** Docker's other names of the command. */
  static override hiddenAliases = ["image:build", "builder:build", "buildx:build"];

  static override args = {
    path: Args.string({
      required: true,
      ignoreStdin: true,
      description: "the context: a directory, a URL, or - for an archive or a Dockerfile from standard input",
    }),
  };

  static override flags = buildFlags;

  protected override readonly settable = "all";
  /** Logins for this build only, which precede those of the user's configuration. */
  protected readonly logins: GivenLogins | undefined = undefined;
  /** Values in the args that are secret. */
  protected readonly secretTexts: readonly string[] = [];
  #progress: Progress | undefined;

  protected override readArgs(argv: readonly string[], flags: Interfaces.FlagInput): ParsedArgs {
    return readArguments(argv, syntaxOf(flags));
  }

  protected override checkArgs({ args, rest }: ParsedArgs): void {
    if (rest.length !== 1) {
      throw new InvalidInput(
        `slipway build requires 1 argument, but ${rest.length === 0 ? "there is none" : `there are ${rest.length}`}`,
        {
          docker: "refuses",
          suggestions: [
            "Give the directory to build from, a URL, or - for standard input: `slipway build -t REGISTRY/NAME .`",
          ],
        },
      );
    }
    const progress = args.findLast((arg) => arg.startsWith("--progress="))?.slice("--progress=".length);
    if (progress !== undefined && !PROGRESS_MODES.some((mode) => mode === progress)) {
      throw new InvalidInput(`invalid progress mode ${progress}`, {
        docker: "refuses",
        suggestions: [`Choose one of: ${PROGRESS_MODES.join(", ")}.`],
      });
    }
  }

  protected override contextOf(rest: readonly string[]): string | null | undefined {
    return typedContext(rest);
  }

  protected override dockerfileOf(typed: ParsedArgs, configured: string | undefined): string | undefined {
    return typedDockerfile(typed, configured);
  }

  async run(): Promise<void> {
    const { args, flags, metadata } = await this.parse(Build);
    const request = { ...requestOf(args.path, withImpliedBuilder(flags, metadata)), ...this.#configured() };
    const call = callOf(flags);
    if (call !== undefined) {
      const { answerCall } = await import("../../app/check.ts");
      const { text, status, fault, metadata } = await answerCall(request, call, this.signal);
      print(text);
      if (flags["metadata-file"] !== undefined) {
        const { writeAnswer } = await import("../print/metadata.ts");
        writeAnswer(flags["metadata-file"], metadata);
      }
      if (fault !== undefined) throw new InvalidInput(fault, { docker: "refuses" });
      process.exitCode = call.ignoreStatus ? 0 : status;
      return;
    }
    const { wireBuild } = await import("../../app/build/build.ts");
    if (flags["dry-run"]) {
      const { printObjects } = await import("../print/yaml.ts");
      for (const message of this.decisions) printError(`${message}\n`);
      const sayNote = (event: BuildEvent): void => {
        if (event.type === "note") printError(`${event.message}\n`);
      };
      const wired = await wireBuild(request, flags, sayNote, this.signal, {
        logins: this.logins,
        secretTexts: this.secretTexts,
      });
      print((await wired.describe()).map(printObjects).join(""));
      return;
    }
    const quiet = flags.quiet || flags.progress === "quiet";
    if (flags.quiet && flags.progress !== "auto" && flags.progress !== "quiet") {
      throw new InvalidInput(`progress=${flags.progress} and quiet cannot be used together`, {
        docker: "refuses",
        suggestions: ["Leave one of them out."],
      });
    }
    const { clearImageId, writeImageId } = await import("../print/image-id.ts");
    if (flags.iidfile !== undefined) clearImageId(flags.iidfile);
    const { chooseProgress } = await import("../ui/choose-view.ts");
    using progress = await chooseProgress(quiet ? "quiet" : flags.progress, process.stderr, process.env);
    this.#progress = progress;
    waitLine()?.leaveTo(progress);
    for (const message of this.decisions) progress.emit({ type: "note", message });
    for (const message of dockerNotices(process.env)) progress.emit({ type: "warning", message });
    const advises = isReadByPerson(quiet ? "quiet" : flags.progress, process.env);
    const wired = await wireBuild(request, flags, (event) => progress.emit(event), this.signal, {
      logins: this.logins,
      secretTexts: this.secretTexts,
      advises,
      sayBuilder: advises ? (message) => progress.emit({ type: "note", message }) : undefined,
    });
    // A closed terminal means that the client is gone, not that the user wants to stop the build.
    this.leaveOn.add("SIGHUP");
    if (flags.detach) {
      checkKeptDetached(flags.keep);
      checkDetached(flags.output, flags.load, wired.attests);
      if (wired.isSeveral === true) refuseSeveralDetached();
    }
    if (flags["detach-on-interrupt"]) this.leaveOn.add("SIGINT");
    const leave = flags.detach ? AbortSignal.abort() : this.leave;
    const result = await this.interruptible(() => wired.build(leave));
    if ("left" in result) {
      if (!flags.detach) throw detachedFrom(result.left);
      print(`${result.left}\n`);
      return;
    }
    const imageId = result.imageless === true ? "" : (result.loaded?.id ?? result.configDigest ?? result.digest);
    // Like docker, prints only requested output to standard output: scripts may expect it to be empty.
    if (quiet) print(`${imageId}\n`);
    if (flags.iidfile !== undefined) writeImageId(flags.iidfile, imageId);
    if (flags["metadata-file"] !== undefined) {
      const { writeMetadata } = await import("../print/metadata.ts");
      writeMetadata(flags["metadata-file"], result, await wired.provenance(result));
    }
  }

  /** Settings of the configuration that are not flags. */
  #configured(): Pick<BuildRequest, "registry" | "builderOrder" | "images"> {
    const { project, user } = this.configurations;
    const builderOrder = project?.builderOrder ?? user?.builderOrder;
    return {
      ...omitUndefined({ registry: this.registry, builderOrder }),
      images: { ...user?.images, ...project?.images },
    };
  }

  protected override fail(error: unknown): void {
    if (this.#progress === undefined) super.fail(error);
    else this.#progress.fail(error);
  }
}

function detachedFrom(name: string): Interrupted {
  return new Interrupted(`detached; build ${name} keeps running in the cluster`, {
    suggestions: [`To come back to it: run \`slipway attach ${name}\`. To stop it: run \`slipway cancel ${name}\`.`],
  });
}
