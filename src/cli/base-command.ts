/** The base of all commands: reads flags and configuration, aborts on Ctrl-C, and turns an error into a message and an exit code. */
import { Command } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { findConfigurations, surroundings } from "./config/find-config.ts";
import type { Configurations } from "./config/find-config.ts";
import { keysOf } from "./config/keys.ts";
import type { Keys } from "./config/keys.ts";
import { resolveSettings, sourcesOf } from "./config/resolve.ts";
import { isWorkingDirectoryGone, workingDirectory } from "../lib/files/working-directory.ts";
import { readArguments } from "../lib/pflag/argv.ts";
import type { ParsedArgs } from "../lib/pflag/argv.ts";
import { Interrupted, InvalidInput, SlipwayError } from "../errors.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { WITHOUT_VALUE } from "./flags/shared.ts";
import { missingArgs } from "./missing-args.ts";
import { tolerateBrokenPipe } from "./ui/progress.ts";
import { startWaitLine } from "./ui/wait-line.ts";
import { failureLines } from "./ui/failure.ts";
import { printError } from "../lib/terminal/output.ts";

/** Settings that commands other than `build` take from the environment and the configuration: the cluster, and which registries to trust. */
export const SHARED_SETTINGS = ["context", "namespace", "kubeconfig", "registry-ca", "insecure-registry", "progress"];

/**
 * What ends a command: the signal, the one that it counts as, and what a person calls it. Ctrl-Break is a key of Windows, which docker takes as
 * Ctrl-C; elsewhere nothing sends it.
 */
const SIGNALS = [
  ["SIGINT", "SIGINT", "Ctrl-C"],
  ["SIGBREAK", "SIGINT", "Ctrl-Break"],
  ["SIGTERM", "SIGTERM", "SIGTERM"],
  ["SIGHUP", "SIGHUP", "SIGHUP"],
] as const satisfies readonly (readonly [NodeJS.Signals, NodeJS.Signals, string])[];

export abstract class BaseCommand extends Command {
  /** Names of the flags that the environment and the configuration may set as well. */
  protected readonly settable: readonly string[] | "all" = SHARED_SETTINGS;
  /** Valid once the command line is read. */
  protected configurations: Configurations = {};
  /** Decisions of configuration files and rules, one sentence each. Valid once the command line is read. */
  protected decisions: readonly string[] = [];
  /** Where the flags come from that are neither typed nor defaults. Valid once the command line is read. */
  protected origins: ReadonlyMap<string, string> = new Map();
  readonly #interrupt = new AbortController();
  readonly #detachment = new AbortController();
  /** Signals that ask a command to detach from the build that it follows. */
  protected readonly leaveOn = new Set<NodeJS.Signals>();

  /** The first Ctrl-C aborts it, with an Interrupted as the reason. The second ends the process at once. */
  protected get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** The first of the signals in `leaveOn` aborts it. A further one counts as an interrupt, unless it is SIGHUP. */
  protected get leave(): AbortSignal {
    return this.#detachment.signal;
  }

