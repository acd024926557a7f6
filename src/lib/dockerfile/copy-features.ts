/** The features of COPY and ADD. */
import type { Feature, FeatureUse } from "./features.ts";
import { octalMode, symbolicMode } from "./file-mode.ts";
import type { Instruction } from "./instruction.ts";
import { copyWords } from "./known-directories.ts";
import { podFileUse } from "./pod-files.ts";
import type { StageScope } from "./stage-scope.ts";
import { unquote } from "./words.ts";

type Use = Omit<FeatureUse, "line">;

const COPY_FLAGS: Readonly<Record<string, Feature>> = {
  checksum: "add-checksum",
  chmod: "copy-chmod",
  exclude: "copy-exclude",
  "keep-git-dir": "add-keep-git-dir",
  link: "copy-link",
  parents: "copy-parents",
  unpack: "add-unpack",
};

/** The mode of a directory that COPY makes, without `--chmod`. */
const DIRECTORY_MODE = 0o755;

export function copyFeatures(instruction: Instruction, scope: StageScope): Use[] {
  return [
    ...instruction.flags.flatMap(({ name, value }) => flagFeatures(name, value ?? "", scope)),
    ...(instruction.keyword === "ADD" ? sourceFeatures(instruction, scope.escape) : []),
    ...(contextSources(instruction, scope.escape).some(hasControlCharacter)
      ? ([{ feature: "copy-control-character", remedy: "Copy the directory that it is in." }] as const)
      : []),
    ...(podFileUse(instruction, scope)?.kind === "certain" ? ([{ feature: "copy-pod-file" }] as const) : []),
  ];
}

/** A name that BuildKit cannot ask for: it does so in a header, which has no such characters (RFC 9110, 5.5). */
export function hasControlCharacter(path: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are looked for
  return /[\u0000-\u001f\u007f]/.test(path);
}

/** Whether it copies the whole context. BuildKit then asks for nothing by its name. */
export function copiesWholeContext(instruction: Instruction, escape: string): boolean {
  return contextSources(instruction, escape).some((source) => /^[./]*$/.test(source));
}

/** What COPY or ADD takes from the context, without quotes. */
function contextSources(instruction: Instruction, escape: string): string[] {
  const { keyword, flags } = instruction;
  if ((keyword !== "COPY" && keyword !== "ADD") || flags.some(({ name }) => name === "from")) return [];
  return copyWords(instruction, escape).sources.map((word) => unquote(word, escape));
}

function flagFeatures(name: string, value: string, scope: StageScope): Use[] {
  if (name === "chmod") return modeFeatures(value, scope);
  // Only --unpack has a meaning when it is off.
  const asked = value !== "false" || name === "unpack";
  const feature = Object.hasOwn(COPY_FLAGS, name) && asked ? COPY_FLAGS[name] : undefined;
  return feature === undefined ? [] : [{ feature }];
}

/** Whether an unknown value is octal or symbolic, only the builder can tell. */
function modeFeatures(value: string, { expand }: StageScope): Use[] {
  const uses: Use[] = [{ feature: "copy-chmod" }];
  const mode = expand(value);
  if (mode === undefined) return uses;
  const octal = octalMode(mode);
  if (octal !== undefined) return octal > 0o777 ? [...uses, { feature: "copy-chmod-special" }] : uses;
  const directory = symbolicMode(mode, DIRECTORY_MODE);
  if (directory === undefined) return uses;
  uses.push({ feature: "copy-chmod-symbolic" });
  if (directory !== DIRECTORY_MODE) uses.push({ feature: "copy-chmod-symbolic-directory" });
  return uses;
}

function sourceFeatures(instruction: Instruction, escape: string): Use[] {
  return contextSources(instruction, escape).flatMap((source): Use[] => {
    if (/^(?:git@|git:\/\/|ssh:\/\/|https?:\/\/\S+\.git(?:[#?]|$))/.test(source)) return [{ feature: "add-git" }];
    return /^https?:\/\//.test(source) ? [{ feature: "add-url" }] : [];
  });
}
