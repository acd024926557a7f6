/** The output of `slipway context`. */
import type { ContextView, Explanation } from "../../pack/context-view.ts";
import type { Survey } from "../../pack/survey.ts";
import { formatBytes } from "../../lib/text/measures.ts";

/** Several lines, each with a line feed. */
export function printContext(
  { root, dockerfile, ignoreName, scope }: Pick<ContextView, "root" | "dockerfile" | "ignoreName" | "scope">,
  { entries, fileBytes, heaviest, notes }: Survey,
): string {
  const lines = [
    `context     ${root}`,
    `Dockerfile  ${dockerfile}`,
    `ignored by  ${ignoreName ?? "nothing (there is no .dockerignore)"}`,
    ...scope.map((line, index) => (index === 0 ? "takes" : "").padEnd(12) + line),
    `sent        ${entries} ${entries === 1 ? "entry" : "entries"}, ${formatBytes(fileBytes)}`,
  ];
  if (heaviest.length > 0) lines.push("", "Largest parts:");
  for (const { path, bytes, files } of heaviest) {
    const count = path.endsWith("/") ? `  ${files} ${files === 1 ? "file" : "files"}` : "";
    lines.push(`${formatBytes(bytes).padStart(9)}  ${path}${count}`);
  }
  if (notes.length > 0) lines.push("", "Left out, as an image cannot contain it:");
  for (const { path, reason } of notes) lines.push(`  ${path} (${reason})`);
  return `${lines.join("\n")}\n`;
}

/** One line, with its line feed. */
export function printExplanation({ path, sent, because }: Explanation): string {
  return `${path} is ${sent ? "sent" : "left out"}: ${because}\n`;
}
