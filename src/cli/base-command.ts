/** What all commands share: where the cluster is, one signal for Ctrl-C, and one way from an error to words and an exit code. */
import { Command } from "@oclif/core";
import type { Interfaces } from "@oclif/core";
import { findConfigurations, surroundings } from "./config/find-config.ts";
import type { Configurations } from "./config/find-config.ts";
import { keysOf } from "./config/keys.ts";
import type { Keys } from "./config/keys.ts";
import { layersOf, settle } from "./config/resolve.ts";
import { readArguments } from "../lib/pflag/argv.ts";
import type { ReadWords } from "../lib/pflag/argv.ts";
import { Interrupted, InvalidInput, SlipwayError } from "../errors.ts";
import { EXIT, exitCodeOf } from "./exit-codes.ts";
import type { ExitCode } from "./exit-codes.ts";
import { WITHOUT_VALUE } from "./flags/shared.ts";
import { tolerateBrokenPipe } from "./ui/progress.ts";
import { failureLines } from "./ui/failure.ts";

/** What commands other than `build` take from the environment and the configuration: where the cluster is, and whom to trust. */
export const SHARED = ["context", "namespace", "kubeconfig", "registry-ca", "insecure-registry", "progress"];

export abstract class BaseCommand extends Command {
  /** Names of its flags that may also be set by the environment and the configuration; all: every one. */
  protected readonly settable: readonly string[] | "all" = SHARED;
  /** Read with the command line. */
  protected configurations: Configurations = {};
  /** What files and rules have decided of the command line, a sentence each. */
  protected decisions: readonly string[] = [];
  readonly #interrupt = new AbortController();
  readonly #departure = new AbortController();
  /** Signals that ask a command to leave what it watches to the cluster. */
  protected readonly leaveOn = new Set<NodeJS.Signals>();

  /** Aborted, with an Interrupted as its reason, by the first Ctrl-C. The second ends the process at once. */
  protected get signal(): AbortSignal {
    return this.#interrupt.signal;
  }

  /** Aborted by the first of the signals in `leaveOn`; another one counts as an interrupt, unless it is SIGHUP. */
  protected get leave(): AbortSignal {
    return this.#departure.signal;
  }

  protected override async init(): Promise<void> {
    await super.init();
    tolerateBrokenPipe(process.stdout);
    tolerateBrokenPipe(process.stderr);
    for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) {
      process.on(name, () => {
        const reason = new Interrupted(`stopped by ${name === "SIGINT" ? "Ctrl-C" : name}`);
        if (this.leaveOn.has(name) && !this.#departure.signal.aborted) {
          this.#departure.abort(reason);
          return;
        }
        // Of a closed terminal its shell tells, and the kernel once more: that is no second wish.
        if (name === "SIGHUP" && this.leaveOn.has(name)) return;
        // The cluster ends what is left by itself: the Job has a deadline and a TTL.
        if (this.#interrupt.signal.aborted) process.exit(EXIT.interrupted);
        this.#interrupt.abort(reason);
      });
    }
  }

  /** The command line as oclif reads it; what it cannot read is its own to say. */
  protected readWords(argv: readonly string[], flags: Interfaces.FlagInput): ReadWords {
    try {
      return { ...readArguments(argv, syntaxOf(flags)), words: [...argv] };
    } catch {
      return { words: [...argv], given: new Set(), rest: [] };
    }
  }

  /** The directory a project's file has to speak for: undefined for the working one, null where there is none. */
  protected contextOf(_rest: readonly string[]): string | null | undefined {
    return undefined;
  }

  /** Completes names that leave the registry open. Valid once the command line is read. */
  protected get registry(): string | undefined {
    const own = process.env["SLIPWAY_REGISTRY"] ?? "";
    return own === "" ? (this.configurations.project?.registry ?? this.configurations.user?.registry) : own;
  }

  /** Refuses what oclif would not refuse as docker does. @throws InvalidInput */
  protected checkWords(_typed: ReadWords): void {}

  /** The path of the Dockerfile, which a project's rules go by. */
  protected dockerfileOf(_typed: ReadWords, _configured: string | undefined): string | undefined {
    return undefined;
  }

  /** What is not on the command line comes from the places of `layersOf`, in their order. */
  protected override async parse<
    F extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    B extends Interfaces.OutputFlags<Interfaces.FlagInput>,
    A extends Interfaces.OutputArgs<Interfaces.ArgInput>,
  >(options?: Interfaces.Input<F, B, A>, argv: string[] = this.argv): Promise<Interfaces.ParserOutput<F, B, A>> {
    const flags: Interfaces.FlagInput = options?.flags ?? {};
    const typed = this.readWords(argv, flags);
    this.checkWords(typed);
    const all = keysOf(this.config.findCommand("build")?.flags ?? flags);
    this.configurations = await findConfigurations(all, surroundings(), this.contextOf(typed.rest));
    const own = Object.entries(keysOf(flags));
    const keys: Keys = Object.fromEntries(
      own.filter(([name]) => Object.hasOwn(all, name) && (this.settable === "all" || this.settable.includes(name))),
    );
    const places = {
      configurations: this.configurations,
      env: process.env,
      cwd: process.cwd(),
      dockerfile: this.dockerfileOf(typed, this.configurations.project?.settings.get("file")?.[0]),
    };
    const { words, decisions } = settle(keys, typed.given, await layersOf(places, keys));
    this.decisions = decisions;
    // A flag that no build has is in no configuration: oclif reads its variable.
    const unread = Object.fromEntries(
      Object.entries(flags).map(([name, flag]) => [
        name,
        Object.hasOwn(all, name) ? { ...flag, env: undefined } : flag,
      ]),
    );
    return super.parse<F, B, A>({ ...options, flags: unread } as unknown as Interfaces.Input<F, B, A>, [
      ...words,
      ...typed.words,
    ]);
  }

  /** Says what went wrong, on stderr; a command with a view of its own says it there. */
  protected fail(error: unknown): void {
    process.stderr.write(`${failureLines(error).join("\n")}\n`);
  }

  protected override async catch(error: Error & { oclif?: { exit?: number }; code?: string }): Promise<void> {
    if (error.code === "EEXIT") throw error;
    if (error instanceof SlipwayError) {
      this.fail(error);
      this.#leave(exitCodeOf(error));
    }
    // oclif's own errors are about the command line.
    if (error.oclif !== undefined) {
      const id = (this.id ?? "").replaceAll(":", " ");
      this.fail(
        new InvalidInput(firstLine(error.message), {
          suggestions: [`Run \`slipway ${id} --help\` for what it takes.`],
        }),
      );
      this.#leave(EXIT.usage);
    }
    this.fail(error);
    this.#leave(EXIT.usage);
  }

  /** Ends with the exit code of an error that has been said already. */
  protected leaveWith(error: unknown): void {
    this.#leave(exitCodeOf(error));
  }

  #leave(code: ExitCode): void {
    process.exitCode = code;
    this.exit(code);
  }
}

export function syntaxOf(flags: Interfaces.FlagInput): Parameters<typeof readArguments>[1] {
  return Object.fromEntries(
    Object.entries(flags).map(([name, flag]) => [
      name,
      {
        takesValue: flag.type !== "boolean",
        char: flag.char,
        multiple: "multiple" in flag && flag.multiple,
        withoutValue: WITHOUT_VALUE[name],
      },
    ]),
  );
}

/** oclif appends its help hint to the sentence. */
function firstLine(message: string): string {
  return message
    .split("\n")
    .filter((line) => line.trim() !== "" && !line.startsWith("See more help"))
    .join(" ")
    .trim();
}
