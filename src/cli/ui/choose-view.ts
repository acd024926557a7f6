import { InvalidInput } from "../../errors.ts";
import type { Progress, ProgressMode, ViewStream } from "./progress.ts";

/** docker's own variable counts only while the flag is left at `auto`; names of views we do not have are passed over. */
const BUILDKIT_MODES: Readonly<Record<string, ProgressMode>> = {
  plain: "plain",
  tty: "tty",
  quiet: "quiet",
  none: "none",
  rawjson: "rawjson",
};

/**
 * The view for a build. Each is loaded only when chosen, so that a log never pays for the terminal's libraries.
 * @throws InvalidInput when a terminal view is asked for and there is no terminal
 */
export async function chooseProgress(
  mode: ProgressMode,
  stderr: ViewStream,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Progress> {
  switch (settleMode(mode, stderr, env)) {
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

function settleMode(
  asked: ProgressMode,
  stderr: ViewStream,
  env: Readonly<Record<string, string | undefined>>,
): Exclude<ProgressMode, "auto"> {
  const mode = asked === "auto" ? (BUILDKIT_MODES[env["BUILDKIT_PROGRESS"] ?? ""] ?? asked) : asked;
  const canMoveCursor = env["TERM"] !== "dumb";
  // A terminal that nobody looks at (script(1) without one, some runners of jobs) has no columns to draw in.
  const hasWidth = stderr.columns !== 0;
  if (mode === "auto") return stderr.isTTY === true && canMoveCursor && hasWidth ? "tty" : "plain";
  if (mode !== "tty") return mode;
  if (stderr.isTTY !== true) {
    throw new InvalidInput("progress mode tty needs a terminal, and stderr is none", {
      docker: "refuses",
      suggestions: ["Use --progress=plain, or auto to have it only on a terminal."],
    });
  }
  if (!hasWidth) {
    throw new InvalidInput("progress mode tty needs a terminal with columns, and this one says it has none", {
      docker: "refuses",
      suggestions: ["Use --progress=plain, or tell the terminal's width: stty columns 80."],
    });
  }
  if (!canMoveCursor) {
    throw new InvalidInput("progress mode tty needs a terminal that can move its cursor, and TERM is dumb", {
      docker: "refuses",
      suggestions: ["Use --progress=plain, or set TERM to what the terminal is."],
    });
  }
  return mode;
}
