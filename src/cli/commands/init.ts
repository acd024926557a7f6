import { join } from "node:path";
import { Flags } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import type { Answers } from "../../app/init/answers.ts";
import type { Proposals } from "../../app/init/proposals.ts";
import { InvalidInput } from "../../errors.ts";
import { workingDirectory } from "../../lib/files/working-directory.ts";
import { printError } from "../../lib/terminal/output.ts";
import { BUILDER_NAMES } from "../../plan/builder-names.ts";
import { BaseCommand } from "../base-command.ts";
import { PROJECT_FILE } from "../config/find-config.ts";
import { clusterFlags } from "../flags/shared.ts";

/** What each flag of an answer is for, as its question says it. */
const QUESTIONS: Readonly<Record<keyof Answers, string>> = {
  registry: "Registry, and the path in it, for names such as `-t app`",
  namespace: "Namespace to build in",
  builder: `Builder (auto, ${BUILDER_NAMES.join(", ")})`,
};

export default class Init extends BaseCommand {
  static override summary = "Set up a project: write its .slipway.yaml, and check that a build can run";
  static override description = `Asks for the registry, the namespace and the builder, with proposals from docker's configuration, the git remote and the kubeconfig.
Writes .slipway.yaml into the working directory, and runs \`slipway doctor\` with these settings. Without a terminal each answer is a flag.

A file that is there is only changed with --force, and then only in the lines of these settings.`;
  static override examples = [
    "<%= config.bin %> init",
    "<%= config.bin %> init --registry registry.example.com/team --builder auto -n builds",
    "<%= config.bin %> init --registry registry.example.com/team --builder auto -n builds --force --no-doctor",
  ];
  static override flags = {
    registry: Flags.string({
      description: "registry and path for images without one, such as `-t app`",
      helpValue: "HOST[/PATH]",
    }),
    builder: Flags.string({ description: `auto, ${BUILDER_NAMES.join(", ")}`, helpValue: "NAME" }),
    force: Flags.boolean({ description: "change a .slipway.yaml that is there" }),
    doctor: Flags.boolean({ default: true, allowNo: true, description: "run `slipway doctor` at the end" }),
    ...clusterFlags,
  };

  /** The answers are typed: a value of the environment is not one for the project. */
  protected override readonly settable = ["context", "kubeconfig"];

  async run(): Promise<void> {
    const { flags } = await this.parse(Init);
    const directory = workingDirectory();
    const path = join(directory, PROJECT_FILE);
    const [{ propose }, { planSettings }] = await Promise.all([
      import("../../app/init/proposals.ts"),
      import("../config/write-project.ts"),
    ]);
    const proposals = await propose(directory, { kubeconfig: flags.kubeconfig, context: flags.context }, process.env);
    const answers = await this.#ask(flags, proposals);
    const { exists, changes, write } = await planSettings(path, {
      registry: answers.registry,
      builder: answers.builder,
    });
    if (exists && changes.length === 0) printError(`${PROJECT_FILE} has these settings already\n`);
    else {
      const isRefused = exists && !flags.force;
      printError(`${isRefused ? `${PROJECT_FILE} would change:` : `wrote ${PROJECT_FILE}:`}\n`);
      printError(changes.map((line) => `  ${line}\n`).join(""));
      if (isRefused) {
        throw new InvalidInput(`${PROJECT_FILE} exists with other settings`, {
          suggestions: ["To change these lines, and keep all others: add --force."],
        });
      }
      write();
    }
    this.#sayHowToUse(answers, proposals, flags.context);
    if (flags.doctor) await this.#examine(answers, flags);
    printError("\nTo build: slipway build -t NAME .\n");
  }

  /** @throws InvalidInput for an answer that is not one, and where there is nobody to ask */
  async #ask(flags: Interfaces.InferredFlags<typeof Init.flags>, proposals: Proposals): Promise<Answers> {
    const { answerFault } = await import("../../app/init/answers.ts");
    const names = ["registry", "namespace", "builder"] as const;
    for (const name of names) {
      const text = flags[name];
      const fault = text === undefined ? undefined : answerFault(name, text);
      if (fault !== undefined) throw new InvalidInput(`--${name} "${text}": ${fault}`);
    }
    const missing = names.filter((name) => flags[name] === undefined);
    if (missing.length > 0 && !(process.stdin.isTTY && process.stderr.isTTY)) {
      throw new InvalidInput(`there is no terminal to ask for: ${missing.join(", ")}`, {
        suggestions: [`Give them with ${missing.map((name) => `--${name}`).join(", ")}.`],
      });
    }
    const { namespace } = proposals;
    const registries = [...new Set([...(this.registry === undefined ? [] : [this.registry]), ...proposals.registries])];
    if (flags.registry === undefined && registries.length > 1) {
      printError(`Registries that you have used: ${registries.join(", ")}\n`);
    }
    const proposed: Readonly<Record<keyof Answers, string | undefined>> = {
      registry: registries[0],
      namespace,
      builder: "auto",
    };
    const answers = { registry: flags.registry, namespace: flags.namespace, builder: flags.builder };
    for (const name of missing) answers[name] = await askUntil(name, proposed[name], (text) => answerFault(name, text));
    return answers as Answers;
  }

  /** A project's file may have come with a stranger's source, so it may not choose the namespace. */
  #sayHowToUse({ namespace }: Answers, proposals: Proposals, context: string | undefined): void {
    if (namespace === proposals.namespace) return;
    printError(
      `A project's file may not choose the namespace. To build in ${namespace} by default:\n` +
        `  kubectl config set-context ${context ?? "--current"} --namespace=${namespace}\n`,
    );
  }

  async #examine(
    { registry, namespace, builder }: Answers,
    { context, kubeconfig }: { readonly context?: string | undefined; readonly kubeconfig?: string | undefined },
  ): Promise<void> {
    printError("\n");
    const cluster = Object.entries({ context, kubeconfig }).flatMap(([name, value]) =>
      value === undefined ? [] : [`--${name}=${value}`],
    );
    const { default: Doctor } = await import("./doctor.ts");
    const args = [`--namespace=${namespace}`, `--builder=${builder}`, `--tag=${registry}/slipway-init`, ...cluster];
    await Doctor.run(args, this.config);
  }
}

/** Asks until the answer is one. An empty answer is the proposal. @throws Interrupted as `prompt` */
async function askUntil(
  name: keyof Answers,
  proposed: string | undefined,
  faultOf: (text: string) => string | undefined,
): Promise<string> {
  const { prompt } = await import("../ui/prompt.ts");
  for (;;) {
    const typed = (await prompt(`${QUESTIONS[name]}${proposed === undefined ? "" : ` [${proposed}]`}: `, false)).trim();
    const answer = typed === "" ? (proposed ?? "") : typed;
    const fault = answer === "" ? "it is empty" : faultOf(answer);
    if (fault === undefined) return answer;
    printError(`  ${fault}\n`);
  }
}
