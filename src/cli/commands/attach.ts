import { Flags } from "@oclif/core";
import { EXIT_CODES, clusterFlags } from "../flags/shared.ts";
import { BuildsCommand, buildArg } from "../builds-command.ts";
import { InternalError, Interrupted } from "../../errors.ts";
import { PROGRESS_MODES } from "../ui/progress.ts";
import type { Progress } from "../ui/progress.ts";

export default class Attach extends BuildsCommand {
  static override summary = "Take up a build: its log from the start, and its result";
  static override description = `Shows what \`build\` would have shown, prints the same on standard output and ends with the same exit code,
whoever started the build and whether it has ended or not. Ctrl-C leaves the build running.

${EXIT_CODES}`;
  static override examples = ["<%= config.bin %> attach", "<%= config.bin %> attach -q slipway-app-x7k2m9qd"];
  static override args = buildArg;
  static override flags = {
    quiet: Flags.boolean({ char: "q", description: "print nothing but the image ID, on success" }),
    iidfile: Flags.string({ description: "write the image ID to this file", helpValue: "FILE" }),
    "metadata-file": Flags.string({ description: "write what is known of the image to this file", helpValue: "FILE" }),
    progress: Flags.option({ options: PROGRESS_MODES, default: "auto" })({
      description: "how to show progress",
      env: "SLIPWAY_PROGRESS",
    }),
    "registry-ca": Flags.string({
      description: "trust the certificates in this file when the registry is asked for the image ID",
      env: "SLIPWAY_REGISTRY_CA",
      helpValue: "FILE",
    }),
    ...clusterFlags,
  };

  #progress: Progress | undefined;

  async run(): Promise<void> {
    const { args, flags } = await this.parse(Attach);
    const [{ attach, readCa }, { clearImageId, writeImageId }, { chooseProgress }] = await Promise.all([
      import("../../app/builds/attach-deps.ts"),
      import("../print/image-id.ts"),
      import("../ui/choose-view.ts"),
    ]);
    if (flags.iidfile !== undefined) await clearImageId(flags.iidfile);
    const ca = await readCa(flags["registry-ca"]);
    using progress = await chooseProgress(flags.quiet ? "quiet" : flags.progress, process.stderr, process.env);
    this.#progress = progress;
    let name = args.build;
    const result = await this.withCluster(flags, async (cluster) => {
      const [found] = await this.find(cluster, [args.build]);
      if (found === undefined) throw new InternalError("no build was looked for");
      name = found.record.name;
      return attach(cluster, found, (event) => progress.emit(event), this.signal, ca);
    }).catch((error: unknown) => {
      if (!(error instanceof Interrupted)) throw error;
      throw new Interrupted(`left; the build ${name} goes on in the cluster`, {
        suggestions: [`Stop it with \`slipway cancel ${name}\`.`],
      });
    });
    const imageId = result.configDigest ?? result.digest;
    if (flags.iidfile !== undefined) await writeImageId(flags.iidfile, imageId);
    if (flags["metadata-file"] !== undefined) {
      const { writeMetadata } = await import("../print/metadata.ts");
      await writeMetadata(flags["metadata-file"], result);
    }
    if (flags.quiet) process.stdout.write(`${imageId}\n`);
  }

  protected override fail(error: unknown): void {
    if (this.#progress === undefined) super.fail(error);
    else this.#progress.fail(error);
  }
}
