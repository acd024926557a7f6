/** Every command by its id, in oclif's spelling. A test compares it with the files of src/cli/commands. */
import type { Command } from "@oclif/core";

type Load = () => Promise<{ readonly default: Command.Class }>;

export const COMMANDS: Readonly<Record<string, Load>> = {
  attach: () => import("./commands/attach.ts"),
  bake: () => import("./commands/bake.ts"),
  build: () => import("./commands/build.ts"),
  builders: () => import("./commands/builders/index.ts"),
  "builders:inspect": () => import("./commands/builders/inspect.ts"),
  "buildx:version": () => import("./commands/buildx/version.ts"),
  "cache:ls": () => import("./commands/cache/ls.ts"),
  "cache:rm": () => import("./commands/cache/rm.ts"),
  cancel: () => import("./commands/cancel.ts"),
  context: () => import("./commands/context.ts"),
  doctor: () => import("./commands/doctor.ts"),
  "imagetools:create": () => import("./commands/imagetools/create.ts"),
  "imagetools:inspect": () => import("./commands/imagetools/inspect.ts"),
  inspect: () => import("./commands/inspect.ts"),
  "install-plugin": () => import("./commands/install-plugin.ts"),
  keep: () => import("./commands/keep/index.ts"),
  "keep:stop": () => import("./commands/keep/stop.ts"),
  login: () => import("./commands/login.ts"),
  logout: () => import("./commands/logout.ts"),
  logs: () => import("./commands/logs.ts"),
  pipeline: () => import("./commands/pipeline.ts"),
  plugin: () => import("./commands/plugin.ts"),
  prune: () => import("./commands/prune.ts"),
  ps: () => import("./commands/ps.ts"),
  push: () => import("./commands/push.ts"),
  rbac: () => import("./commands/rbac.ts"),
  rm: () => import("./commands/rm.ts"),
  tag: () => import("./commands/tag.ts"),
  "uninstall-plugin": () => import("./commands/uninstall-plugin.ts"),
  version: () => import("./commands/version.ts"),
  wait: () => import("./commands/wait.ts"),
  warm: () => import("./commands/warm.ts"),
};
