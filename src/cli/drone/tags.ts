/** The tags a step of Drone gives its image: as they are, from a version, or from what is being built. */
import { InvalidInput } from "../../errors.ts";
import type { Environment, Settings } from "./settings.ts";

export type Dialect = "drone" | "banzai";

/** Semantic Versioning 2, as far as it matters which numbers stand in front. */
const VERSION = /^(\d+)\.(\d+)\.(\d+)(-[0-9A-Za-z.-]+)?(\+[0-9A-Za-z.-]+)?$/;

/**
 * @param listed what the file `.tags` says, for a step that says none
 * @throws InvalidInput where tags are asked for that the commit does not give
 */
export function tagsOf(
  settings: Settings,
  env: Environment,
  dialect: Dialect,
  listed: string | undefined,
): readonly string[] {
  const own = settings.list("TAGS");
  if (settings.flag("AUTO_TAG")) {
    if (dialect === "banzai") return banzaiTags(env["DRONE_TAG"]);
    if (own.length > 0 || settings.flag("EXPAND_TAG")) {
      throw new InvalidInput("PLUGIN_AUTO_TAG cannot go with PLUGIN_TAGS or PLUGIN_EXPAND_TAG", {
        suggestions: ["Leave one of them out."],
      });
    }
    return autoTags(env, settings.text("AUTO_TAG_SUFFIX"));
  }
  const fromFile = (listed ?? "").split(/[,\s]+/).filter((tag) => tag !== "");
  const tags = own.length > 0 ? own : fromFile.length > 0 ? fromFile : ["latest"];
  return dialect === "drone" && settings.flag("EXPAND_TAG") ? [...new Set(tags.flatMap(expand))] : tags;
}

/** `1.2.3` is `1`, `1.2` and `1.2.3`; a pre-release, and what is no version, only itself. */
function expand(tag: string): string[] {
  const [, major, minor, , pre, build] = VERSION.exec(tag.replace(/^v/, "")) ?? [];
  if (major === undefined || pre !== undefined || build !== undefined) return [tag];
  const version = tag.replace(/^v/, "");
  return [major, `${major}.${minor}`, version];
}

/** By drone-docker's rules (tags.go): of a tag its version, of the default branch `latest`, of all else nothing. */
function autoTags(env: Environment, suffix: string | undefined): string[] {
  const ref = env["DRONE_COMMIT_REF"] ?? "";
  const branch = env["DRONE_REPO_BRANCH"] ?? "";
  const tag = /^refs\/tags\/v?(.+)$/.exec(ref)?.[1];
  if (tag === undefined && (branch === "" || ref.replace(/^refs\/heads\//, "") !== branch)) {
    throw new InvalidInput(`PLUGIN_AUTO_TAG has no tag for ${ref === "" ? "a build without DRONE_COMMIT_REF" : ref}`, {
      suggestions: ["Build a tag or the default branch (DRONE_REPO_BRANCH), or set PLUGIN_TAGS."],
    });
  }
  const tags = tag === undefined ? ["latest"] : versionTags(tag);
  if (suffix === undefined) return tags;
  return tags.map((name) => (name === "latest" ? suffix : `${name}-${suffix}`));
}

/** Versions below 1 promise nothing from one minor to the next, so `0` alone is no tag. */
function versionTags(tag: string): string[] {
  const tags = expand(tag);
  if (tags.length === 1 && !VERSION.test(tag)) {
    throw new InvalidInput(`PLUGIN_AUTO_TAG: ${tag} is no semantic version`, { suggestions: ["Set PLUGIN_TAGS."] });
  }
  return tags.filter((name) => name !== "0");
}

function banzaiTags(tag: string | undefined): string[] {
  if (tag === undefined || tag === "") return ["latest"];
  const numbers = /^v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/.exec(tag);
  if (numbers === null) return [tag, "latest"];
  const parts = numbers.slice(1).filter((part) => part !== undefined);
  return [...parts.map((_, index) => parts.slice(0, index + 1).join(".")), "latest"];
}
