import { InvalidInput } from "../../errors.ts";
import { canDrawRows } from "./progress.ts";
import type { Progress, ProgressMode, ViewStream } from "./progress.ts";

/** Values of docker's variable BUILDKIT_PROGRESS, which counts only while the flag is `auto`. Unknown values are ignored. */
const BUILDKIT_MODES: Readonly<Record<string, ProgressMode>> = {
  plain: "plain",
  tty: "tty",
  quiet: "quiet",
  none: "none",
  rawjson: "rawjson",
};

/**
 * The view for a build. Each view is loaded only when it is chosen, so that a log does not load the libraries of the terminal view.
 * @throws InvalidInput if the terminal view is asked for without a terminal
 */
export async function chooseProgress(
  mode: ProgressMode,
  stderr: ViewStream,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Progress> {
  switch (resolveMode(mode, stderr, env)) {
    case "json":
      return new (await import("./json.ts")).JsonView(stderr);
    case "rawjson":
      return new (await import("./rawjson.ts")).RawJsonView(stderr);
    case "quiet":
    case "none":
      return new (await import("./quiet.ts")).QuietView(stderr);
    case "tty":
      return new (await import("./tty.ts")).TtyView(stderr, env);
    case "plain":
  }
  return new (await import("./plain.ts")).PlainView(stderr);
}

function resolveMode(
  asked: ProgressMode,
  stderr: ViewStream,
  env: Readonly<Record<string, string | undefined>>,
): Exclude<ProgressMode, "auto"> {
  const mode = asked === "auto" ? (BUILDKIT_MODES[env["BUILDKIT_PROGRESS"] ?? ""] ?? asked) : asked;
  if (mode === "auto") return canDrawRows(stderr, env) ? "tty" : "plain";
  if (mode !== "tty") return mode;
  if (stderr.isTTY !== true) {
    throw new InvalidInput("progress mode tty needs a terminal, but stderr is not one", {
      docker: "refuses",
      suggestions: ["Use --progress=plain. With --progress=auto the terminal view is used only on a terminal."],
    });
  }
  if (stderr.columns === 0) {
    throw new InvalidInput("progress mode tty needs a terminal with columns, but this one reports 0", {
      docker: "refuses",
      suggestions: ["Use --progress=plain, or set the width of the terminal: `stty columns 80`."],
    });
  }
  if (env["TERM"] === "dumb") {
    throw new InvalidInput("progress mode tty needs a terminal that can move its cursor, but TERM is dumb", {
      docker: "refuses",
      suggestions: ["Use --progress=plain, or set TERM to the type of the terminal."],
    });
  }
  return mode;
}
