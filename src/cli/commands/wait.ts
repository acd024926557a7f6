import { EXIT_CODES, clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { LATEST } from "../../app/builds/find.ts";
import { registryFlags } from "../flags/registry.ts";
import { waitFor } from "../../lib/waits/waits.ts";
import { Interrupted } from "../../errors.ts";
import type { BuildEvent, BuildResult } from "../../events.ts";
import { print, printError } from "../../lib/terminal/output.ts";
import { suggestionLines } from "../ui/failure.ts";
import type { QuietView } from "../ui/quiet.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";

/** A script reads only standard output, so warnings go to standard error, which a quiet view leaves empty. */
function emit(view: QuietView, event: BuildEvent): void {
  if (event.type === "warning") {
    const lines = [`WARNING: ${event.message}`, ...suggestionLines(event.suggestions ?? [])];
    printError(`${lines.join("\n")}\n`);
  }
  view.emit(event);
}

export default class Wait extends BuildsCommand {
  static override summary = "Wait for builds to end";
  static override description = `Prints NAME:TAG@DIGEST of each build that succeeds, in the order of the args. Ends with the exit code of the first build
that fails, and prints why it failed.

${EXIT_CODES}`;
  static override examples = [
    "<%= config.bin %> wait $(<%= config.bin %> build --detach -t registry.example.com/app .)",
    "<%= config.bin %> wait one two",
  ];
  static override strict = false;
  static override args = buildArgs;
  static override flags = { ...registryFlags, ...clusterFlags };

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Wait);
    const names = argv.length === 0 ? [LATEST] : argv.map(String);
    const [{ attach }, { readCa }, { QuietView }] = await Promise.all([
      import("../../app/builds/attach-deps.ts"),
      import("../../plan/registry-ca.ts"),
      import("../ui/quiet.ts"),
    ]);
    const ca = await readCa(flags["registry-ca"]);
    const trust = { insecure: flags["insecure-registry"], ...omitUndefined({ ca }) };
    const failures = await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, names);
      const ends = await Promise.all(
        found.map(async (one) => {
          const view = new QuietView(process.stderr);
          try {
            const following = (): Promise<BuildResult> =>
              attach(cluster, one, (event) => emit(view, event), this.signal, trust);
            const result = await waitFor(`the end of ${one.record.name}`, following);
            return { view, result, reference: one.record.references[0] };
          } catch (error) {
            return { view, error, reference: undefined };
          }
        }),
      );
      this.signal.throwIfAborted();
      const failed: unknown[] = [];
      for (const { view, result, reference, error } of ends) {
        if (result === undefined) {
          view.fail(error);
          failed.push(error);
        } else {
          print(`${reference === undefined ? "" : `${reference}@`}${result.digest}\n`);
        }
      }
      return failed;
    });
    if (failures.length > 0) this.leaveWith(failures[0]);
  }

  protected override fail(error: unknown): void {
    const stopped = error instanceof Interrupted;
    super.fail(stopped ? new Interrupted("stopped waiting; the builds keep running in the cluster") : error);
  }
}
