import { workingDirectory } from "../../lib/files/working-directory.ts";
import { whyNot } from "../../lib/files/read-file.ts";
import { readNamedFile } from "../../lib/files/regular-file.ts";
import { Args } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { syntaxOf } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { readPipeline } from "../drone/pipeline.ts";
import type { SecretVariable } from "../../app/cluster-secrets.ts";
import { InvalidInput } from "../../errors.ts";
import { limitStep } from "../drone/limits.ts";
import Plugin, { BUILD_FLAGS, readEnvironmentFile } from "./plugin.ts";
import { printError } from "../../lib/terminal/output.ts";

export default class Pipeline extends Plugin {
  static override summary = "Run the build of a build step in a Banzai pipeline.yaml";
  static override description = `Reads the step's settings as banzaicloud/kaniko-plugin does, and the values that its secretFrom names from Secrets of the
namespace, and runs one build of them. All other flags are those of \`build\`: docs/guides/drone.md.

${EXIT_CODES}`;
  static override usage = "pipeline [OPTIONS] FILE STEP";
  static override examples = ["<%= config.bin %> pipeline pipeline.yaml build_image"];
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: "the pipeline.yaml" }),
    step: Args.string({ required: true, ignoreStdin: true, description: "its step, for example build_image" }),
  };
  static override flags: Interfaces.FlagInput = BUILD_FLAGS;

  override async run(): Promise<void> {
    const buildArgs = canonicalArguments(this.argv, syntaxOf(Pipeline.flags), this.typedName);
    const { args, flags } = await this.parse(Pipeline, buildArgs);
    const content = await readNamedFile(args.file).catch((error: unknown) => {
      throw new InvalidInput(`the pipeline ${args.file} ${whyNot(error)}`, {
        suggestions: ["Name first the file, then the step: slipway pipeline FILE STEP."],
      });
    });
    const { variables, secrets, notices } = readPipeline(args.file, content.toString(), args.step, process.env);
    for (const notice of notices) printError(`WARNING: ${notice}\n`);
    limitStep(variables, secrets, args.file, workingDirectory());
    const { PLUGIN_ENV_FILE: envFile, ...own } = variables;
    const all = { ...(await readEnvironmentFile(envFile)), ...own };
    // The variables of that file are data as well.
    limitStep(all, [], args.file, workingDirectory());
    const read = await this.#read(secrets, flags);
    await this.build({ ...process.env, ...all, ...read }, "banzai", buildArgs, Object.values(read));
  }

  async #read(
    secrets: readonly SecretVariable[],
    flags: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, string>> {
    if (secrets.length === 0) return {};
    const { readClusterSecrets } = await import("../../app/cluster-secrets.ts");
    return readClusterSecrets(secrets, flags, this.signal);
  }
}
