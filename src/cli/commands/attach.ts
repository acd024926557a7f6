import { Flags } from "@oclif/core";
import { EXIT_CODES, clusterFlags } from "../flags/shared.ts";
import { progressFlags } from "../flags/build.ts";
import { registryFlags } from "../flags/registry.ts";
import { BuildsCommand, buildArg } from "../builds-command.ts";
import { InternalError, Interrupted } from "../../errors.ts";
import type { Progress } from "../ui/progress.ts";
import { print } from "../../lib/terminal/output.ts";
import { omitUndefined } from "../../lib/text/omit-undefined.ts";
import { waitLine } from "../ui/wait-line.ts";

export default class Attach extends BuildsCommand {
  static override summary = "Attach to a build: show its log from the start, and its result";
  static override description = `Shows the same as \`build\`, prints the same on standard output and ends with the same exit code. It works for every build
of the namespace, running or ended, also for those of other users. Ctrl-C leaves the build running.

${EXIT_CODES}`;
  static override examples = ["<%= config.bin %> attach", "<%= config.bin %> attach -q slipway-app-x7k2m9qd"];
  static override args = buildArg;
  static override flags = {
    quiet: Flags.boolean({
      char: "q",
      description: "print only the image ID (the config digest, as docker does), on success",
    }),
    iidfile: Flags.string({
      description: "write the image ID (the config digest, as docker does) to this file",
      helpValue: "FILE",
    }),
    "metadata-file": Flags.string({
      description:
        "write the metadata of the image to this file, as JSON; containerimage.digest is the manifest digest",
      helpValue: "FILE",
    }),
    ...progressFlags,
    ...registryFlags,
    ...clusterFlags,
  };

  #progress: Progress | undefined;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attach);
    const [{ attach }, { readCa }, { clearImageId, writeImageId }, { chooseProgress }] = await Promise.all([
      import("../../app/builds/attach-deps.ts"),
      import("../../plan/registry-ca.ts"),
      import("../print/image-id.ts"),
      import("../ui/choose-view.ts"),
    ]);
    if (flags.iidfile !== undefined) clearImageId(flags.iidfile);
    const ca = await readCa(flags["registry-ca"]);
    using progress = await chooseProgress(flags.quiet ? "quiet" : flags.progress, process.stderr, process.env);
    waitLine()?.leaveTo(progress);
    this.#progress = progress;
    let name = args.build;
    const result = await this.withCluster(flags, async (cluster) => {
      const [found] = await this.find(cluster, [args.build]);
      if (found === undefined) throw new InternalError("find() returned no build for one name");
      name = found.record.name;
      const trust = { insecure: flags["insecure-registry"], ...omitUndefined({ ca }) };
      return attach(cluster, found, (event) => progress.emit(event), this.signal, trust);
    }).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
      throw new Interrupted(`detached; build ${name} keeps running in the cluster`, {
        suggestions: [`To stop it: run \`slipway cancel ${name}\`.`],
      });
    });
    const imageId = result.configDigest ?? result.digest;
    if (flags.iidfile !== undefined) writeImageId(flags.iidfile, imageId);
    if (flags["metadata-file"] !== undefined) {
      const { writeMetadata } = await import("../print/metadata.ts");
      writeMetadata(flags["metadata-file"], result);
    }
    if (flags.quiet) print(`${imageId}\n`);
  }

  protected override fail(error: unknown): void {
    if (this.#progress === undefined) super.fail(error);
    else this.#progress.fail(error);
  }
}
