/** Reads the values of `--platform`, with the names that containerd/platforms accepts. */
import { InvalidInput } from "../../errors.ts";

export interface Platform {
  readonly os: string;
  readonly arch: string;
  readonly variant?: string;
}

/** Other names of architectures, with the variant they imply. */
const ALIASES: Readonly<Record<string, readonly [arch: string, variant?: string]>> = {
  i386: ["386"],
  x86_64: ["amd64"],
  "x86-64": ["amd64"],
  aarch64: ["arm64"],
  armhf: ["arm", "v7"],
  armel: ["arm", "v6"],
};

const KNOWN = new Set(["386", "amd64", "arm", "arm64", "loong64", "mips64le", "ppc64le", "riscv64", "s390x"]);

/**
 * The platforms of all values, each once, in their order.
 * @param values each with one or several, separated by commas
 * @throws InvalidInput for an unknown platform, or one that is not Linux
 */
export function platformsOf(values: readonly string[]): Platform[] {
  const texts = values.flatMap((value) => value.split(",")).map((text) => text.trim());
  const platforms = texts.filter((text) => text !== "" && text !== "local").map(parsePlatform);
  return [...new Map(platforms.map((platform) => [normalisedText(platform), platform])).values()];
}

function normalisedText({ os, arch, ...rest }: Platform): string {
  return normalisePlatform({ os, architecture: arch, ...rest });
}

function parsePlatform(text: string): Platform {
  const parts = text.toLowerCase().split("/");
  const [os = "", name = "", written] = parts.length === 1 && parts[0] !== "linux" ? ["linux", ...parts] : parts;
  const [arch, implied] = (Object.hasOwn(ALIASES, name) ? ALIASES[name] : undefined) ?? [name];
  const variant = written ?? implied;
  if (parts.length > 3 || !/^[a-z0-9_-]+$/.test(os) || (variant !== undefined && !/^v?[0-9.]+$/.test(variant))) {
    throw new InvalidInput(`--platform ${text}: platform specifier must be in the form os/arch[/variant]`, {
      docker: "refuses",
      suggestions: ["Write for example --platform linux/amd64."],
    });
  }
  if (os !== "linux") {
    throw new InvalidInput(`--platform ${text}: the builders run on Linux and make images for Linux`, {
      suggestions: ["Write --platform linux/ARCH."],
    });
  }
  if (!KNOWN.has(arch)) {
    throw new InvalidInput(`--platform ${text}: "${name}": unknown operating system or architecture`, {
      docker: "refuses",
      suggestions: [`Architectures are: ${[...KNOWN].join(", ")}.`],
    });
  }
  // v8 is the only variant of arm64 and its default, so it is not written.
  return { os, arch, ...(variant === undefined || (arch === "arm64" && variant === "v8") ? {} : { variant }) };
}

export function platformText({ os, arch, variant }: Platform): string {
  return [os, arch, ...(variant === undefined ? [] : [variant])].join("/");
}

/** A platform as an index and an image's configuration write it. */
interface ImagePlatform {
  readonly os: string;
  readonly architecture: string;
  readonly variant?: string;
}

/** As text, in the form in which containerd/platforms compares platforms (`Normalize`): `linux/arm/v7` for arm without a variant. */
export function normalisePlatform(platform: ImagePlatform): string {
  const os = platform.os.toLowerCase().replace(/^macos$/, "darwin");
  const written = platform.architecture.toLowerCase();
  const [architecture, implied] = (Object.hasOwn(ALIASES, written) ? ALIASES[written] : undefined) ?? [written];
  const variant = variantOf(architecture, (platform.variant ?? "").toLowerCase() || (implied ?? ""));
  return [os, architecture, variant].filter((part) => part !== "").join("/");
}

/** As text, as containerd/platforms formats it without normalising it. */
export function writtenPlatform(platform: ImagePlatform | undefined): string {
  if (platform === undefined || platform.os === "") return "unknown";
  const { os, architecture, variant } = platform;
  return [os, architecture, variant].filter(Boolean).join("/");
}

function variantOf(architecture: string, variant: string): string {
  if (architecture === "arm64") return /^v?8(?:\.0)?$/.test(variant) ? "" : variant;
  if (architecture === "amd64") return variant === "v1" ? "" : variant;
  if (architecture !== "arm") return variant;
  return /^[5-8]$/.test(variant) ? `v${variant}` : variant || "v7";
}

/**
 * Platforms of any system that `--platform` of `imagetools` chooses, normalised.
 * @param values each with one or several, separated by commas
 * @throws InvalidInput for a text that is not OS/ARCH[/VARIANT] or ARCH
 */
export function chosenPlatforms(values: readonly string[]): string[] {
  return values
    .flatMap((value) => value.split(","))
    .map((text) => {
      const parts = text.trim().split("/");
      const [os = "", architecture = "", variant = ""] = parts.length === 1 ? ["linux", ...parts] : parts;
      if (parts.length > 3 || ![os, architecture].every((part) => /^[A-Za-z0-9_.-]+$/.test(part))) {
        throw new InvalidInput(`invalid platform "${text}": platform specifier must be in the form os/arch[/variant]`, {
          docker: "refuses",
          suggestions: ["Write for example --platform linux/arm64."],
        });
      }
      return normalisePlatform({ os, architecture, variant });
    });
}
