/** What package managers read of a release, each made from the names and sums of the archives, and from the address where they lie. */
import { archiveName, programName } from "./archive.ts";
import { TARGETS } from "./node-packages.ts";
import type { Target } from "./node-packages.ts";
import { DESCRIPTION, SUMMARY } from "./package-files.ts";

export interface Published {
  readonly version: string;
  /** Address of the directory in which the archives lie, over https, without a slash at the end. */
  readonly url: string;
  /** Address of the project's page. */
  readonly homepage: string;
  /** SHA-256 in hex of every file of the release, by file name. */
  readonly sums: ReadonlyMap<string, string>;
}

/** Files by name. */
export function manifests(published: Published): ReadonlyMap<string, string> {
  return new Map([
    ["slipway.yaml", krewManifest(published)],
    ["slipway.rb", homebrewFormula(published)],
    ["slipway.json", scoopManifest(published)],
  ]);
}

interface Archive {
  readonly uri: string;
  readonly sha256: string;
}

/** @throws Error if the release has no archive for that platform */
function archiveOf({ version, url, sums }: Published, target: Target): Archive {
  const name = archiveName(version, target);
  const sha256 = sums.get(name);
  if (sha256 === undefined) throw new Error(`SHA256SUMS has no ${name}: make the release of every platform first`);
  return { uri: `${url}/${name}`, sha256 };
}

/** How krew names what Node calls `win-x64`. */
function selectorOf(target: Target): { readonly os: string; readonly arch: string } {
  const [os = "", arch = ""] = target.split("-");
  return { os: os === "win" ? "windows" : os, arch: arch === "x64" ? "amd64" : arch };
}

/** Krew's manifest (krew.sigs.k8s.io/docs/developer-guide/plugin-manifest). Krew asks that the licence is installed too. */
function krewManifest(published: Published): string {
  const platforms = TARGETS.map((target) => {
    const { uri, sha256 } = archiveOf(published, target);
    const { os, arch } = selectorOf(target);
    return `    - selector:
        matchLabels:
          os: ${os}
          arch: ${arch}
      uri: ${uri}
      sha256: ${sha256}
      bin: ${programName(target)}
      files:
        - from: ${programName(target)}
          to: .
        - from: LICENSE
          to: .
`;
  });
  return `apiVersion: krew.googlecontainertools.github.com/v1alpha2
kind: Plugin
metadata:
  name: slipway
spec:
  version: v${published.version}
  homepage: ${published.homepage}
  shortDescription: Build images in an unprivileged pod
  description: |
${DESCRIPTION.map((line) => `    ${line}\n`).join("")}  caveats: |
    Executables for Linux need glibc 2.28 or newer, libstdc++ and libatomic.
    What a build needs in your namespace: kubectl slipway doctor
  platforms:
${platforms.join("")}`;
}

/** A formula for a tap of one's own (docs.brew.sh/Formula-Cookbook). */
function homebrewFormula(published: Published): string {
  const [linux, linuxArm, mac, macArm] = (["linux-x64", "linux-arm64", "darwin-x64", "darwin-arm64"] as const).map(
    (target) => {
      const { uri, sha256 } = archiveOf(published, target);
      return `      url "${uri}"\n      sha256 "${sha256}"`;
    },
  );
  return `class Slipway < Formula
  desc "${formulaSummary()}"
  homepage "${published.homepage}"
  version "${published.version}"
  license "Apache-2.0"

  on_macos do
    on_arm do
${macArm}
    end
    on_intel do
${mac}
    end
  end

  on_linux do
    on_arm do
${linuxArm}
    end
    on_intel do
${linux}
    end
  end

  def install
    bin.install "slipway"
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/slipway --version")
  end
end
`;
}

/** Homebrew's audit asks for a capital letter at the beginning, and at most 80 characters with the name. */
function formulaSummary(): string {
  return "Docker build, in an unprivileged pod of your Kubernetes namespace";
}

/** Scoop's manifest (github.com/ScoopInstaller/Scoop/wiki/App-Manifests). */
function scoopManifest(published: Published): string {
  const { uri, sha256 } = archiveOf(published, "win-x64");
  const manifest = {
    version: published.version,
    description: SUMMARY,
    homepage: published.homepage,
    license: "Apache-2.0",
    architecture: { "64bit": { url: uri, hash: sha256 } },
    bin: programName("win-x64"),
  };
  return `${JSON.stringify(manifest, undefined, 2)}\n`;
}
