/** `--call targets`: the stages of a Dockerfile, in docker's formats (BuildKit frontend/subrequests/targets). */
import type { Dockerfile } from "../parse.ts";
import { commentFor } from "./outline.ts";
import { filled, json, locationOf } from "./json.ts";
import { tableText } from "../../text/table.ts";

export function targetsText({ stages }: Dockerfile): string {
  const rows = stages.map(({ name = "", from }, at) => {
    const isDefault = at === stages.length - 1;
    const shown = isDefault ? `${name} (default)`.trim() : name;
    return [shown, commentFor(name, from)];
  });
  return tableText([["TARGET", "DESCRIPTION"], ...rows], 1);
}

export function targetsJson({ stages }: Dockerfile, text: string): string {
  const targets = stages.map(({ name = "", base, platform = "", from }, at) =>
    filled({
      name,
      default: at === stages.length - 1,
      description: commentFor(name, from),
      base,
      platform,
      location: locationOf(from),
    }),
  );
  return json({ targets, sources: [Buffer.from(text).toString("base64")] });
}
