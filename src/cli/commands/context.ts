import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { many } from "../flags/shared.ts";
import { contextDirectory } from "../config/find-config.ts";
import { InvalidInput } from "../../errors.ts";
import { printContext, printExplanation } from "../print/context-report.ts";

/** How many of the heaviest places are shown. */
const PLACES = 10;
/** Paths are written in pieces of about so many bytes. */
const PIECE = 64 * 1024;

export default class Context extends BaseCommand {
  static override summary = "Show what a build would send, and why";
  static override description = `Reads PATH and its ignore file as a build does: <Dockerfile>.dockerignore, or else PATH/.dockerignore. What no COPY or ADD
of the Dockerfile can reach is left out, where that is certain. Asks no cluster and no registry, and packs nothing.`;
  static override examples = [
    "<%= config.bin %> context",
    "<%= config.bin %> context --explain node_modules/left-pad/index.js",
    "<%= config.bin %> context -f docker/Dockerfile --list -0 . | xargs -0 ls -ld",
  ];

  static override args = {
    path: Args.string({ default: ".", ignoreStdin: true, description: "the context, as slipway build takes it" }),
  };

  static override flags = {
    file: Flags.string({ char: "f", description: "the Dockerfile (default: PATH/Dockerfile)", helpValue: "FILE" }),
    target: Flags.string({ description: "the stage that would be built", helpValue: "STAGE" }),
    "build-arg": many({ description: "a build argument the sources of a COPY may need", helpValue: "NAME[=VALUE]" }),
    "send-all": Flags.boolean({ description: "as with slipway build --send-all", env: "SLIPWAY_SEND_ALL" }),
    list: Flags.boolean({ description: "print every path that would be sent, one a line", exclusive: ["explain"] }),
    // oclif's types know letters only.
    null: Flags.boolean({
      char: "0" as "z",
      description: "with --list: end paths with NUL, not a line feed",
      dependsOn: ["list"],
    }),
    explain: Flags.string({
      description: "say which rule decides about this path, relative to the context",
      helpValue: "FILE",
    }),
  };

  protected override readonly settable = ["file", "target", "build-arg", "send-all"];

  protected override contextOf([path = "."]: readonly string[]): string | null | undefined {
    return contextDirectory(path);
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Context);
    if (args.path === "-") {
      throw new InvalidInput("slipway context shows directories and what can be fetched, not standard input", {
        suggestions: ["List an archive with tar -tf."],
      });
    }
    const { wireContext } = await import("../../app/context.ts");
    const { file, target } = flags;
    const request = { path: args.path, file, target, buildArgs: flags["build-arg"], sendAll: flags["send-all"] };
    const view = await wireContext(request, this.signal);
    if (flags.explain !== undefined) {
      process.stdout.write(printExplanation(view.explain(flags.explain)));
      return;
    }
    if (!flags.list) {
      process.stdout.write(printContext(view, await view.survey(PLACES)));
      return;
    }
    const end = Buffer.from(flags.null ? "\0" : "\n");
    let piece: Buffer[] = [];
    let size = 0;
    const write = (): void => {
      process.stdout.write(Buffer.concat(piece));
      piece = [];
      size = 0;
    };
    await view.survey(0, (path) => {
      piece.push(path, end);
      size += path.length + 1;
      if (size > PIECE) write();
    });
    write();
  }
}
