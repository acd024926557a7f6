import { EXIT_CODES, clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArgs } from "../builds-command.ts";
import { LATEST } from "../../app/builds/find.ts";
import { Interrupted } from "../../errors.ts";
import { print } from "../../lib/terminal/output.ts";

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
  static override flags = clusterFlags;

  async run(): Promise<void> {
    const { argv, flags } = await this.parse(Wait);
    const names = argv.length === 0 ? [LATEST] : argv.map(String);
    const [{ attach }, { QuietView }] = await Promise.all([
      import("../../app/builds/attach-deps.ts"),
      import("../ui/quiet.ts"),
    ]);
    const failures = await this.withCluster(flags, async (cluster) => {
      const found = await this.find(cluster, names);
      const ends = await Promise.all(
        found.map(async (one) => {
          const view = new QuietView(process.stderr);
          try {
            return { view, result: await attach(cluster, one, (event) => view.emit(event), this.signal) };
          } catch (error) {
            return { view, error };
          }
        }),
      );
      this.signal.throwIfAborted();
      const failed: unknown[] = [];
      for (const { view, result, error } of ends) {
        if (result === undefined) {
          view.fail(error);
          failed.push(error);
        } else {
          const [reference] = result.references;
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