  protected override async init(): Promise<void> {
    await super.init();
    startWaitLine({ stream: process.stderr, env: process.env });
    tolerateBrokenPipe(process.stdout);
    tolerateBrokenPipe(process.stderr);
    for (const [heard, name, shown] of SIGNALS) {
      process.on(heard, () => {
        const reason = new Interrupted(`stopped by ${shown}`);
        if (this.leaveOn.has(name) && !this.#detachment.signal.aborted) {
          this.#detachment.abort(reason);
          return;
        }
        // When a terminal closes, its shell sends SIGHUP and the kernel sends it again: that is not a second request.
        if (name === "SIGHUP" && this.leaveOn.has(name)) return;
        // The cluster removes what remains: the Job has a deadline and a TTL.
        if (this.#interrupt.signal.aborted) process.exit(EXIT.interrupted);
        this.#interrupt.abort(reason);
      });
    }
  }

  /** The command's own name, as it is typed: `cache ls`. */
  protected get typedName(): string {
    return (this.id ?? "").replaceAll(":", " ");
  }

  /** Reads the command line as docker's parser does: `--all=false` is off, which oclif's does not know. @throws InvalidInput for unknown flags */
  protected readArgs(argv: readonly string[], flags: Interfaces.FlagInput): ParsedArgs {
    return readArguments(argv, syntaxOf(flags), this.typedName);
  }

  /** Runs the work. @throws Interrupted when the user stopped it, whichever error that led to */
  protected async interruptible<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      this.throwIfInterrupted();
      throw error;
    }
  }

  /** @throws Interrupted when the user stopped the command */
  protected throwIfInterrupted(): void {
    if (this.signal.aborted && this.signal.reason instanceof Interrupted) throw this.signal.reason;
  }

  /** The directory that a project's file must contain to be read. Undefined: the working directory. Null: no project's file is read. */
  protected contextOf(_rest: readonly string[]): string | null | undefined {
    return undefined;
  }

  /** The registry for image names without one. Valid once the command line is read. */
  protected get registry(): string | undefined {
    const own = process.env["SLIPWAY_REGISTRY"] ?? "";
    return own === "" ? (this.configurations.project?.registry ?? this.configurations.user?.registry) : own;
  }

  /** Refuses input that oclif would not refuse as docker does. @throws InvalidInput */
  protected checkArgs(_typed: ParsedArgs): void {}

  /** The path of the Dockerfile, which a project's rules match. */
  protected dockerfileOf(_typed: ParsedArgs, _configured: string | undefined): string | undefined {
    return undefined;
  }

  /** Flags that are not on the command line get their values from the sources of `sourcesOf`, in their order. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv: string[] = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const flags: Interfaces.FlagInput = options?.flags ?? {};
    const typed = this.readArgs(argv, flags);
    this.checkArgs(typed);
    const all = keysOf(this.config.findCommand("build")?.flags ?? flags);
    this.configurations = await findConfigurations(all, surroundings(), this.contextOf(typed.rest));
    const own = Object.entries(keysOf(flags));
    const keys: Keys = Object.fromEntries(
      own.filter(([name]) => Object.hasOwn(all, name) && (this.settable === "all" || this.settable.includes(name))),
    );
    const inputs = {
      configurations: this.configurations,
      env: process.env,
      cwd: workingDirectory(),
      dockerfile: this.dockerfileOf(typed, this.configurations.project?.settings.get("file")?.[0]),
    };
    const { args, decisions, origins } = resolveSettings(keys, typed.given, await sourcesOf(inputs, keys));
    this.decisions = decisions;
    this.origins = origins;
    // The configuration has only flags of `build`. Of the other flags oclif reads the variable.
    const unread = Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        Object.hasOwn(all, name) ? { ...flag, env: undefined } : flag,
      ]),
    );
    return super.parse<F, B, A>({ ...options, flags: unread } as unknown as Interfaces.Input<F, B, A>, [
      ...args,
      ...typed.args,
    ]);
  }

  /** Prints the error on stderr. A command with a view of its own prints it there. */
  protected fail(error: unknown): void {
    printError(`${failureLines(error).join("\n")}\n`);
  }

  protected override async catch(error: Error & { oclif?: { exit?: number }; code?: string }): Promise<void> {
    if (error.code === "EEXIT") throw error;
    if (isWorkingDirectoryGone(error)) {
      this.fail(
        new InvalidInput("the working directory is gone, and a relative path needs it", {
          suggestions: ["Go to a directory that exists, for example with `cd`.", "Or give absolute paths."],
        }),
      );
      this.#leave(EXIT.buildFailed);
    }
    if (error instanceof SlipwayError) {
      this.fail(error);
      this.#leave(exitCodeOf(error));
    }
    // oclif's own errors are about the command line.
    if (error.oclif !== undefined) {
      this.fail(
        missingArgs(this.typedName, error) ??
          new InvalidInput(firstLine(error.message), {
            suggestions: [`Run \`slipway ${this.typedName} --help\` to list its args and flags.`],
          }),
      );
      this.#leave(EXIT.usage);
    }
    this.fail(error);
    this.#leave(EXIT.usage);
  }

  /** Ends with the exit code of an error that is already printed. */
  protected leaveWith(error: unknown): void {
    this.#leave(exitCodeOf(error));
  }

  #leave(code: ExitCode): void {
    process.exitCode = code;
    this.exit(code);
  }
}

/** The flags of a command as docker's parser needs them. `--no-NAME` is a flag of its own where oclif allows it. */
export function syntaxOf(flags: Interfaces.FlagInput): Parameters<typeof readArguments>[1] {
  return Object.fromEntries(
    Object.entries(flags).flatMap(([name, flag]) => {
      const syntax = {
        takesValue: flag.type !== "boolean",
        char: flag.char,
        multiple: "multiple" in flag && flag.multiple,
        withoutValue: WITHOUT_VALUE[name],
      };
      const negated = flag.type === "boolean" && "allowNo" in flag && flag.allowNo;
      return [[name, syntax], ...(negated ? [[`no-${name}`, { takesValue: false }]] : [])];
    }),
  );
}

/** Without the hint on help that oclif appends to its message. */
function firstLine(message: string): string {
  return message
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("See more help"))
    .join(" ")
    .trim();
}
