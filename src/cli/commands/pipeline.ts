import { readFile } from "node:fs/promises";
import { Args } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { syntaxOf } from "../base-command.ts";
import { EXIT_CODES } from "../flags/shared.ts";
import { canonicalArguments } from "../../lib/pflag/argv.ts";
import { readPipeline } from "../drone/pipeline.ts";
import type { SecretVariable } from "../../app/cluster-secrets.ts";
import { InvalidInput } from "../../errors.ts";
import Plugin, { passedOn } from "./plugin.ts";

export default class Pipeline extends Plugin {
  static override summary = "Build what a build step of a Banzai pipeline.yaml asks for";
  static override description = `Reads the step's settings as banzaicloud/kaniko-plugin does, with what its secretFrom names in Secrets of the namespace, and makes one build
of them. All other flags are those of \`build\`: docs/guides/drone.md.

${EXIT_CODES}`;
  static override examples = ["<%= config.bin %> pipeline pipeline.yaml build_image"];
  static override args = {
    file: Args.string({ required: true, ignoreStdin: true, description: "the pipeline.yaml" }),
    step: Args.string({ required: true, ignoreStdin: true, description: "its step, for example build_image" }),
  };
  static override flags: Interfaces.FlagInput = passedOn;

  override async run(): Promise<void> {
    const words = canonicalArguments(this.argv, syntaxOf(Pipeline.flags));
    const { args, flags } = await this.parse(Pipeline, words);
    const text = await readFile(args.file, "utf8").catch((error: NodeJS.ErrnoException) => {
      throw new InvalidInput(`the pipeline ${args.file} cannot be read: ${error.code ?? error.message}`, {
        suggestions: ["Name the file first, then the step: slipway pipeline FILE STEP."],
      });
    });
    const { variables, secrets, notices } = readPipeline(args.file, text, args.step, process.env);
    for (const notice of notices) process.stderr.write(`WARNING: ${notice}\n`);
    await this.build({ ...process.env, ...variables, ...(await this.#read(secrets, flags)) }, "banzai", words);
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
