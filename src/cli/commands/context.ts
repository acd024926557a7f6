import { Args, Flags } from "@oclif/core";
import { BaseCommand } from "../base-command.ts";
import { sendFlags, sourceFlags } from "../flags/context.ts";
import { repeatable } from "../flags/shared.ts";
import { contextDirectory } from "../config/find-config.ts";
import { InvalidInput } from "../../errors.ts";
import { printContext, printExplanation } from "../print/context-report.ts";
import { print, printBytes } from "../../lib/terminal/output.ts";

/** Number of files and directories in the list of the largest. */
const LARGEST_SHOWN = 10;
/** Paths are written in chunks of about this size. */
const CHUNK_BYTES = 64 * 1024;

export default class Context extends BaseCommand {
  static override summary = "Show which files a build would send, and why";
  static override description = `Reads PATH and its ignore file as a build does: <Dockerfile>.dockerignore, or else PATH/.dockerignore. Leaves out the files
that certainly no COPY or ADD of the Dockerfile can reach. Contacts no cluster and no registry, and packs nothing.`;
  static override examples = [
    "<%= config.bin %> context",
    "<%= config.bin %> context --explain node_modules/left-pad/index.js",
    "<%= config.bin %> context -f docker/Dockerfile --list -0 . | xargs -0 ls -ld",
  ];

  static override args = {
    path: Args.string({ default: ".", ignoreStdin: true, description: "the context, as for slipway build" }),
  };

  static override flags = {
    file: Flags.string({ char: "f", description: "the Dockerfile (default: PATH/Dockerfile)", helpValue: "FILE" }),
    target: Flags.string({ description: "the stage that would be built", helpValue: "STAGE" }),
    "build-arg": repeatable({
      description: "a build argument that a source of COPY may use; may be repeated",
      helpValue: "NAME[=VALUE]",
    }),
    ...sendFlags,
    ...sourceFlags,
    list: Flags.boolean({ description: "print every path that would be sent, one per line", exclusive: ["explain"] }),
    // oclif's types allow only letters.
    null: Flags.boolean({
      char: "0" as "z",
      description: "with --list: end paths with NUL instead of a line feed",
      dependsOn: ["list"],
    }),
    explain: Flags.string({
      description: "print the rule that decides about this path, which is relative to the context",
      helpValue: "FILE",
    }),
  };

  protected override readonly settable = ["file", "target", "build-arg", "send-all", "submodule-credentials"];

  protected override contextOf([path = "."]: readonly string[]): string | null | undefined {
    return contextDirectory(path);
  }

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Context);
    if (args.path === "-") {
      throw new InvalidInput("slipway context reads a directory or a URL, not standard input", {
        suggestions: ["To list an archive: run `tar -tf FILE`."],
      });
    }
    const { wireContext } = await import("../../app/context.ts");
    const { file, target } = flags;
    const request = {
      path: args.path,
      file,
      target,
      buildArgs: flags["build-arg"],
      sendAll: flags["send-all"],
      submoduleCredentials: flags["submodule-credentials"],
    };
    const view = await wireContext(request, this.signal);
    if (flags.explain !== undefined) {
      print(printExplanation(view.explain(flags.explain)));
      return;
    }
    if (!flags.list) {
      print(printContext(view, await view.survey(LARGEST_SHOWN)));
      return;
    }
    const end = Buffer.from(flags.null ? "\0" : "\n");
    let chunk: Buffer[] = [];
    let size = 0;
    const write = (): void => {
      printBytes(Buffer.concat(chunk));
      chunk = [];
      size = 0;
    };
    await view.survey(0, (path) => {
      chunk.push(path, end);
      size += path.length + 1;
      if (size > CHUNK_BYTES) write();
    });
    write();
  }
}
