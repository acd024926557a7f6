/** What all commands share: where the cluster is, one signal for Ctrl-C, and one way from an error to words and an exit code. */
import { Command, Flags } from "@oclif/core";
import { EXIT, Interrupted, SlipwayError, UsageError } from "./errors.ts";
import type { ExitCode } from "./errors.ts";
import { tolerateBrokenPipe } from "./ui/broken-pipe.ts";
import { failureLines } from "./ui/failure.ts";

export const clusterFlags = {
  context: Flags.string({
    description: "context of the kubeconfig to use",
    env: "SLIPWAY_CONTEXT",
    helpGroup: "CLUSTER",
  }),
  namespace: Flags.string({
    char: "n",
    description: "namespace to build in (default: the context's)",
    env: "SLIPWAY_NAMESPACE",
    helpGroup: "CLUSTER",
  }),
  kubeconfig: Flags.string({
    description: "kubeconfig file (default: $KUBECONFIG, ~/.kube/config, or the pod's own account)",
    helpGroup: "CLUSTER",
  }),
};

/** An empty list is no default a person need read of. */
const noDefault = async (): Promise<undefined> => undefined;

/** A flag that may be repeated and takes one value each time, as docker's do: `-t a -t b PATH`. */
export function many(options: { char?: "t"; description: string; helpValue: string; helpGroup?: string }) {
  return Flags.string({ ...options, multiple: true, multipleNonGreedy: true, default: [], defaultHelp: noDefault });
}

export const EXIT_CODES = `Exit codes:
  ${EXIT.built}    built
  ${EXIT.buildFailed}    the build failed: the Dockerfile, a RUN in it, or the push
  ${EXIT.cluster}    the cluster refused or cannot be reached
  ${EXIT.unauthorised}    not authorised, by the cluster, a registry or Vault
  ${EXIT.timedOut}  timed out
  ${EXIT.usage}  wrong usage, or slipway itself failed
  ${EXIT.interrupted}  interrupted`;

export abstract class BaseCommand extends Command {
  readonly #interrupt = new AbortController();
  readonly #departure = new AbortController();
  /** Signals that ask a command to leave what it watches to the cluster. */
  protected readonly leaveOn = new Set<NodeJS.Signals>();

  /** Aborted, with an Interrupted as its reason, by the first Ctrl-C. The second ends the process at once. */
  protected get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Aborted by the first of the signals in `leaveOn`; another one counts as an interrupt. */
  protected get leave(): AbortSignal {
    return this.#departure.signal;
  }

  protected override async init(): Promise<void> {
    await super.init();
    tolerateBrokenPipe(process.stdout);
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        const reason = new Interrupted(`stopped by ${name === "SIGINT" ? "Ctrl-C" : name}`);
        if (this.leaveOn.has(name) && !this.#departure.signal.aborted) {
          this.#departure.abort(reason);
          return;
        }
        // The cluster ends what is left by itself: the Job has a deadline and a TTL.
        if (this.#interrupt.signal.aborted) process.exit(EXIT.interrupted);
        this.#interrupt.abort(reason);
      });
    }
  }

  /** Says what went wrong, on stderr; a command with a view of its own says it there. */
  protected fail(error: unknown): void {
    process.stderr.write(`${failureLines(error).join("\n")}\n`);
  }

  protected override async catch(error: Error & { oclif?: { exit?: number }; code?: string }): Promise<void> {
    if (error.code === "EEXIT") throw error;
    if (error instanceof SlipwayError) {
      this.fail(error);
      this.#leave(error.exit);
    }
    // oclif's own errors are about the command line.
    if (error.oclif !== undefined) {
      const id = (this.id ?? "").replaceAll(":", " ");
      this.fail(
        new UsageError(firstLine(error.message), { suggestions: [`Run \`slipway ${id} --help\` for what it takes.`] }),
      );
      this.#leave(EXIT.usage);
    }
    this.fail(error);
    this.#leave(EXIT.usage);
  }

  /** Ends with the exit code of an error that has been said already. */
  protected leaveWith(error: unknown): void {
    this.#leave(error instanceof SlipwayError ? error.exit : EXIT.usage);
  }

  #leave(code: ExitCode): void {
    process.exitCode = code;
    this.exit(code);
  }
}

/** oclif appends its help hint to the sentence. */
function firstLine(message: string): string {
  return message
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("See more help"))
    .join(" ")
    .trim();
}
