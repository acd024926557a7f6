/**
 * Refuses what must not get into a snapshot: what differs from machine to machine, from user to user and from start to start. A module
 * that reads such a thing when it is loaded would have the value of the machine that made the executable: its environment, its clock, or a secret.
 */
import { syncBuiltinESMExports } from "node:module";

/** Properties of `process` that a module must not read when it is loaded. */
const PROPERTIES = ["argv", "env", "stdin", "title"] as const;

/** The same of its functions. */
const FUNCTIONS =
  "addListener chdir getegid geteuid getgid getgroups getuid hrtime memoryUsage on once umask uptime".split(" ");

/** Modules of Node with functions that read or change something outside of the program. */
const MODULES = ["fs", "fs/promises", "net", "os", "timers", "timers/promises"];

/** Of modules that also calculate: the functions whose results differ each time. */
const CHANCE = [
  "createSecretKey",
  "generateKey",
  "generateKeyPair",
  "generateKeyPairSync",
  "randomBytes",
  "randomFill",
  "randomFillSync",
  "randomInt",
  "randomUUID",
];

/** What oclif looks at when it is loaded, to no effect on what slipway uses of it. */
const SEEN_BY_OCLIF = {
  stdout: { isTTY: false, write: () => true, on: () => {} },
  stderr: { isTTY: false, write: () => true, on: () => {} },
  cwd: () => "/",
  execArgv: [],
};

export class Guard {
  readonly #undo: (() => void)[] = [];

  constructor() {
    for (const [name, value] of Object.entries(SEEN_BY_OCLIF)) this.#replace(process, name, { value });
    for (const name of PROPERTIES) {
      this.#replace(process, name, { get: () => this.refuse(`process.${name}`) });
    }
    for (const name of FUNCTIONS) this.#forbid(process, name, "process");
    for (const name of MODULES) {
      const module = process.getBuiltinModule(name) as object;
      // The descriptors, as a getter may load what a snapshot cannot keep.
      for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(module))) {
        if (typeof value === "function" && /^[a-z]/.test(key)) this.#forbid(module, key, name);
      }
    }
    for (const name of CHANCE) this.#forbid(process.getBuiltinModule("crypto"), name, "crypto");
    this.#forbid(Math, "random", "Math");
    this.#forbid(Date, "now", "Date");
    this.#forbid(performance, "now", "performance");
    for (const name of ["setTimeout", "setInterval", "fetch"]) this.#forbid(globalThis, name, "global");
    syncBuiltinESMExports();
  }

  /** Whether the program is being loaded. */
  get isOn(): boolean {
    return this.#undo.length > 0;
  }

  /** @throws Error with the place, while the program is being loaded */
  refuse(what: string): void {
    if (!this.isOn) return;
    throw new Error(
      `a module uses ${what} when it is loaded: each start from the snapshot would get what this machine has now`,
    );
  }

  /** The program is loaded. */
  end(): void {
    for (const undo of this.#undo.splice(0).toReversed()) undo();
    syncBuiltinESMExports();
  }

  /** A module that has taken the function apart from its module still has this one later, when it works as the real one. */
  #forbid(owner: object, name: string, of: string): void {
    const original = (owner as Record<string, (...values: unknown[]) => unknown>)[name];
    if (original === undefined) throw new Error(`${of} has no ${name}`);
    const refuse = (): void => this.refuse(`${of}.${name}()`);
    const value = function (this: unknown, ...values: unknown[]): unknown {
      refuse();
      return Reflect.apply(original, this, values);
    };
    this.#replace(owner, name, { value: Object.defineProperties(value, Object.getOwnPropertyDescriptors(original)) });
  }

  #replace(owner: object, name: string, by: PropertyDescriptor): void {
    const before = Object.getOwnPropertyDescriptor(owner, name);
    if (before?.configurable === false) {
      // Its value can still be replaced.
      const record = owner as Record<string, unknown>;
      if (before.writable !== true || !("value" in by)) throw new Error(`${name} cannot be guarded`);
      record[name] = by.value;
      this.#undo.push(() => (record[name] = before.value));
      return;
    }
    Object.defineProperty(owner, name, { ...by, configurable: true });
    this.#undo.push(() =>
      before === undefined
        ? delete (owner as Record<string, unknown>)[name]
        : Object.defineProperty(owner, name, before),
    );
  }
}
