import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base.ts";
import { UsageError } from "../errors.ts";
import { printContext, printExplanation } from "../report/context-report.ts";

/** How many of the heaviest places are shown. */
const PLACES = 10;
/** Paths are written in pieces of about so many bytes. */
const PIECE = 64 * 1024;

export default class Context extends BaseCommand {
  static override summary = "Show what a build would send, and why";
  static override description = `Reads PATH and its ignore file as a build does: <Dockerfile>.dockerignore, or else PATH/.dockerignore. Asks no cluster and
packs nothing.`;
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

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Context);
    if (args.path === "-") {
      throw new UsageError("slipway context shows directories and what can be fetched, not standard input", {
        suggestions: ["List an archive with tar -tf."],
      });
    }
    const { wireContext } = await import("../wire-context.ts");
    const view = await wireContext(args.path, flags.file, this.signal);
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
